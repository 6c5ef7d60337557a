"""The image-weighted mean and its interval for thousands of locations at once, one seed each.

The same as `intervals.image_weighted`, without a call for each: whatever was scored on the same photographs has the
same clusters, and so weights and degrees of freedom that are computed once.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ablate.stats.intervals import LEVEL, Floats, cr2, quantile, satterthwaite

Indices = NDArray[np.int64]


def image_weighted_rows(mean_c: Floats, count_c: Floats, bound_b: Indices) -> Floats:
    """The mean of each row and the ends of its interval, shape (rows, 3).

    NaN where `intervals.image_weighted` has NaN: the ends of a row of one cluster, all three of a row without any.

    Args:
        mean_c: of each cluster, row after row.
        count_c: photographs in each, at least 1; ascending within a row, so that equal layouts are found to be equal.
        bound_b: where each row's clusters begin, and where the last row's end; shape (rows + 1,).
    """
    estimate_r3 = np.full((len(bound_b) - 1, 3), np.nan)
    for count_l, row_r in _layouts(count_c, bound_b):
        mean_rl = mean_c[bound_b[row_r][:, None] + np.arange(len(count_l))]
        estimate_r3[row_r] = _of_one_layout(mean_rl, count_l)
    return estimate_r3


def _layouts(count_c: Floats, bound_b: Indices) -> Iterator[tuple[Floats, Indices]]:
    """The counts of each distinct layout, with the rows that have it."""
    rows = defaultdict(list)
    for row, (begin, end) in enumerate(itertools.pairwise(bound_b)):
        rows[count_c[begin:end].tobytes()].append(row)
    for layout, found in rows.items():
        if layout:
            yield np.frombuffer(layout), np.asarray(found)


def _of_one_layout(mean_rl: Floats, count_l: Floats) -> Floats:
    weight_l = count_l / count_l.sum()
    mean_r = mean_rl @ weight_l
    half_r = np.full(len(mean_r), np.nan)
    if len(count_l) > 1:
        half_r = quantile(satterthwaite(weight_l, 1 / count_l), LEVEL) * np.sqrt(cr2(mean_rl, weight_l))
    return np.stack([mean_r, mean_r - half_r, mean_r + half_r], axis=1)
