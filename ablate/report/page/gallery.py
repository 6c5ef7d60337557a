"""Every success and failure as a picture: photographs with what each network said about them.

What the browser gets, as JSON:

outcomes  their names
trials    network, setting, seed of each trial that is shown
photos    of each photograph its id, place and time, true boxes, thumbnail (base64), and `said`: for each trial its IoU
          (per mille; null without an animal), outcome (index), score (percent), box and outline

Boxes and outlines are in thousandths of the frame; an outline is a list of closed polygons, x, y, x, y, ...
"""

from __future__ import annotations

import json
import math
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd

from ablate.data.manifest import REAL
from ablate.data.natural_order import natural
from ablate.data.root import Data
from ablate.metrics.geometry import rle
from ablate.metrics.outcome import OUTCOMES
from ablate.report.layout import plural
from ablate.report.page.thumbnails import thumbnails
from ablate.results.reader import dataset
from ablate.stats.scores import Group
from ablate.stats.settings import in_paper_order, model_title

_TRIALS = 60  # of more, a page would hold few photographs
_LARGEST = 55_000_000  # bytes of all photographs together, so that a page stays under 60 MB
_LEAST = 12  # photographs that a location keeps, whatever the size
_SEGMENTS = 8  # of a prediction that are drawn, the largest
_ROUGHNESS = 0.005  # of an outline, in sides of the picture
_FINE = 400  # pixels a side, from which on half a pixel is not seen
_FRAME = 1000
_COLUMNS = ["trial", "image_id", "location", "seq_id", "captured_at", "width", "height", "true_boxes"]
_COLUMNS += ["iou", "outcome", "score", "pred_box", "mask_rle"]

Entry = dict[str, Any]


@dataclass(frozen=True)
class Gallery:
    """What the browser gets, and what the reader must know of it.

    Attributes:
        data: as the module says.
        notes: how photographs and trials were sampled, if they were.
    """

    data: Entry
    notes: Sequence[str]


def gallery(out: Path, group: Group, data: Data, largest: int = _LARGEST) -> Gallery:
    """Photographs of a group with the predictions of its trials, at most `largest` bytes of them."""
    trials = shown_trials(group)
    done = int((group.trials["status"] == "done").sum()) + len(group.detectors)
    rows = dataset(out, "images", [*trials["trial"]]).to_table(columns=_COLUMNS).to_pylist()
    photos = _photos(rows, {trial: at for at, trial in enumerate(trials["trial"])})
    look = data.manifest.photographs_of(group.digest) or REAL
    for image_id, picture in thumbnails(data, look, photos.keys()):
        photos[image_id]["thumb"] = picture
    pictured = [photo for photo in photos.values() if "thumb" in photo]
    sampled, step = sample(pictured, largest)
    notes = []
    if len(trials) < done:
        notes.append(f"Of {done} trials {len(trials)} are here: the lowest seeds, then the best synthetic validation.")
    if step > 1:
        notes.append(
            f"Of {plural(len(pictured), 'photograph')} {len(sampled)} are here, so that the page stays small: of each "
            f"location one in {step} by time, but at least {_LEAST}. Tables and figures are of all."
        )
    if len(pictured) < len(photos):
        notes.append(f"{plural(len(photos) - len(pictured), 'photograph')} of the results are not in this data.")
    labels = [
        {"network": model_title(model), "setting": setting, "seed": int(seed)}
        for model, setting, seed in trials[["model", "setting", "seed"]].itertuples(index=False)
    ]
    return Gallery({"outcomes": OUTCOMES, "trials": labels, "photos": sampled}, notes)


def shown_trials(group: Group) -> pd.DataFrame:
    """The trials of the gallery, in the order of the tables, then detectors; photographs have no say in which."""
    done = group.trials[group.trials["status"] == "done"]
    chosen = done.sort_values(["seed", "val_iou"], ascending=[True, False], kind="stable").head(_TRIALS)
    models = [table.model for table in group.tables]
    settings = list(dict.fromkeys(str(name) for table in group.tables for name in table.mean.columns))
    order = in_paper_order(chosen["setting"], settings)
    place = [
        (models.index(model), order.index(setting), seed)
        for model, setting, seed in chosen[["model", "setting", "seed"]].itertuples(index=False)
    ]
    chosen = chosen.iloc[sorted(range(len(chosen)), key=place.__getitem__)]
    detectors = group.detectors.assign(setting="")
    return pd.concat([chosen, detectors.reindex(columns=chosen.columns)]) if len(detectors) else chosen


def sample(photos: Sequence[Entry], largest: int) -> tuple[list[Entry], int]:
    """Of each location one photograph in so many, evenly by time, so that all together take at most `largest` bytes.

    A location keeps at least `_LEAST`, even where the sum then is larger.

    Returns:
        The photographs, location after location, and one in how many they are; 1 where all fit.
    """
    size = {photo["id"]: _size(photo) for photo in photos}
    places: dict[str, list[Entry]] = {}
    for photo in sorted(photos, key=lambda one: (natural(one["location"]), one["at"] or "", one["id"])):
        places.setdefault(photo["location"], []).append(photo)
    thinnest = max((len(place) // _LEAST for place in places.values()), default=0)
    kept, step = [one for place in places.values() for one in place], 1
    while step < thinnest and sum(size[one["id"]] for one in kept) > largest:
        step += 1
        kept = [one for place in places.values() for one in place[:: max(1, min(step, len(place) // _LEAST))]]
    return kept, step


def _size(photo: Entry) -> int:
    """Bytes of a photograph in a page, at most: alone it packs worse than among others."""
    rest = {key: value for key, value in photo.items() if key != "thumb"}
    return len(photo["thumb"]) + 4 * len(zlib.compress(json.dumps(rest).encode(), 1)) // 3


def _photos(rows: Iterable[Mapping[str, Any]], at: Mapping[str, int]) -> dict[str, Entry]:
    """By image id; `said` in the order of the trials, null where one has not seen the photograph."""
    photos: dict[str, Entry] = {}
    for row in rows:
        wh = (row["width"], row["height"])
        photo = photos.setdefault(row["image_id"], _photo(row, wh, len(at)))
        photo["said"][at[row["trial"]]] = [
            None if row["iou"] is None else round(_FRAME * row["iou"]),
            OUTCOMES.index(row["outcome"]),
            None if row["score"] is None else round(100 * row["score"]),
            None if row["pred_box"] is None else _in_frame(row["pred_box"], wh),
            outline(row["mask_rle"]),
        ]
    return photos


def _photo(row: Mapping[str, Any], wh: tuple[int, int], trials: int) -> Entry:
    return {
        "id": row["image_id"],
        "location": row["location"],
        "sequence": row["seq_id"],
        "at": None if row["captured_at"] is None else row["captured_at"].isoformat(sep=" "),
        "size": wh,
        "boxes": [_in_frame(box, wh) for box in row["true_boxes"]],
        "said": [None] * trials,
    }


def _in_frame(box: Sequence[float], wh: tuple[int, int]) -> list[int]:
    return [round(_FRAME * edge / side) for edge, side in zip(box, wh * 2, strict=True)]


def outline(mask_rle: str | None) -> list[list[int]]:
    """Polygons round the largest segments of a mask, in thousandths of the frame."""
    if not mask_rle:
        return []
    mask_hw = rle.decode(mask_rle).astype(np.uint8)
    # A contour runs through the middles of pixels; where they are large it should run along their edges.
    fine = max(1, _FINE // min(mask_hw.shape))
    mask_hw = mask_hw.repeat(fine, axis=0).repeat(fine, axis=1)
    contours, _ = cv2.findContours(mask_hw, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    largest = sorted(contours, key=cv2.contourArea, reverse=True)[:_SEGMENTS]
    height, width = mask_hw.shape
    polygons = []
    for contour in largest:
        rough = cv2.approxPolyDP(contour, _ROUGHNESS * math.sqrt(width * height), closed=True)
        if len(rough) > 2:
            points = np.rint((rough[:, 0] + 0.5) * _FRAME / [width, height]).astype(int)
            polygons.append(points.ravel().tolist())
    return polygons
