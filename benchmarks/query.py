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

import numpy as np
import pyarrow as pa

from ablate.config import TrialConfig
from ablate.data.published import PUBLISHED
from ablate.query import connect
from ablate.results.sql import select
from ablate.results.writer import write_rows
from benchmarks import machine, settings

SQL = "SELECT model, arm, augment, location, avg(iou), count(*) FROM images GROUP BY ALL ORDER BY ALL"
CELLS = [
    (model, arm, augment)
    for model in ("unet", "unet_resnet50", "segnet")
    for arm, augment in (("full", "none"), ("crop", "none"), ("i2i", "none"), ("crop", "jitter"), ("i2i", "jitter"))
]
_REPEATS = 7


def generate(out: Path, trials: int, one_in: int = 1) -> int:
    """Writes the results, with one photograph in so many of each location; returns how many rows `images` has."""
    rng = np.random.default_rng(0)
    location = [name for name, count in PUBLISHED.items() for _ in range(0, count, one_in)]
    for number in range(trials):
        model, arm, augment = CELLS[number % len(CELLS)]
        identity = {"trial": f"s{number:016x}", "training": f"t{number:016x}", "model": model, "arm": arm}
        identity |= {"augment": augment, "seed": number // len(CELLS), "selection": "last"}
        rows = [
            identity
            | {"location": place, "image_id": f"p{index}", "seq_id": f"q{index // 3}", "width": 2048, "height": 1494}
            | {"true_boxes": [[100.0, 100.0, 900.0, 800.0]], "pred_box": [120.0, 90.0, 880.0, 810.0], "iou": iou}
            | {"iou_any": iou, "iou_all": iou, "outcome": "hit" if iou >= 0.5 else "partial"}
            for index, (place, iou) in enumerate(zip(location, rng.random(len(location)).tolist(), strict=True))
        ]
        write_rows(out, "images", identity["trial"], rows)
        fields = TrialConfig(model=model, arm=arm, augment=augment, seed=number // len(CELLS)).model_dump()
        trial = fields | identity | {"name": f"{model}-{arm}-{augment}", "status": "done"}
        trial |= {"arm_digest": arm, "photos_digest": "photographs", "code_digest": "code"}
        write_rows(out, "trials", identity["trial"], [trial])
    return trials * len(location)


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
