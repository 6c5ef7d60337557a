"""Means over photographs with intervals that know three sources of noise: locations, photographs and trainings.

Photographs of one location share camera, light and landscape, and come in bursts, so a location is one cluster. (Of a
single location's mean, its sequences are the clusters.) And a network that is trained again, from another seed, scores
differently on the same photographs. Of a mean, or of a difference of means, there are thus two variances:

- between *locations*: the cluster-robust CR2 with Satterthwaite's degrees of freedom under independent photographs
  (Bell and McCaffrey, 2002), of the means over seeds. The part that is noise of the trainings is taken out, because the
  other variance includes it;
- between *trainings*: of each setting's seeds, which are not paired with those of another setting. Degrees of freedom
  by Welch (1947).

A t distribution belongs to each; the interval uses the mean of both quantiles, weighted by the variances (Cochran and
Cox, 1957), which errs on the wide side where one source has very few degrees of freedom. With a single
seed the noise between trainings is unknown: such an interval is about the trained networks at hand, not their settings.
`benchmarks.coverage` measures how often the intervals contain the true value.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

FEW_BELOW = 8.0  # effective locations, fewer than which the level is not kept everywhere
TOO_FEW_BELOW = 3.0  # fewer than which an interval may miss the truth in a fifth of all cases
LEVEL = 0.95
POWER = 0.8
MOST_SEEDS = 100

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Noise:
    """The part of an estimate's variance that is of one source. Both may be arrays, of many estimates at once.

    Attributes:
        variance: at least 0.
        df: degrees of freedom of its estimate.
    """

    variance: Floats
    df: Floats


@dataclass(frozen=True)
class Estimate:
    """A mean, or a difference of means, and what is known of its uncertainty.

    Attributes:
        mean: NaN without data.
        location_noise: of locations and photographs; None with fewer than two locations.
        training_noise: of the trainings; None with one seed.
        locations: how many there are; kish: how many equally weighted ones would tell as much, 1 / sum of w squared.
        seeds: how many the mean is over.
        level: of the interval.
    """

    mean: float
    location_noise: Noise | None
    training_noise: Noise | None
    locations: int
    kish: float
    seeds: int
    level: float = LEVEL

    @property
    def few_locations(self) -> bool:
        return self.kish < FEW_BELOW

    @property
    def too_few_locations(self) -> bool:
        """Whether nothing can be decided: there is no interval, or hardly one."""
        return self.location_noise is None or self.kish < TOO_FEW_BELOW - 1e-9

    @property
    def standard_error(self) -> float:
        """NaN with fewer than two locations."""
        return float("nan") if self.location_noise is None else float(np.sqrt(sum(one.variance for one in self._noise)))

    @property
    def low(self) -> float:
        """The interval's lower end; NaN with fewer than two locations."""
        return self.mean - self._half_width(self.level)

    @property
    def high(self) -> float:
        """The interval's upper end; NaN with fewer than two locations."""
        return self.mean + self._half_width(self.level)

    @property
    def excludes_zero(self) -> bool:
        """Whether 0 is outside the interval; never where there is none."""
        return self.low > 0 or self.high < 0

    @property
    def p(self) -> float:
        """Two-sided p-value of 0: one less the level of the interval that just reaches it; NaN without an interval."""
        if self.location_noise is None or np.isnan(self.mean):
            return float("nan")
        if self.mean == 0 or self.standard_error == 0:
            return float(self.mean == 0)
        low, high = 0.0, 1.0
        for _ in range(50):  # bisection: half the width of an interval falls with p; one of level 1 has no end
            middle = (low + high) / 2
            low, high = (middle, high) if self._half_width(1 - middle) > abs(self.mean) else (low, middle)
        return high

    @property
    def detectable(self) -> float:
        """The smallest true difference whose interval would exclude 0 in 80 % of repetitions, with the noise seen.

        Of a noncentral t distribution with the degrees of freedom of both sources together (Satterthwaite). Those of
        few seeds are themselves uncertain, which costs power: with three seeds it is 68 to 75 %, with two 53 to 60 %.
        NaN with fewer than two locations, or with one seed, whose noise was not seen.
        """
        if self.location_noise is None or self.training_noise is None:
            return float("nan")
        error = self.standard_error
        if error == 0:
            return 0.0
        from scipy import special

        df = error**4 / sum(one.variance**2 / one.df for one in self._noise)
        return float(error * special.nctdtrinc(df, 1 - POWER, self._half_width(self.level) / error))

    @property
    def seeds_to_settle(self) -> int | None:
        """With how many seeds a true difference as large as this one would be `detectable`.

        Beyond `MOST_SEEDS` it is one more than these. None where no number of seeds is enough, because of the noise of
        locations, or where the noise of a single seed is unknown.
        """
        if self.training_noise is None:
            return None
        without = replace(self, training_noise=Noise(np.zeros(()), self.training_noise.df))
        if not without.detectable <= abs(self.mean):
            return None
        wanted = (seeds for seeds in range(2, MOST_SEEDS + 1) if self._with(seeds).detectable <= abs(self.mean))
        return next(wanted, MOST_SEEDS + 1)

    def at(self, level: float) -> Estimate:
        """The same with an interval of another level."""
        return replace(self, level=level)

    def _with(self, seeds: int) -> Estimate:
        """As it would be expected with another number of seeds."""
        assert self.training_noise is not None
        variance = self.training_noise.variance * self.seeds / seeds
        df = self.training_noise.df * (seeds - 1) / (self.seeds - 1)
        return replace(self, training_noise=Noise(variance, df), seeds=seeds)

    @property
    def _noise(self) -> list[Noise]:
        return [one for one in (self.location_noise, self.training_noise) if one is not None]

    def _half_width(self, level: float) -> float:
        return float("nan") if self.location_noise is None else float(half_width(self._noise, level))


def half_width(noise: Sequence[Noise], level: float) -> Floats:
    """Half the width of an interval: Cochran and Cox's critical value times the standard error.

    Args:
        noise: of each source.
        level: of the interval, in (0, 1).
    """
    total = np.asarray(sum(one.variance for one in noise))
    weighted = sum(one.variance * quantile(one.df, level) for one in noise)
    width: Floats = weighted / np.where(total > 0, total, 1.0) * np.sqrt(total)
    return width


def image_weighted(mean_sl: Floats, count_l: Floats) -> Estimate:
    """The mean over all photographs, every photograph counting the same.

    Args:
        mean_sl: each seed's mean at each location, of the same photographs; shape (seeds, locations).
        count_l: photographs at each location, all at least 1.
    """
    return combined(mean_sl[None], count_l)


def macro(mean_sl: Floats) -> Estimate:
    """The mean over locations, every location counting the same; shape (seeds, locations)."""
    n = mean_sl.shape[1]
    return _estimate(mean_sl[None], np.full(n, 1 / n) if n else np.empty(0), np.ones(n))


def combined(mean_ksl: Floats, count_l: Floats) -> Estimate:
    """The sum of what several settings, trained independently, contribute; of one and minus another, their difference.

    Args:
        mean_ksl: each setting's part for each seed at each location; shape (settings, seeds, locations).
        count_l: photographs at each location, all at least 1.
    """
    weight_l = count_l / count_l.sum() if len(count_l) else count_l
    return _estimate(mean_ksl, weight_l, 1 / np.maximum(count_l, 1))


def _estimate(mean_ksl: Floats, weight_l: Floats, variance_l: Floats) -> Estimate:
    """Args: variance_l: of the locations' means relative to each other, as the degrees of freedom assume it."""
    _, seeds, locations = mean_ksl.shape
    nan = float("nan")
    if not seeds or not locations:
        return Estimate(nan, None, None, locations, nan, seeds)
    mean = float((mean_ksl.mean(axis=1) @ weight_l).sum())
    kish = float(1 / (weight_l**2).sum())
    if locations < 2:
        return Estimate(mean, None, None, locations, kish, seeds)
    return Estimate(mean, *noise_of(mean_ksl, weight_l, variance_l), locations, kish, seeds)


def noise_of(mean_ksl: Floats, weight_l: Floats, variance_l: Floats) -> tuple[Noise, Noise | None]:
    """The noise of locations and of trainings in a sum of settings' weighted means.

    Args:
        mean_ksl: shape (..., settings, seeds, locations), with at least two locations.
        weight_l: of each location, with sum 1.
        variance_l: as of `satterthwaite`.
    """
    seeds = mean_ksl.shape[-2]
    mean_kl = mean_ksl.mean(axis=-2)
    between = cr2(mean_kl.sum(axis=-2), weight_l)
    df = np.asarray(satterthwaite(weight_l, variance_l))
    if seeds < 2:
        return Noise(between, df), None
    of_setting_k = (mean_ksl @ weight_l).var(axis=-1, ddof=1) / seeds
    of_trainings = of_setting_k.sum(axis=-1)
    # A training that is good at some locations and bad at others is noise between locations too, and must count once.
    # Not all of it is taken out: with few degrees of freedom the difference of two estimates is too often too small.
    local_k = cr2(mean_ksl - mean_kl[..., None, :], weight_l).sum(axis=-1) / (seeds - 1) / seeds
    twice = local_k.sum(axis=-1) * (1 - 1 / df)
    return Noise(np.maximum(between - twice, 0.0), df), Noise(of_trainings, welch(of_setting_k, seeds - 1))


def welch(variance_k: Floats, df: int) -> Floats:
    """Degrees of freedom of a sum of variances, each estimated with `df`; shape (..., settings).

    Welch's form for variances that are themselves estimates: (df + 2) (sum of v)^2 / sum of v^2 - 2, and neither less
    than one of them has nor more than all of them have together.
    """
    most = float(df * variance_k.shape[-1])
    squares = (variance_k**2).sum(axis=-1)
    found = (df + 2) * variance_k.sum(axis=-1) ** 2 / np.where(squares > 0, squares, 1.0) - 2
    kept: Floats = np.clip(np.where(squares > 0, found, most), df, most)
    return kept


def cr2(mean_rl: Floats, weight_l: Floats) -> Floats:
    """Bias-reduced variance of the weighted mean for each row of location means; shape (..., locations) to (...)."""
    residual_rl = mean_rl - (mean_rl @ weight_l)[..., None]
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


def quantile(df: Floats | float, level: float) -> Floats:
    """Half the width of a mean's interval in standard errors: of the t distribution; elementwise."""
    from scipy import special  # slow to import, and most of a report needs none

    found: Floats = special.stdtrit(df, (1 + level) / 2)
    return found
