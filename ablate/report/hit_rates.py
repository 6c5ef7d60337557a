"""The share of photographs whose IoU reaches a threshold, for every threshold: where a mean IoU comes from.

The area under this curve is the mean IoU. A setting that finds every animal loosely and one that finds half of them
tightly can have the same mean; the curve tells them apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ablate.report.number_format import percent
from ablate.report.text_grid import Cell, Grid, under_names
from ablate.stats.intervals import Floats
from ablate.stats.scores import Group
from ablate.stats.settings import in_paper_order, model_title
from ablate.stats.summary import NOT_TRAINED

TITLE = "Hit rate: percent of the photographs whose IoU reaches a threshold"
CURVE = np.linspace(0.05, 1.0, 20)  # at 0 every photograph is a hit
_SHOWN = (0.1, 0.25, 0.5, 0.75, 0.9)


@dataclass(frozen=True)
class Hits:
    """The IoU that a network has under one setting, of every photograph with an animal and every seed."""

    network: str
    setting: str
    iou: Floats

    def rates(self, thresholds: Sequence[float] | Floats) -> Floats:
        """Share of photographs, over all seeds, whose IoU is at least each threshold."""
        reached: Floats = (self.iou[:, None] >= np.asarray(thresholds) - 1e-9).mean(axis=0)
        return reached


def hits(group: Group) -> tuple[Hits, ...]:
    """Of all settings that have a number, in the order of the tables; then of what was not trained here."""
    if group.photographs is None or not group.photographs.n_animal:
        return ()
    found = []
    for table in group.tables:
        done = table.trials[table.trials["status"] == "done"]
        for setting in in_paper_order(done["setting"], map(str, table.mean.columns)):
            of_setting = group.iou[done.loc[done["setting"] == setting, "trial"]]
            found.append(Hits(model_title(table.model), setting, _flat(of_setting)))
    overlaps = group.photographs.overlaps
    return (*found, *(Hits(NOT_TRAINED, str(name), _flat(overlaps[[name]])) for name in overlaps))


def hits_grid(found: Sequence[Hits]) -> Grid:
    """A row for each setting, a column for some thresholds."""
    rows = [
        (one.network, [Cell(f"  {one.setting}"), *(Cell(percent(rate)) for rate in one.rates(_SHOWN))]) for one in found
    ]
    return Grid(["setting", *(f"IoU >=\n{threshold:g}" for threshold in _SHOWN)], under_names(rows))


def hits_notes() -> Iterator[str]:
    """What the numbers mean."""
    yield "Over all photographs with an animal. The mean IoU is the mean of this rate over all thresholds."


def _flat(iou: pd.DataFrame) -> Floats:
    values: Floats = iou.to_numpy(dtype=np.float64).ravel()
    return values
