"""Does the IoU on held-out synthetic images predict the one on photographs? What every user of synthetic data asks.

Each trained network is a point: the validation IoU of its scored epoch, and its mean box IoU on the photographs; where
several configurations are compared, the mean over each one's seeds. Ranks are compared (Spearman), because one is of
pixels and the other of boxes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from ablate.results import runs
from ablate.results.reader import read_rows
from ablate.stats.search_histories import mean_iou
from ablate.stats.settings import PAPER_MODELS, PROTOCOL, effective, in_paper_order, model_title, plain_setting

FEWEST = 5  # trials that a correlation needs
_Z = 1.959963984540054


@dataclass(frozen=True)
class Agreement:
    """The rank correlation of some points, in [-1, 1], with a 95 % interval; NaN where all have one value."""

    about: str
    what: str
    points: int
    rho: float
    low: float
    high: float


def points(out: Path) -> pd.DataFrame:
    """Every trial that is done, of grids and searches, on all photographs; not those of which nothing may be judged.

    Returns:
        `trial`, `name`, `model`, `setting` (arm and augmentation), `photos_digest`, `search` (null for a grid's),
        `val_iou` and `iou`, both in [0, 1], and `config`, a number that only trainings from other seeds share.
    """
    rows = read_rows(out, "trials").to_pandas()
    rows = rows[(rows["status"] == "done") & rows["reference"].isna() & rows["val_iou"].notna()]
    iou = mean_iou(out, [*rows["trial"]])
    rows = rows[rows["trial"].isin(iou) & ~rows["trial"].isin(runs.unjudged_trials(out))]
    setting = [plain_setting(*pair) for pair in zip(rows["arm"], rows["augment"], strict=True)]
    columns: pd.DataFrame = rows[["trial", "name", "model", "photos_digest", "search", "val_iou"]]
    alike = effective(rows).groupby(["model", "arm", "augment", "arm_digest", *PROTOCOL], dropna=False, sort=False)
    config = alike.ngroup()
    return columns.assign(setting=setting, iou=rows["trial"].map(iou).astype(float), config=config)


def by_photographs(out: Path) -> list[pd.DataFrame]:
    """The points of each set of photographs that has enough of them."""
    return [rows for _, rows in points(out).groupby("photos_digest") if agreements(rows)]


def agreements(found: pd.DataFrame) -> list[Agreement]:
    """Of all trials, of each network's, and of each setting's of a network; those with too few points are left out."""
    groups = [("all", "all networks", found)]
    for model in in_paper_order(found["model"], PAPER_MODELS):
        of_model = found[found["model"] == model]
        if len(of_model) < len(found):
            groups.append((model_title(model), "all settings", of_model))
        for setting, rows in of_model.groupby("setting"):
            if len(rows) < len(of_model):
                groups.append((model_title(model), str(setting), rows))
    points = [(about, what, _independent(rows)) for about, what, rows in groups]
    return [
        Agreement(about, what, len(rows), *spearman([*rows["val_iou"]], [*rows["iou"]]))
        for about, what, rows in points
        if len(rows) >= FEWEST
    ]


def _independent(rows: pd.DataFrame) -> pd.DataFrame:
    """A point for each configuration, the mean over its seeds, which are not independent; of a single one its seeds."""
    if rows["config"].nunique() == 1:
        return rows
    means: pd.DataFrame = rows.groupby("config")[["val_iou", "iou"]].mean()
    return means


def spearman(one: Sequence[float], other: Sequence[float]) -> tuple[float, float, float]:
    """The rank correlation and its 95 % interval by Fisher's z with the variance of Bonett and Wright (2000).

    Raises:
        ValueError: fewer than `FEWEST` pairs.
    """
    if len(one) < FEWEST:
        raise ValueError(f"{len(one)} pairs; a correlation needs {FEWEST}")
    ranks = pd.Series(one).rank(), pd.Series(other).rank()
    if min(each.nunique() for each in ranks) < 2:
        return math.nan, math.nan, math.nan
    rho = float(ranks[0].corr(ranks[1]))
    if abs(rho) > 1 - 1e-12:  # the formula's interval has no width there, whatever the number of pairs
        return rho, math.nan, math.nan
    half = _Z * math.sqrt((1 + rho**2 / 2) / (len(one) - 3))
    z = math.atanh(rho)
    return rho, math.tanh(z - half), math.tanh(z + half)
