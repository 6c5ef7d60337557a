"""Sign-flip permutation tests over locations, and Holm's correction for several of them.

If two settings were equally good, a location's mean difference would be as likely to be positive as negative. So the
signs of all locations are flipped in every way, and the share of ways whose statistic is at least as large as the real
one is the p-value. It is exact whatever the distribution, as long as locations are independent.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ablate.intervals import cr2

_EXACT_UP_TO = 14  # locations; 2^14 ways are tried in milliseconds
_DRAWS = 2**14
_SEED = 0

Floats = NDArray[np.float64]


def sign_flip(difference_l: Floats, weight_l: Floats) -> float:
    """Two-sided p-value of a weighted mean difference; 1 where all differences are 0, NaN without locations.

    The statistic is the mean divided by its cluster-robust standard error, so that one heavy location cannot decide
    alone. All ways are tried up to 14 locations; beyond, 16,384 are drawn, the real one among them.

    Args:
        difference_l: mean difference at each location.
        weight_l: the locations' weights; they sum to 1.
    """
    if len(difference_l) == 0:
        return float("nan")
    if not difference_l.any():
        return 1.0
    sign_rl = _signs(len(difference_l))
    flipped_rl = sign_rl * difference_l
    mean_r = np.abs(flipped_rl @ weight_l)
    if len(difference_l) > 1:
        error_r = np.sqrt(cr2(flipped_rl, weight_l))
        mean_r = np.divide(mean_r, error_r, out=np.full_like(mean_r, np.inf), where=error_r > 0)
    return float((mean_r >= mean_r[0] * (1 - 1e-9)).mean())


def smallest_p(locations: int) -> float:
    """The least p-value that so many locations can give: both signs of one way out of all."""
    return 2.0 ** (1 - locations) if locations <= _EXACT_UP_TO else 2.0 / _DRAWS


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjusted p-values: a contrast is decided at 5 % where its own is at most 0.05. NaN stays, and counts for nothing.

    Holm 1979: the smallest is multiplied by their number, the next by one less, and so on, never decreasing.
    """
    order = sorted((index for index, p in enumerate(p_values) if not np.isnan(p)), key=lambda index: p_values[index])
    adjusted = [float("nan")] * len(p_values)
    highest = 0.0
    for rank, index in enumerate(order):
        highest = max(highest, min(1.0, (len(order) - rank) * p_values[index]))
        adjusted[index] = highest
    return adjusted


@lru_cache(maxsize=4)  # the contrasts of a report share one number of locations
def _signs(locations: int) -> Floats:
    """Ways to set the signs, the real one first; shape (ways, locations), +1 or -1."""
    if locations <= _EXACT_UP_TO:
        bits = (np.arange(2**locations)[:, None] >> np.arange(locations)) & 1
    else:
        bits = np.random.default_rng(_SEED).integers(0, 2, size=(_DRAWS, locations))
        bits[0] = 0
    return 1.0 - 2.0 * bits.astype(np.float64)
