"""What trials were tested on, and what predictions that were not trained here score there. IoU is in [0, 1]."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from ablate.data.natural_order import natural
from ablate.data.published import LISTED_FROM
from ablate.results.reader import dataset
from ablate.stats.baselines import WHOLE_IMAGE, TrueBoxes, best_constant_box, best_match

WHOLE, CONSTANT = "whole image", "best constant box"
WEIGHTED, MACRO = "image-weighted", "macro"

Row = tuple[str, str]  # kind and name of a table's row


_TRUTH = ["image_id", "location", "iou", "true_boxes", "width", "height"]


@dataclass(frozen=True)
class Photographs:
    """What the trials of a group were tested on, and what predictions without a network score there.

    Attributes:
        counts: per location, in natural order: `animal` and `empty`, numbers of photographs.
        listed: the locations that have a row of their own.
        baselines: IoU of what was not trained here, `WHOLE`, `CONSTANT` and each detector (columns), per location, then
            `WEIGHTED` and `MACRO`; the index is as that of `NetworkTable.mean`.
        constant_box: xyxy in fractions of the frame; None without an animal.
        overlaps: IoU of the same columns on each photograph with an animal (index, its id).
        location: of each photograph with an animal, by the same index.
        detectors: what to know of each detector, by its column.
        alarms: of each detector, the share of the empty photographs in which it found something.
    """

    counts: pd.DataFrame
    listed: tuple[str, ...]
    baselines: pd.DataFrame
    constant_box: tuple[float, ...] | None
    overlaps: pd.DataFrame
    location: pd.Series[str]
    detectors: Mapping[str, str]
    alarms: Mapping[str, float]

    @property
    def n_animal(self) -> int:
        return int(self.counts["animal"].sum())

    @property
    def n_empty(self) -> int:
        return int(self.counts["empty"].sum())

    @property
    def with_animal(self) -> list[str]:
        """Locations with at least one photograph of an animal."""
        return [str(name) for name in self.counts.index[self.counts["animal"] > 0]]

    def baseline(self, row: Row) -> dict[str, float]:
        """IoU of everything that was not trained here in a row; NaN without an animal."""
        return row_values(self.baselines, row)

    @property
    def all_are_small(self) -> bool:
        """No location reaches `LISTED_FROM`, so that all are listed."""
        return not (self.counts["animal"] >= LISTED_FROM).any()


def read_truth(out: Path, trials: Sequence[str]) -> pd.DataFrame:
    """The photographs as a trial has them; `true_boxes` as lists."""
    rows = dataset(out, "images", trials).to_table(columns=_TRUTH)
    photographs: pd.DataFrame = rows.drop_columns("true_boxes").to_pandas()
    return photographs.assign(true_boxes=rows["true_boxes"].to_pylist())


def tested_on(images: pd.DataFrame, detectors: pd.DataFrame, detected: pd.DataFrame) -> Photographs:
    """Args: images: the photographs; detectors: their rows of `trials`; detected: their rows of `images`."""
    animals = images[images["iou"].notna()]
    names = sorted(images["location"].unique(), key=natural)
    counts = pd.DataFrame(
        {
            "animal": animals["location"].value_counts(),
            "empty": images.loc[images["iou"].isna(), "location"].value_counts(),
        }
    )
    counts = counts.reindex(names).fillna(0).astype(int)
    least = LISTED_FROM if (counts["animal"] >= LISTED_FROM).any() else 1
    listed = tuple(str(name) for name in names if counts.loc[name, "animal"] >= least)
    box, overlaps = baselines(animals)
    references = dict(zip(detectors["model"], detectors["reference"], strict=True))
    alarms = {}
    for name, trial in zip(detectors["model"], detectors["trial"], strict=True):
        of_detector = detected[detected["trial"] == trial]
        overlaps[name] = of_detector.set_index("image_id")["iou"].reindex(overlaps.index)
        empty = of_detector[of_detector["iou"].isna()]
        alarms[name] = float((empty["outcome"] == "false_alarm").mean()) if len(empty) else math.nan
    where = animals.set_index("image_id")["location"]
    means = averaged(overlaps.groupby(where).mean(), overlaps.mean(), listed)
    return Photographs(counts, listed, means, box, overlaps, where, references, alarms)


def baselines(animals: pd.DataFrame) -> tuple[tuple[float, ...] | None, pd.DataFrame]:
    """The best constant box, and the IoU of both baselines on each photograph with an animal."""
    if not len(animals):
        return None, pd.DataFrame({WHOLE: [], CONSTANT: []}, dtype=float)
    truth = TrueBoxes.of(zip(animals["true_boxes"], animals["width"], animals["height"], strict=True))
    box = best_constant_box(truth)
    overlaps = {WHOLE: best_match(WHOLE_IMAGE[None], truth)[0], CONSTANT: best_match(box[None], truth)[0]}
    return tuple(box.tolist()), pd.DataFrame(overlaps, index=pd.Index(animals["image_id"]))


def constant_overlaps(out: Path, trial: str) -> pd.DataFrame:
    """`location` and `iou` of the best constant box on each photograph of a trial with an animal."""
    truth = read_truth(out, [trial])
    animals = truth[truth["iou"].notna()]
    _, overlaps = baselines(animals)
    return pd.DataFrame({"location": animals["location"].to_numpy(), "iou": overlaps[CONSTANT].to_numpy()})


def row_values(frame: pd.DataFrame, row: Row) -> dict[str, float]:
    """What a frame like `Photographs.baselines` has in a row, by column; NaN where it has no such row."""
    [values] = frame.reindex([row]).to_numpy(dtype=float).tolist()
    return {str(column): value for column, value in zip(frame.columns, values, strict=True)}


def averaged(per_location: pd.DataFrame, weighted: pd.Series[float], listed: Sequence[str]) -> pd.DataFrame:
    """Per-location means, then both averages: over all photographs, and over the means of the listed locations."""
    per_location = per_location.loc[sorted(per_location.index, key=natural)]
    averages = pd.DataFrame({WEIGHTED: weighted, MACRO: per_location.loc[[*listed]].mean(skipna=False)}).T
    return pd.concat({"location": per_location, "average": averages})
