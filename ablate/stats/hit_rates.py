"""The share of photographs whose IoU reaches a threshold, for every threshold: where a mean IoU comes from.

The area under this curve is the mean IoU. A setting that finds every animal loosely and one that finds half of them
tightly can have the same mean; the curve tells them apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ablate.stats.intervals import Floats
from ablate.stats.scores import Group
from ablate.stats.summary import NOT_TRAINED

CURVE = np.linspace(0.05, 1.0, 20)  # at 0 every photograph is a hit


@dataclass(frozen=True)
class HitRates:
    """The IoU that a network has under one setting, of every photograph with an animal and every seed."""

    network: str
    setting: str
    iou: Floats

    def rates(self, thresholds: Sequence[float] | Floats) -> Floats:
        """Share of photographs, over all seeds, whose IoU is at least each threshold."""
        reached: Floats = (self.iou[:, None] >= np.asarray(thresholds) - 1e-9).mean(axis=0)
        return reached


def hit_rates(group: Group) -> tuple[HitRates, ...]:
    """Of all settings that have a number, in the order of the tables; then of what was not trained here."""
    if group.photographs is None or not group.photographs.n_animal:
        return ()
    found = []
    for table in group.tables:
        for setting, trials in table.by_setting():
            found.append(HitRates(table.title, setting, _flat(group.scored.iou[trials["trial"]])))
    overlaps = group.photographs.overlaps
    return (*found, *(HitRates(NOT_TRAINED, str(name), _flat(overlaps[[name]])) for name in overlaps))


def _flat(iou: pd.DataFrame) -> Floats:
    values: Floats = iou.to_numpy(dtype=np.float64).ravel()
    return values
