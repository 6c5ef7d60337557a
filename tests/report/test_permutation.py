import numpy as np
import pytest

from ablate.published import PUBLISHED
from ablate.report.permutation import holm, sign_flip, smallest_p

TABLE_1 = np.array([*PUBLISHED.values()], dtype=float)


def equal(count):
    return np.full(count, 1 / count)


def test_a_difference_of_one_sign_everywhere_has_the_smallest_p():
    for count in (1, 3, 6, 10):
        difference = np.random.default_rng(0).random(count) * 0.1 + 0.3
        assert sign_flip(difference, equal(count)) == pytest.approx(smallest_p(count))
    assert smallest_p(6) == pytest.approx(0.03125)


def test_no_difference_has_p_1_and_no_location_none():
    assert sign_flip(np.zeros(5), equal(5)) == 1
    assert np.isnan(sign_flip(np.empty(0), np.empty(0)))


def test_p_does_not_depend_on_the_sign_of_the_difference():
    difference = np.random.default_rng(1).normal(0.1, 0.2, 8)
    assert sign_flip(difference, equal(8)) == sign_flip(-difference, equal(8))


@pytest.mark.parametrize("weight", [equal(11), TABLE_1 / TABLE_1.sum()])
@pytest.mark.parametrize("spread", [0.0, 0.15])
def test_equal_settings_are_called_different_in_at_most_6_percent(weight, spread):
    rng = np.random.default_rng(2)
    scale = np.sqrt(spread**2 + 0.01 / (weight * 2003))
    repetitions = 1000 if len(weight) < 15 else 300  # of 26 locations 16,384 ways are tried each time
    called = [sign_flip(rng.normal(size=len(weight)) * scale, weight) <= 0.05 for _ in range(repetitions)]
    assert np.mean(called) <= 0.06


def test_a_real_difference_is_found():
    rng = np.random.default_rng(3)
    found = [sign_flip(rng.normal(0.1, 0.08, 11), equal(11)) <= 0.05 for _ in range(100)]
    assert np.mean(found) > 0.9


def test_holms_correction():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    assert np.isnan(holm([float("nan"), 0.01])[0])
    assert holm([float("nan"), 0.01])[1] == 0.01
    assert holm([]) == []
