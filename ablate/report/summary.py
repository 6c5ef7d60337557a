"""Each setting in one line: its two averages with intervals, its worst location."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ablate.intervals import Estimate, image_weighted, macro
from ablate.report.settings import in_paper_order, model_title
from ablate.report.tables import WEIGHTED, Group


@dataclass(frozen=True)
class Summary:
    """A network's score under one setting, over its seeds; IoU and rates in [0, 1].

    Attributes:
        selection: which epoch's network was scored, `last` or `best_val`.
        weighted, macro: the mean IoU over photographs, and over the listed locations.
        gain: of `weighted` over the best constant box.
        worst: the listed location with the lowest mean IoU, and that mean.
        another, any_gain, mask: as of `Group.limits`, the mean over seeds.
    """

    network: str
    setting: str
    selection: str
    weighted: Estimate
    macro: Estimate
    gain: float
    worst: tuple[str, float]
    another: float
    any_gain: float
    mask: float


def summaries(group: Group) -> tuple[Summary, ...]:
    """All settings that have a number, in the order of the tables."""
    if group.photographs is None or not group.photographs.n_animal:
        return ()
    found = []
    for table in group.tables:
        done = table.trials[table.trials["status"] == "done"]
        for setting in in_paper_order(done["setting"], map(str, table.mean.columns)):
            trials = done[done["setting"] == setting]
            found.append(_summary(model_title(table.model), setting, trials, group))
    return tuple(found)


def _summary(network: str, setting: str, trials: pd.DataFrame, group: Group) -> Summary:
    assert group.photographs is not None
    iou = group.iou.reindex(columns=[*trials["trial"]])
    per_location = iou.groupby(group.location).mean()
    count_l = np.asarray(iou.groupby(group.location).size(), dtype=np.float64)
    listed = per_location.reindex([*group.photographs.listed]).dropna()
    weighted = image_weighted(per_location.to_numpy(dtype=np.float64).T, count_l)
    means = listed.mean(axis=1)
    limits = group.limits.reindex(iou.columns)
    worst = (str(means.idxmin()), float(means.min())) if len(means) else ("", float("nan"))
    _, constant = group.photographs.baseline(("average", WEIGHTED))
    return Summary(
        network=network,
        setting=setting,
        selection=str(trials["selection"].iloc[0]),  # trials that differ in it are of different settings
        weighted=weighted,
        macro=macro(listed.to_numpy(dtype=np.float64).T),
        gain=weighted.mean - constant,
        worst=worst,
        another=float(limits["another"].mean()),
        any_gain=float(limits["gain"].mean()),
        mask=float(limits["mask"].mean()),
    )
