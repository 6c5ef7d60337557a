"""Holm's correction of p-values that are asked together, and of the intervals that belong to them.

S. Holm, *A simple sequentially rejective multiple test procedure* (1979): of m p-values the smallest may be at most
alpha / m, the next at most alpha / (m - 1), and so on, until one is larger; that one and all after it are not settled.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ablate.stats.intervals import LEVEL

ALPHA = 1 - LEVEL  # of a block of questions


def divisors(p_values: Sequence[float]) -> list[int]:
    """What alpha is divided by for each question: its interval of level 1 - alpha / divisor tells what Holm tells.

    It excludes 0 exactly where Holm rejects: those after the first that is not settled share that one's divisor, under
    which their larger p-values are not settled either. A NaN counts for nothing and has 1.
    """
    order = sorted((index for index, p in enumerate(p_values) if not np.isnan(p)), key=lambda index: p_values[index])
    found, unsettled = [1] * len(p_values), 0
    for rank, index in enumerate(order):
        divisor = unsettled or len(order) - rank
        if p_values[index] > ALPHA / divisor:
            unsettled = divisor
        found[index] = divisor
    return found
