"""Side-by-side measurements, run by hand from a checkout: `python -m benchmarks.NAME`. Each prints a table and writes
its figures, with the machine, to `benchmarks/results/NAME.json`.
"""
