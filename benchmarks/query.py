"""`python -m benchmarks.query [trials=1000]`: a grouped query over 1,000 trials x 2,003 photographs.

Results are generated: one file a trial in the layout of the paper's Table 1, IoU drawn. Measured is what a user waits
for: connecting to the folder and answering, in one process that has just started, and again while it is warm.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from pathlib import Path

import pyarrow as pa

from ablate.query import connect
from ablate.results.sql import select
from benchmarks import machine, settings
from benchmarks.generated import generate

SQL = "SELECT model, arm, augment, location, avg(iou), count(*) FROM images GROUP BY ALL ORDER BY ALL"
_REPEATS = 7


def answer(out: Path) -> tuple[float, pa.Table]:
    """Seconds from the folder to the rows."""
    began = time.perf_counter()
    with connect(out) as connection:
        rows = select(connection, SQL)
    return time.perf_counter() - began, rows


def main(trials: int) -> None:
    with tempfile.TemporaryDirectory(prefix="ablate-benchmark-") as scratch:
        out = Path(scratch)
        began = time.perf_counter()
        n_rows = generate(out, trials)
        print(f"generated {trials:,} trials, {n_rows:,} rows, in {time.perf_counter() - began:.0f} s", flush=True)
        timed = [answer(out) for _ in range(_REPEATS)]
    seconds = [second for second, _ in timed]
    print(f"{SQL}\n{len(timed[0][1])} groups; first {seconds[0]:.2f} s, median {statistics.median(seconds):.2f} s")
    result = {"machine": machine.describe(), "trials": trials, "rows": n_rows, "sql": SQL, "seconds": seconds}
    (Path(__file__).parent / "results" / "query.json").write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    given = settings.given(__doc__)
    main(int(given.get("trials", "1000")))
