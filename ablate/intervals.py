"""Means over photographs with 95 % intervals that respect what photographs of one location have in common.

A location is one cluster: its photographs share camera, light and landscape, and come in bursts. Of a
single location's mean, its sequences are the clusters. The interval is cluster-robust: the bias-reduced variance CR2
with Satterthwaite degrees of freedom under independent photographs (Bell, McCaffrey 2002), for a mean whose clusters
are unequal. `benchmarks.coverage` tells how often such intervals hold the truth; where few locations carry the weight,
they are wide, and still no more than a description of these locations.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

DESCRIPTIVE_BELOW = 8.0  # effective locations, fewer than which an interval describes rather than decides
_LEVEL = 0.95

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Estimate:
    """A mean and what is known of its uncertainty.

    Attributes:
        mean: NaN without data.
        low, high: ends of the 95 % interval; NaN where there are fewer than two locations.
        standard_error: of the mean; NaN as above.
        df: degrees of freedom of the t distribution behind the interval.
        locations: how many there are; kish: how many equally weighted ones would tell as much, 1 / sum of w squared.
        seeds: how many the mean is over; with one, the noise between seeds is unknown and not in the interval.
    """

    mean: float
    low: float
    high: float
    standard_error: float
    df: float
    locations: int
    kish: float
    seeds: int

    @property
    def descriptive(self) -> bool:
        return self.kish < DESCRIPTIVE_BELOW


def image_weighted(mean_sl: Floats, count_l: Floats) -> Estimate:
    """The mean over all photographs, every photograph counting the same.

    Args:
        mean_sl: each seed's mean at each location, of the same photographs; shape (seeds, locations).
        count_l: photographs at each location, all at least 1.
    """
    return _estimate(mean_sl, count_l / count_l.sum() if len(count_l) else count_l, 1 / np.maximum(count_l, 1))


def macro(mean_sl: Floats) -> Estimate:
    """The mean over locations, every location counting the same; shape (seeds, locations)."""
    n = mean_sl.shape[1]
    return _estimate(mean_sl, np.full(n, 1 / n) if n else np.empty(0), np.ones(n))


def _estimate(mean_sl: Floats, weight_l: Floats, variance_l: Floats) -> Estimate:
    """Args: variance_l: of the locations' means relative to each other, as the degrees of freedom assume it."""
    seeds, locations = mean_sl.shape
    nan = float("nan")
    if not seeds or not locations:
        return Estimate(nan, nan, nan, nan, nan, locations, nan, seeds)
    mean_s = mean_sl @ weight_l
    mean, kish = float(mean_s.mean()), float(1 / (weight_l**2).sum())
    if locations < 2:
        return Estimate(mean, nan, nan, nan, nan, locations, kish, seeds)
    variance = float(cr2(mean_sl.mean(axis=0)[None], weight_l)[0])
    df = satterthwaite(weight_l, variance_l)
    if seeds > 1:
        variance, df = _with_seeds(variance, df, mean_s)
    half = quantile(df) * np.sqrt(variance)
    return Estimate(mean, mean - half, mean + half, float(np.sqrt(variance)), df, locations, kish, seeds)


def cr2(mean_rl: Floats, weight_l: Floats) -> Floats:
    """Bias-reduced variance of the weighted mean for each row of location means, shape (rows,)."""
    residual_rl = mean_rl - (mean_rl @ weight_l)[:, None]
    variance: Floats = (residual_rl**2) @ (weight_l**2 / (1 - weight_l))
    return variance


def satterthwaite(weight_l: Floats, variance_l: Floats) -> float:
    """Degrees of freedom of `cr2` where location means are independent with variances proportional to `variance_l`.

    The variance estimate is a quadratic form y'By; its df are tr(BS)^2 / tr(BSBS) with S = diag(variance_l). With
    a = w^2 / (1 - w) and A its sum, B = diag(a) - wa' - aw' + Aww', so that no matrix is needed.
    """
    a_l = weight_l**2 / (1 - weight_l)
    total = a_l.sum()
    ww, wa, aa = ((pair * variance_l).sum() for pair in (weight_l**2, weight_l * a_l, a_l**2))
    rest_l = total * weight_l**2 - 2 * weight_l * a_l  # the diagonal of B without a
    trace = ((a_l + rest_l) * variance_l).sum()
    of_square = ((a_l**2 + 2 * a_l * rest_l) * variance_l**2).sum()
    of_square += 2 * ww * aa + 2 * wa**2 + (total * ww) ** 2 - 4 * total * ww * wa
    return float(trace**2 / of_square)


def _with_seeds(variance: float, df: float, mean_s: Floats) -> tuple[float, float]:
    """Adds the variance between seeds; degrees of freedom by Welch and Satterthwaite."""
    between = float(mean_s.var(ddof=1)) / len(mean_s)
    total = variance + between
    if total == 0:
        return 0.0, df
    return total, total**2 / (variance**2 / df + between**2 / (len(mean_s) - 1))


def quantile(df: float) -> float:
    """Half the width of a 95 % interval of a mean, in standard errors."""
    from scipy import special  # slow to import, and most of a report needs none

    return float(special.stdtrit(df, (1 + _LEVEL) / 2))
