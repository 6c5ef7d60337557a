"""How much each field that a search varied has to do with the score.

All trials of a cell are compared after as many epochs as each of them had, so that those that were stopped early count
too. Numbers are judged by Spearman's rank correlation; choices by the correlation ratio of the ranks (the root of the
share of their variance that lies between the choices). Both are in [0, 1] but for the sign, and neither sees what two
fields do only together. Whether one is more than chance is asked of rho by its t distribution and of choices by Kruskal
and Wallis' H, with Holm's correction over the fields of the cell.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from ablate.results.search_record import Found
from ablate.stats.holm import ALPHA, divisors

FEWEST = 8  # trials


@dataclass(frozen=True)
class FieldImportance:
    """One field's; `strength` in [-1, 1], never negative for choices, NaN where all values or all scores are alike.

    `settled`: it is more than chance.
    """

    field: str
    strength: float
    is_choice: bool
    settled: bool


@dataclass(frozen=True)
class CellImportances:
    """Of all fields of one cell, the strongest first: over how many trials, and after how many epochs."""

    fields: Sequence[FieldImportance]
    trials: int
    epochs: int


def field_importances(found: Sequence[Found]) -> CellImportances | None:
    """Of the members of one cell; None of too few."""
    known = [one for one in found if one.epochs]
    if len(known) < FEWEST:
        return None
    epochs = min(len(one.epochs) for one in known)
    score = pd.Series([one.epochs[epochs - 1][one.member.objective] for one in known], dtype=float).rank()
    values_of = {field: pd.Series([one.member.values[field] for one in known]) for field in known[0].member.values}
    judged = {field: _judged(values, score) for field, values in values_of.items()}
    p_values = [p for _, p in judged.values()]
    found_for = [
        FieldImportance(field, strength, _is_choice(values_of[field]), p <= ALPHA / divisor)
        for (field, (strength, p)), divisor in zip(judged.items(), divisors(p_values), strict=True)
    ]
    ordered = sorted(found_for, key=lambda one: -1.0 if math.isnan(one.strength) else abs(one.strength), reverse=True)
    return CellImportances(ordered, len(known), epochs)


def _is_choice(values: pd.Series) -> bool:
    return pd.api.types.is_bool_dtype(values) or not pd.api.types.is_numeric_dtype(values)


def _judged(values: pd.Series, score: pd.Series) -> tuple[float, float]:
    """The strength, and the p-value of none; of the trials that have a score."""
    values, score = values[score.notna()], score.dropna()
    if values.nunique() < 2 or score.nunique() < 2:
        return math.nan, math.nan
    if not _is_choice(values):
        found = stats.spearmanr(values, score)
        return float(found.statistic), float(found.pvalue)
    within = score - score.groupby(values).transform("mean")
    between = 1.0 - float(np.square(within).sum() / np.square(score - score.mean()).sum())
    p = stats.kruskal(*(group for _, group in score.groupby(values))).pvalue
    return math.sqrt(max(0.0, between)), float(p)
