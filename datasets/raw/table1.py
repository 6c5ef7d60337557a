"""The paper's Table 1: photographs per camera location, beside the published counts where the selection is the paper's.

The published counts are those of Table 1 of *Transferring a Segmentation Task Between Real and Synthetic Data*
(Dorrestijn et al., TU Delft, 2021).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable

from ablate.data.natural_order import natural
from ablate.data.published import PUBLISHED
from datasets.raw.camera_traps import Rule
from datasets.raw.skipped import PHOTOGRAPH, SELECTED, Considered

_PAPER = Rule(("deer",), range(7, 20))


def is_the_papers(rule: Rule, locations: Collection[str], n_photographs: int) -> bool:
    """Whether a selection asks Caltech Camera Traps what the paper asked.

    The annotations count as Caltech's where they know all of the paper's locations and could hold all of its
    photographs: many files bear that data set's name, few hold all of it.
    """
    asked = Rule(rule.categories, rule.hours)  # an exclusion list is part of the paper's rule, whatever is on it
    same = asked == _PAPER and not rule.locations
    return same and set(locations) >= set(PUBLISHED) and n_photographs >= sum(PUBLISHED.values())


def table(considered: Iterable[Considered], compare: bool) -> list[str]:
    """The lines of Table 1 for what was selected; with `compare`, each location beside its published count."""
    selected = [row for row in considered if row.kind == PHOTOGRAPH and row.reason == SELECTED]
    test = Counter(row.location or "" for row in selected if row.split == "test")
    empty = Counter(row.location or "" for row in selected if row.split == "empty")
    here = sorted({*test, *empty, *(PUBLISHED if compare else ())}, key=natural)
    width = max([len("location"), *map(len, here)])
    lines = ["Table 1. Photographs per location", ""]
    head = f"{'location':<{width}}  {'animal':>7}  {'empty':>6}"
    lines.append(head + (f"  {'paper':>6}  {'difference':>10}" if compare else ""))
    for location in here:
        lines.append(_row(location, test[location], empty[location], width, PUBLISHED.get(location, 0), compare))
    published = sum(PUBLISHED.values())
    lines.append(_row("all", test.total(), empty.total(), width, published, compare))
    if compare and not any(test[location] != PUBLISHED.get(location, 0) for location in here):
        lines.append("These are the paper's photographs, location by location.")
    return lines


def _row(name: str, test: int, empty: int, width: int, published: int, compare: bool) -> str:
    row = f"{name:<{width}}  {test:>7,}  {empty:>6,}"
    return row + (f"  {published:>6,}  {test - published:>+10,}" if compare else "")
