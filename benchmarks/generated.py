"""Results of many trials in the layout of the paper's Table 1, as trials leave them, with drawn predictions."""

from __future__ import annotations

import datetime
import itertools
import json
import multiprocessing
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa

from ablate import storage
from ablate.config import TrialConfig
from ablate.data.published import PUBLISHED
from ablate.results.schema import images_schema
from ablate.results.writer import parquet_bytes, write_rows
from ablate.runner.cores import usable_cores

CELLS = [
    (model, arm, augment)
    for model in ("unet", "unet_resnet50", "segnet")
    for arm, augment in (("full", "none"), ("crop", "none"), ("i2i", "none"), ("crop", "jitter"), ("i2i", "jitter"))
]
_EPOCHS = 20


def generate(out: Path, trials: int, one_in: int = 1, seeds: int | None = None) -> int:
    """Writes results; returns how many rows `images` has.

    Args:
        one_in: one photograph in so many of each location.
        seeds: of each setting, whose learning rates then differ; None: the paper's 15 settings, with as many as needed.
    """
    configs = [*itertools.islice(_configs(seeds or -(-trials // len(CELLS))), trials)]
    with multiprocessing.Pool(usable_cores()) as pool:
        work = ((out, number, config, one_in) for number, config in enumerate(configs))
        ids = [*pool.imap(_write, work, chunksize=20)]
    asked = {"space": "generated", "trials": ids, "judges": True}
    run = {"run": "r1", "started_at": "2026-01-01T00:00:00+00:00", "space": "generated", "trials": ids}
    storage.publish(out / "runs" / "r1.json", json.dumps(run | {"spaces": [asked]}).encode())
    return trials * len(_photographs(one_in))


def _configs(seeds: int) -> Iterator[TrialConfig]:
    for number in itertools.count(1):
        for seed, (model, arm, augment) in itertools.product(range(seeds), CELLS):
            yield TrialConfig(model=model, arm=arm, augment=augment, seed=seed, learning_rate=1e-5 * number)


def _write(work: tuple[Path, int, TrialConfig, int]) -> str:
    out, number, config, one_in = work
    ids = {"trial": f"s{number:016x}", "training": f"t{number:016x}"}
    known = ids | config.model_dump(include={"model", "arm", "augment", "seed", "selection"})
    images = _images(_photographs(one_in), known, np.random.default_rng(number))
    storage.publish(out / "images" / f"{ids['trial']}.parquet", parquet_bytes(images))
    epochs = [ids | {"epoch": epoch, "train_loss": 1 / epoch, "val_iou": 0.5} for epoch in range(1, _EPOCHS + 1)]
    write_rows(out, "epochs", ids["trial"], epochs)
    row = config.model_dump() | ids | {"name": f"{config.model}-{number}", "status": "done"}
    row |= {"arm_digest": config.arm, "photos_digest": "photographs", "code_digest": "code", "versions": "{}"}
    row |= {"started_at": datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC), "train_seconds": 60.0}
    row |= {"score_seconds": 1.0, "val_iou": 0.5, "epoch": _EPOCHS, "precision_used": "float32"}
    write_rows(out, "trials", ids["trial"], [row])
    return ids["trial"]


def _images(table: pa.Table, known: dict[str, object], rng: np.random.Generator) -> pa.Table:
    """Rows of `images` of a trial."""
    count = len(table)
    iou, score = rng.random(count), rng.random(count)
    boxes = pa.array([*np.sort(rng.uniform(0, 1494, (count, 4)), axis=1)], pa.list_(pa.float64()))
    found = {"iou": iou, "iou_any": np.maximum(iou, 0.1), "iou_all": iou, "score": score, "foreground": score}
    found |= {"largest": score, "n_components": rng.integers(1, 9, count), "pred_box": boxes}
    found |= {"outcome": np.where(iou >= 0.5, "hit", "partial")}
    found |= {name: [value] * count for name, value in known.items()}
    for name, values in found.items():
        at = table.schema.get_field_index(name)
        table = table.set_column(at, table.schema.field(at), pa.array(values, table.schema.field(at).type))
    return table


@cache
def _photographs(one_in: int) -> pa.Table:
    """What the rows of all trials have in common."""
    place = [name for name, count in PUBLISHED.items() for _ in range(0, count, one_in)]
    rows = [
        {"location": name, "image_id": f"p{number}", "seq_id": f"q{number // 3}", "width": 2048, "height": 1494}
        | {"true_boxes": [[100.0, 100.0, 900.0, 800.0]], "captured_at": datetime.datetime(2012, 5, 1, 12)}
        for number, name in enumerate(place)
    ]
    return pa.Table.from_pylist(rows, images_schema())
