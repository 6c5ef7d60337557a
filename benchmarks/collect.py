"""`python -m benchmarks.collect [trials=1000]`: `<out>/locations.parquet` of 1,000 trials x 2,003 photographs.

The results are those of `benchmarks.generated`: the 26 locations of the paper's Table 1, in sequences of three. What is
measured is what a user waits for at the end of a run, in one process: `collect`, first, and again with nothing new.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from pathlib import Path

from ablate.results.reader import read_rows
from ablate.stats.collector import collect
from benchmarks import machine, settings
from benchmarks.generated import generate

_REPEATS = 7


def timed(out: Path) -> float:
    """Seconds that collecting takes."""
    began = time.perf_counter()
    collect(out)
    return time.perf_counter() - began


def main(trials: int) -> None:
    with tempfile.TemporaryDirectory(prefix="ablate-benchmark-") as scratch:
        out = Path(scratch)
        n_photographs = generate(out, trials)
        seconds = [timed(out) for _ in range(_REPEATS)]
        n_rows = read_rows(out, "locations").num_rows
    print(f"{n_photographs:,} photographs, {n_rows:,} rows of trial and location")
    print(f"first {seconds[0]:.2f} s, median {statistics.median(seconds):.2f} s")
    found = {"trials": trials, "photographs": n_photographs, "rows": n_rows, "seconds": seconds}
    result = {"machine": machine.describe(), **found}
    (Path(__file__).parent / "results" / "collect.json").write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    given = settings.given(__doc__)
    main(int(given.get("trials", "1000")))
