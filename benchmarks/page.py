"""`python -m benchmarks.page photos=DIR [trials=15]`: how large and how slow the page of a full-sized run is.

Results are generated: the paper's 2,003 photographs at its 26 locations, and 520 without an animal, each with a mask of
one to three blobs at 480 px. The pictures are those of a folder of JPEG photographs, again and again: real ones, or the
thumbnails are smaller than they would be.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np

from ablate.config import TrialConfig
from ablate.data import root as data
from ablate.data.manifest import REAL, Manifest, write_manifest
from ablate.data.published import PUBLISHED
from ablate.data.shards import Sample, ShardWriter, joined
from ablate.metrics.geometry import rle
from ablate.report.page import page
from ablate.report.page.gallery import gallery
from ablate.results.writer import write_rows
from ablate.stats import scores
from benchmarks import machine, settings
from benchmarks.generated import CELLS

_EMPTY = 20  # photographs without an animal, a location
_SIDE = 480


def write_photographs(root: Path, photos: Path) -> list[dict]:
    """A data root of the paper's size; returns the photographs' JSON."""
    pictures = [path.read_bytes() for path in sorted(photos.rglob("*.jpg"))]
    sizes = [cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR).shape for picture in pictures]
    metas, written = [], []
    for split, counts in (("test", PUBLISHED), ("empty", dict.fromkeys(PUBLISHED, _EMPTY))):
        with ShardWriter(root, REAL, split, 0) as writer:
            for location, count in counts.items():
                for number in range(count):
                    at = len(metas) % len(pictures)
                    height, width, _ = sizes[at]
                    box = [0.3 * width, 0.3 * height, 0.6 * width, 0.7 * height]
                    meta = {"image_id": f"{split}-{location}-{number}", "location": location, "split": split}
                    meta |= {"width": width, "height": height, "boxes": [box] if split == "test" else []}
                    writer.add(Sample(meta["image_id"], pictures[at], None, meta))
                    metas.append(meta)
        written.append(writer.written)
    write_manifest(root, Manifest(arms={REAL: joined(written)}, trial_defaults={}))
    return metas


def write_results(out: Path, metas: list[dict], trials: int, photos_digest: str) -> None:
    """Trials of the paper's grid, IoU drawn."""
    rng = np.random.default_rng(0)
    masks = [_mask(rng) for _ in range(200)]
    for number in range(trials):
        model, arm, augment = CELLS[number % len(CELLS)]
        identity = {"trial": f"s{number:016x}", "training": f"t{number:016x}", "model": model, "arm": arm}
        identity |= {"augment": augment, "seed": number // len(CELLS), "selection": "last"}
        rows = []
        for index, meta in enumerate(metas):
            iou = float(rng.random()) if meta["boxes"] else None
            outcome = "false_alarm" if iou is None else "hit" if iou >= 0.5 else "partial"
            row = identity | {key: meta[key] for key in ("location", "image_id", "width", "height")}
            row |= {"seq_id": f"q{index // 3}", "true_boxes": meta["boxes"], "iou": iou, "iou_any": iou, "score": 0.9}
            row |= {"pred_box": [100.0, 90.0, 500.0, 700.0], "outcome": outcome, "mask_rle": masks[rng.integers(200)]}
            rows.append(row)
        write_rows(out, "images", identity["trial"], rows)
        fields = TrialConfig(model=model, arm=arm, augment=augment, seed=identity["seed"]).model_dump()
        trial = fields | identity | {"name": f"{model}-{arm}-{augment}", "status": "done", "val_iou": 0.8, "epoch": 20}
        trial |= {"arm_digest": arm, "photos_digest": photos_digest, "code_digest": "code"}
        epochs = [identity | {"epoch": epoch, "val_iou": 0.8 * epoch / 20} for epoch in range(1, 21)]
        ids = {"trial", "training", "epoch", "val_iou"}
        rows = [{key: row[key] for key in ids} for row in epochs]
        write_rows(out, "epochs", identity["trial"], rows)
        write_rows(out, "trials", identity["trial"], [trial])


def _mask(rng: np.random.Generator) -> str:
    """Ragged blobs, as a network leaves them."""
    noise = cv2.GaussianBlur(rng.random((_SIDE, _SIDE)).astype(np.float32), (0, 0), 30)
    centre = cv2.GaussianBlur(rng.random((_SIDE, _SIDE)).astype(np.float32), (0, 0), 2)
    field = noise + 0.02 * centre
    return rle.encode(field > np.quantile(field, 0.93))


def main(photos: Path, trials: int) -> None:
    with tempfile.TemporaryDirectory(prefix="ablate-benchmark-") as scratch:
        root, out = Path(scratch) / "data", Path(scratch) / "out"
        metas = write_photographs(root, photos)
        found = data.at(str(root))
        write_results(out, metas, trials, found.manifest.photographs().digest)
        began = time.perf_counter()
        written = page(out, found)
        seconds = time.perf_counter() - began
        [group] = scores.build(out)
        shown = len(gallery(out, group, found).data["photos"])
    size = len(written.encode()) / 1e6
    print(f"{trials} trials x {len(metas)} photographs: {size:.1f} MB with {shown} photographs, in {seconds:.0f} s")
    result = {"machine": machine.describe(), "trials": trials, "photographs": len(metas), "shown": shown}
    result |= {"megabytes": size, "seconds": seconds}
    (Path(__file__).parent / "results" / f"page-{trials}.json").write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    given = settings.given(__doc__)
    if "photos" not in given:
        sys.exit("photos=DIR is missing: a folder of JPEG photographs")
    main(Path(given["photos"]), int(given.get("trials", "15")))
