"""Many intervals at once against one by one."""

import numpy as np
import pytest

from ablate.stats.intervals import image_weighted
from ablate.stats.location_intervals import image_weighted_rows


def one_by_one(means, counts):
    found = [image_weighted(mean_l[None], count_l) for mean_l, count_l in zip(means, counts, strict=True)]
    return [[row.mean, row.low, row.high] for row in found]


def at_once(means, counts):
    return image_weighted_rows(np.concatenate(means), np.concatenate(counts), np.cumsum([0, *map(len, counts)]))


@pytest.mark.parametrize("seed", range(5))
def test_rows_are_those_that_are_computed_one_by_one(seed):
    rng = np.random.default_rng(seed)
    layouts = [np.sort(rng.integers(1, 12, size)).astype(float) for size in (0, 1, 1, 2, 2, 3, 9, 40, 200)]
    counts = [layouts[number] for number in rng.integers(len(layouts), size=60)]
    means = [rng.random(len(count_l)) for count_l in counts]
    np.testing.assert_allclose(at_once(means, counts), one_by_one(means, counts), rtol=1e-12, atol=1e-12)


def test_without_rows_there_are_none():
    assert image_weighted_rows(np.empty(0), np.empty(0), np.array([0])).shape == (0, 3)
