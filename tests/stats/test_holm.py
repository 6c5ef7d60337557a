import numpy as np
import pytest

from ablate.stats.holm import ALPHA, divisors


def test_alpha_is_divided_step_by_step_until_one_is_not_settled():
    assert divisors([0.001, 0.02, 0.04]) == [3, 2, 1]
    assert divisors([0.04, 0.001, 0.02]) == [1, 3, 2]
    assert divisors([0.03, 0.04, 0.03]) == [3, 3, 3]  # 0.04 would be settled alone, and stays with the others
    assert divisors([0.001, 0.04, 0.03]) == [3, 2, 2]


@pytest.mark.parametrize("seed", range(20))
def test_a_p_value_is_within_its_share_of_alpha_exactly_where_holm_rejects(seed):
    p = np.random.default_rng(seed).random(7) ** 4
    order = np.argsort(p)
    adjusted = np.empty(7)
    adjusted[order] = np.maximum.accumulate(p[order] * np.arange(7, 0, -1))
    settled = [one <= ALPHA / divisor for one, divisor in zip(p, divisors([*p]), strict=True)]
    assert settled == [*(adjusted <= ALPHA)]


def test_what_has_no_p_value_counts_for_nothing():
    assert divisors([float("nan"), 0.03]) == [1, 1]
    assert divisors([]) == []
