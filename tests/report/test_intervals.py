"""Intervals against textbook cases, independent formulas and simulated truth."""

import numpy as np
import pytest
import scipy.stats

from ablate.intervals import cr2, image_weighted, macro, satterthwaite
from ablate.published import PUBLISHED

TABLE_1 = np.array([*PUBLISHED.values()], dtype=float)
EFFECTIVE_18 = np.array([40.0] * 10 + [80.0] * 10)


def test_of_equal_locations_it_is_the_t_interval_of_their_means():
    means = np.random.default_rng(0).random(9)
    expected = scipy.stats.t.interval(0.95, 8, means.mean(), scipy.stats.sem(means))
    for found in (macro(means[None]), image_weighted(means[None], np.full(9, 50.0))):
        assert (found.low, found.high) == pytest.approx(expected)
        assert (found.df, found.kish, found.locations) == (pytest.approx(8), pytest.approx(9), 9)


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


@pytest.mark.parametrize("effect", [0.0, 0.05, 0.1, 0.15, 0.2])
@pytest.mark.parametrize("count_l", [EFFECTIVE_18, np.full(8, 250.0)])
def test_with_8_or_more_effective_locations_95_percent_intervals_hold_the_truth(effect, count_l):
    rng = np.random.default_rng(3)
    spread = np.sqrt(effect**2 + 0.09 / count_l * 2)
    held = [
        found.low <= 0 <= found.high
        for found in (image_weighted(row[None], count_l) for row in rng.normal(size=(1000, len(count_l))) * spread)
    ]
    assert 0.93 <= np.mean(held) <= 0.97


def test_few_effective_locations_are_only_described():
    assert image_weighted(TABLE_1[None] / 2003, TABLE_1).descriptive
    assert image_weighted(TABLE_1[None] / 2003, TABLE_1).kish == pytest.approx(3.5, abs=0.05)
    assert not macro(np.arange(11.0)[None]).descriptive


def test_seeds_that_disagree_widen_the_interval():
    means = np.random.default_rng(4).random(12)
    counts = np.full(12, 30.0)
    agreeing = image_weighted(np.stack([means, means, means]), counts)
    disagreeing = image_weighted(np.stack([means - 0.2, means, means + 0.2]), counts)
    assert agreeing.mean == pytest.approx(disagreeing.mean)
    assert disagreeing.standard_error > agreeing.standard_error
    assert (agreeing.seeds, disagreeing.seeds) == (3, 3)
    assert agreeing.standard_error == pytest.approx(image_weighted(means[None], counts).standard_error)


def test_without_data_there_is_no_number():
    nothing = macro(np.empty((1, 0)))
    one = image_weighted(np.array([[0.5]]), np.array([7.0]))
    assert np.isnan(nothing.mean)
    assert one.mean == 0.5
    assert np.isnan([one.low, one.high]).all()
