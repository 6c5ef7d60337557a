"""What the rows of `images` tell of trials, read some trials at a time: those of ten thousand do not fit in memory."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from ablate.results.reader import read_in_parts
from ablate.stats.collector import sequences

COLUMNS = ["trial", "image_id", "location", "seq_id", "iou", "iou_any", "mask_iou", "outcome"]
_SAME = 1e-9  # IoU that differ by less are equal


def _frame() -> pd.DataFrame:
    return pd.DataFrame(dtype=float)


def _strings() -> pd.Series[str]:
    return pd.Series(dtype=str)


def _numbers() -> pd.Series[float]:
    return pd.Series(dtype=float)


@dataclass(frozen=True)
class ImageScores:
    """The scores of trials that are done; IoU and rates in [0, 1].

    Attributes:
        iou: of each photograph with an animal (index, its id) under each trial (columns).
        location, sequence: of each photograph with an animal, by the same index.
        per_location: mean IoU at each location (index) under each trial (columns).
        mean: IoU over all photographs with an animal, by trial.
        false_alarms: share of the photographs without an animal in which something was found, by trial.
        limits: of each trial (index), what the metric leaves out: `another`, the share of photographs where another
            component than the largest fits better; `gain`, what always choosing the best would add to the mean IoU;
            `mask`, the correlation of box IoU with mask IoU (NaN without masks).
    """

    iou: pd.DataFrame = field(default_factory=_frame)
    location: pd.Series[str] = field(default_factory=_strings)
    sequence: pd.Series[str] = field(default_factory=_strings)
    per_location: pd.DataFrame = field(default_factory=_frame)
    mean: pd.Series[float] = field(default_factory=_numbers)
    false_alarms: pd.Series[float] = field(default_factory=_numbers)
    limits: pd.DataFrame = field(default_factory=_frame)


def read(out: Path, trials: Sequence[str]) -> ImageScores:
    """The scores of trials, all of which are done."""
    parts = [_of(rows.to_pandas()) for rows in read_in_parts(out, "images", trials, COLUMNS)]
    known = pd.concat([photographs for _, photographs in parts])
    photographs = known[~known.index.duplicated()].sort_index()
    found = [scores for scores, _ in parts]
    return ImageScores(
        iou=pd.concat([one.iou for one in found], axis="columns").reindex(photographs.index),
        location=photographs["location"],
        sequence=sequences(photographs),
        per_location=pd.concat([one.per_location for one in found], axis="columns"),
        mean=pd.concat([one.mean for one in found]),
        false_alarms=pd.concat([one.false_alarms for one in found]),
        limits=pd.concat([one.limits for one in found]),
    )


def _of(images: pd.DataFrame) -> tuple[ImageScores, pd.DataFrame]:
    """The scores of some trials, and their photographs with an animal, by id."""
    animals, empty = images[images["iou"].notna()], images[images["iou"].isna()]
    scores = ImageScores(
        iou=animals.pivot_table(index="image_id", columns="trial", values="iou"),
        per_location=animals.groupby(["location", "trial"])["iou"].mean().unstack(),
        mean=animals.groupby("trial")["iou"].mean(),
        false_alarms=(empty["outcome"] == "false_alarm").astype(float).groupby(empty["trial"]).mean(),
        limits=_limits(animals),
    )
    photographs = animals.drop_duplicates("image_id").set_index("image_id", drop=False)
    return scores, photographs[["image_id", "location", "seq_id"]]


def _limits(animals: pd.DataFrame) -> pd.DataFrame:
    """See `ImageScores.limits`."""
    gain = animals["iou_any"] - animals["iou"]
    by_trial = animals["trial"]
    mask = {
        trial: rows["iou"].corr(rows["mask_iou"]) if rows["mask_iou"].notna().any() else math.nan
        for trial, rows in animals[["iou", "mask_iou"]].groupby(by_trial)
    }
    return pd.DataFrame(
        {
            "another": (gain > _SAME).groupby(by_trial).mean(),
            "gain": gain.groupby(by_trial).mean(),
            "mask": pd.Series(mask, dtype=float),
        }
    )
