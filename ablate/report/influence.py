"""How much each field that a search varied has to do with the score.

All trials of a cell are compared after as many epochs as each of them had, so that those that were stopped early count
too. Numbers are judged by Spearman's rank correlation; choices by the correlation ratio of the ranks (the root of the
share of their variance that lies between the choices). Both are in [0, 1] but for the sign, and neither sees what two
fields do only together.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ablate.members import Found

FEWEST = 8  # trials


@dataclass(frozen=True)
class Influence:
    """One field's; `strength` in [-1, 1], never negative for choices, NaN where all values or all scores are alike."""

    field: str
    strength: float
    is_choice: bool


@dataclass(frozen=True)
class Influences:
    """Of all fields of one cell, the strongest first: over how many trials, and after how many epochs."""

    fields: Sequence[Influence]
    trials: int
    epochs: int


def influences(found: Sequence[Found]) -> Influences | None:
    """Of the members of one cell; None of too few."""
    known = [one for one in found if one.epochs]
    if len(known) < FEWEST:
        return None
    epochs = min(len(one.epochs) for one in known)
    score = pd.Series([one.epochs[epochs - 1][one.member.objective] for one in known], dtype=float).rank()
    found_for = [
        _influence(field, pd.Series([one.member.values[field] for one in known]), score)
        for field in known[0].member.values
    ]
    ordered = sorted(found_for, key=lambda one: -1.0 if math.isnan(one.strength) else abs(one.strength), reverse=True)
    return Influences(ordered, len(known), epochs)


def _influence(field: str, values: pd.Series, score: pd.Series) -> Influence:
    is_choice = not pd.api.types.is_numeric_dtype(values)
    if values.nunique() < 2 or score.nunique() < 2:
        return Influence(field, math.nan, is_choice)
    if not is_choice:
        return Influence(field, float(values.rank().corr(score)), is_choice)
    within = score - score.groupby(values).transform("mean")
    between = 1.0 - float(np.square(within).sum() / np.square(score - score.mean()).sum())
    return Influence(field, math.sqrt(max(0.0, between)), is_choice)
