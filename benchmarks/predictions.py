"""`python -m benchmarks.predictions out=DIR data=ROOT trials=ID,ID [to=FILE.jpg]`: what trials found, side by side.

A row per trial and a column per photograph: the true boxes in white, the predicted mask and box in colour. The
photographs are taken evenly from the first to the last, or named: images=ID,ID. Further settings: photographs=8,
width=160.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from ablate.data import shards
from ablate.data.manifest import REAL
from ablate.metrics.geometry import rle
from ablate.results.reader import read_rows
from benchmarks import settings, tiles
from datasets import embedded

FOUND = (255, 140, 0)


def photographs(data: str) -> dict[str, Image.Image]:
    """Those with an animal, by id, in the order of the shards."""
    root = embedded.find(data)
    with root.shards(REAL) as folder:
        found = shards.read(folder, root.manifest, REAL, "test")
        return {str(one.meta["image_id"]): Image.open(io.BytesIO(one.jpg)).convert("RGB") for one in found}


def drawn(picture: Image.Image, row: Mapping[str, Any], width: int) -> Image.Image:
    """A photograph with what is true and what was found."""
    across, down = picture.size
    shown = picture.resize((width, width * down // across), Image.Resampling.LANCZOS)
    if row["mask_rle"]:
        mask = Image.fromarray((rle.decode(row["mask_rle"]) * 110).astype(np.uint8)).resize(shown.size)
        shown.paste(Image.new("RGB", shown.size, FOUND), mask=mask)
    draw = ImageDraw.Draw(shown)
    for box in row["true_boxes"]:
        draw.rectangle([round(v * width / across) for v in box], outline="white", width=1)
    if row["pred_box"] is not None:
        draw.rectangle([round(v * width / across) for v in row["pred_box"]], outline=FOUND, width=2)
    return shown


def main(given: Mapping[str, str]) -> None:
    out, to = Path(settings.required(given, "out")), Path(given.get("to", "predictions.jpg"))
    trials, width = settings.required(given, "trials").split(","), int(given.get("width", 160))
    pictures = photographs(settings.required(given, "data"))
    rows = read_rows(out, "images").to_pylist()
    by_trial = {trial: {row["image_id"]: row for row in rows if row["trial"] == trial} for trial in trials}
    wanted = given["images"].split(",") if "images" in given else _even([*pictures], int(given.get("photographs", 8)))
    tiles.save([[drawn(pictures[one], by_trial[trial][one], width) for one in wanted] for trial in trials], to, 80)
    print(*wanted, sep=", ")


def _even(names: Sequence[str], count: int) -> list[str]:
    return [names[int(at)] for at in np.linspace(0, len(names) - 1, min(count, len(names)))]


if __name__ == "__main__":
    main(settings.given(__doc__))
