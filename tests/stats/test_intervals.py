"""Intervals against textbook cases, independent formulas and simulated truth."""

import numpy as np
import pytest
import scipy.stats

from ablate.data.published import PUBLISHED
from ablate.stats.intervals import (
    MOST_SEEDS,
    Estimate,
    Noise,
    combined,
    cr2,
    image_weighted,
    macro,
    noise_of,
    satterthwaite,
    welch,
)
from benchmarks.coverage import LAYOUTS, World, coverage

TABLE_1 = np.array([*PUBLISHED.values()], dtype=float)


def test_of_equal_locations_it_is_the_t_interval_of_their_means():
    means = np.random.default_rng(0).random(9)
    expected = scipy.stats.t.interval(0.95, 8, means.mean(), scipy.stats.sem(means))
    for found in (macro(means[None]), image_weighted(means[None], np.full(9, 50.0))):
        assert (found.low, found.high) == pytest.approx(expected)
        assert (found.places.df, found.kish, found.locations) == (pytest.approx(8), pytest.approx(9), 9)
        assert found.trainings is None


def test_the_variance_is_the_bias_reduced_one_of_the_regression_on_a_constant():
    """CR2 written out with matrices, photograph by photograph (Bell, McCaffrey 2002, equation 7)."""
    rng = np.random.default_rng(1)
    sizes = [5, 2, 9]
    y = [rng.random(size) for size in sizes]
    total, grand = sum(sizes), np.concatenate(y).mean()
    expected = 0.0
    for own in y:
        hat = np.full((len(own), len(own)), 1 / total)
        values, vectors = np.linalg.eigh(np.eye(len(own)) - hat)
        adjusted = vectors @ np.diag(values**-0.5) @ vectors.T @ (own - grand)
        expected += adjusted.sum() ** 2 / total**2
    means = np.array([own.mean() for own in y])
    assert cr2(means[None], np.array(sizes) / total)[0] == pytest.approx(expected)


def test_the_degrees_of_freedom_match_the_variance_of_the_variance():
    weight = TABLE_1 / TABLE_1.sum()
    draws = np.random.default_rng(2).normal(size=(200_000, len(weight))) / np.sqrt(TABLE_1)
    variances = cr2(draws, weight)
    assert satterthwaite(weight, 1 / TABLE_1) == pytest.approx(2 * variances.mean() ** 2 / variances.var(), rel=0.05)


def test_where_only_trainings_vary_it_is_welchs_interval_of_the_seeds():
    rng = np.random.default_rng(3)
    scores_ks = np.array([[0.5], [0.4]]) + rng.normal(size=(2, 4)) * 0.05
    mean_ksl = np.repeat(scores_ks[..., None], 10, axis=2) * np.array([1.0, -1.0])[:, None, None]
    found = combined(mean_ksl, np.full(10, 30.0))
    assert found.places.variance == pytest.approx(0, abs=1e-18)
    assert found.trainings.variance == pytest.approx(sum(scipy.stats.sem(own) ** 2 for own in scores_ks))
    quantile = scipy.stats.t.ppf(0.975, found.trainings.df)
    assert found.high - found.mean == pytest.approx(quantile * found.standard_error)


def test_degrees_of_freedom_of_trainings_lie_between_one_setting_s_and_all_settings_together():
    assert welch(np.array([0.1, 0.1, 0.1]), 2) == 6
    assert welch(np.array([0.1, 0.0]), 2) == pytest.approx(2)
    assert 2 < welch(np.array([0.1, 0.02]), 2) < 4
    assert welch(np.zeros(2), 2) == 4


def test_what_trainings_do_differently_at_each_location_counts_once():
    """Of both noises the expectations are known, and their sum is the variance of the mean."""
    rng = np.random.default_rng(4)
    seeds, locations, own, local, lasting = 4, 12, 0.03, 0.05, 0.1
    weight = np.full(locations, 1 / locations)
    of_location = rng.normal(size=(20_000, 1, 1, locations)) * lasting
    mean_rksl = of_location + rng.normal(size=(20_000, 1, seeds, 1)) * own
    mean_rksl = mean_rksl + rng.normal(size=(20_000, 1, seeds, locations)) * local
    places, trainings = noise_of(mean_rksl, weight, np.ones(locations))
    assert trainings.variance.mean() == pytest.approx((own**2 + local**2 / locations) / seeds, rel=0.03)
    left = local**2 / locations / seeds / (locations - 1)  # one part in df of what the trainings have in it
    assert places.variance.mean() == pytest.approx(lasting**2 / locations + left, rel=0.02)
    true = (mean_rksl.mean(axis=2) @ weight).var()
    assert (places.variance + trainings.variance).mean() == pytest.approx(true, rel=0.05)


@pytest.mark.parametrize("layout", ["26 equal", "8 equal", "Table 1, macro"])
@pytest.mark.parametrize(("seeds", "most"), [(2, 0.99), (3, 0.99), (5, 0.97), (10, 0.97)])
@pytest.mark.parametrize("shift", [0.0, 0.01, 0.05])
@pytest.mark.parametrize("effect", [0.0, 0.05, 0.2])
def test_intervals_hold_the_truth_and_equal_settings_are_rarely_called_different(layout, seeds, most, shift, effect):
    """A small version of benchmarks.coverage; a verdict's false positives are what coverage lacks to 100 %."""
    found = coverage(LAYOUTS[layout], World(seeds, shift, effect), 4000, np.random.default_rng(5))
    noise = 0.008  # of 4,000 repetitions, about two standard errors
    assert 0.94 - noise <= found <= most + noise


def test_few_effective_locations_are_said_to_be_few():
    assert image_weighted(TABLE_1[None] / 2003, TABLE_1).few_locations
    assert image_weighted(TABLE_1[None] / 2003, TABLE_1).kish == pytest.approx(3.5, abs=0.05)
    assert not macro(np.arange(11.0)[None]).few_locations


def test_seeds_that_disagree_widen_the_interval():
    means = np.random.default_rng(4).random(12)
    counts = np.full(12, 30.0)
    agreeing = image_weighted(np.stack([means, means, means]), counts)
    disagreeing = image_weighted(np.stack([means - 0.2, means, means + 0.2]), counts)
    assert agreeing.mean == pytest.approx(disagreeing.mean)
    assert disagreeing.standard_error > agreeing.standard_error
    assert (agreeing.seeds, disagreeing.seeds) == (3, 3)
    assert agreeing.standard_error == pytest.approx(image_weighted(means[None], counts).standard_error)


def test_p_is_of_the_interval_that_just_reaches_zero():
    rng = np.random.default_rng(6)
    found = combined(rng.normal(0.02, 0.05, size=(2, 3, 15)), np.full(15, 40.0))
    at = found.at(1 - found.p)
    assert min(abs(at.low), abs(at.high)) == pytest.approx(0, abs=1e-9)
    assert not found.at(1 - found.p * 0.99).excludes_zero
    assert found.at(1 - found.p * 1.01).excludes_zero


@pytest.mark.parametrize("level", [0.95, 1 - 0.05 / 6])
@pytest.mark.parametrize(
    ("seeds", "least", "most"), [(2, 0.48, 0.66), (3, 0.62, 0.8), (5, 0.73, 0.87), (10, 0.73, 0.87)]
)
@pytest.mark.parametrize(("shift", "effect"), [(0.05, 0.0), (0.02, 0.1)])
def test_differences_that_are_detectable_are_found_as_often_as_is_said(level, seeds, least, most, shift, effect):
    rng, count_l = np.random.default_rng(7), np.full(26, 50.0)
    noise_df = np.asarray(25.0), np.asarray(2.0 * (seeds - 1))
    variances = effect**2 / 26, 2 * shift**2 / seeds
    places, trainings = (Noise(np.asarray(v), df) for v, df in zip(variances, noise_df, strict=True))
    difference = Estimate(0.0, places, trainings, 26, 26.0, seeds, level).detectable
    found = []
    for _ in range(600):
        mean_ksl = rng.normal(size=(2, seeds, 1)) * shift + rng.normal(size=(2, 1, 26)) * effect / np.sqrt(2)
        mean_ksl[0] += difference
        found.append(combined(mean_ksl * np.array([1.0, -1.0])[:, None, None], count_l).at(level))
    assert least < np.mean([one.excludes_zero for one in found]) < most


def test_more_seeds_settle_what_seeds_left_open_and_never_what_locations_did():
    rng = np.random.default_rng(8)
    noisy_seeds = np.array([0.12, -0.03, 0.07])[None, :, None] + rng.normal(size=(1, 1, 20)) * 0.01
    open_one = combined(noisy_seeds, np.full(20, 30.0))
    assert not open_one.excludes_zero
    needed = open_one.seeds_to_settle
    assert needed > 3
    assert open_one._with(needed).detectable <= abs(open_one.mean) < open_one._with(needed - 1).detectable
    noisy_places = np.repeat(rng.normal(0.01, 0.3, size=(1, 1, 20)), 3, axis=1) + rng.normal(size=(1, 3, 1)) * 0.001
    assert combined(noisy_places, np.full(20, 30.0)).seeds_to_settle is None
    assert combined(noisy_seeds - noisy_seeds.mean() + 0.015, np.full(20, 30.0)).seeds_to_settle == MOST_SEEDS + 1


def test_without_data_there_is_no_number():
    nothing = macro(np.empty((1, 0)))
    one = image_weighted(np.array([[0.5]]), np.array([7.0]))
    assert np.isnan(nothing.mean)
    assert one.mean == 0.5
    assert np.isnan([one.low, one.high, one.p, one.detectable]).all()
    assert not one.excludes_zero
