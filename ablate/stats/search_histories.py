"""What searches tried, and what their trials score on the photographs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow.compute as pc

from ablate.results import search_record
from ablate.results.reader import dataset
from ablate.results.search_record import Found
from ablate.stats.test_set import constant_overlaps


@dataclass(frozen=True)
class History:
    """A search.

    Attributes:
        found: its members in the order in which they were suggested.
        iou: mean box IoU over all photographs with an animal, of the trials that are done, by trial.
        constant: that of the best constant box on the photographs of the best one; NaN where none is done.
    """

    identity: str
    found: Sequence[Found]
    iou: dict[str, float]
    constant: float = math.nan

    @property
    def title(self) -> str:
        return f"Search {Path(self.found[0].member.space).stem}: {', '.join(self.found[0].member.values)}"

    @property
    def objective(self) -> str:
        return self.found[0].member.objective

    @property
    def best(self) -> Found | None:
        return search_record.best(self.found)

    def default(self) -> Found | None:
        """The first member of the best one's cell, which is the cell's default, if it is done."""
        best = self.best
        own = [one for one in self.found if best and one.member.cell == best.member.cell and one.status == "done"]
        return next((one for one in own if one.member.number == 0 and one.member.is_default), None)


def histories(out: Path, identity: str | None = None) -> list[History]:
    """All searches of a folder of results, or one of them; those without a member are not there."""
    found = []
    for search, of_search in search_record.searches(out).items():
        if identity in {None, search}:
            known = search_record.found(out, of_search)
            best = search_record.best(known)
            constant = math.nan if best is None else float(constant_overlaps(out, best.member.trial)["iou"].mean())
            found.append(History(search, known, mean_iou(out, [one.member.trial for one in known]), constant))
    return found


def mean_iou(out: Path, trials: Sequence[str]) -> dict[str, float]:
    """Mean box IoU over all photographs with an animal, of each trial that is done."""
    rows = dataset(out, "images", trials).to_table(columns=["trial", "iou"], filter=pc.field("iou").is_valid())
    means = rows.group_by("trial").aggregate([("iou", "mean")])
    return dict(zip(means["trial"].to_pylist(), means["iou_mean"].to_pylist(), strict=True))
