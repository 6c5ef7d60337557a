"""What predictions without a network score."""

import itertools

import numpy as np
import pytest

from ablate.stats.baselines import WHOLE_IMAGE, TrueBoxes, best_constant_box, best_match
from tests.results_factory import random_boxes


def mean(box, truth):
    return best_match(np.array([box]), truth).mean()


def test_the_whole_image_scores_the_largest_true_box_s_share_of_the_frame():
    truth = TrueBoxes.of([([[0, 0, 50, 100]], 100, 100), ([[0, 0, 10, 10], [10, 10, 30, 30]], 100, 200)])
    assert best_match(WHOLE_IMAGE[None], truth)[0] == pytest.approx([0.5, 0.02])


def test_a_box_that_all_photographs_share_is_found_and_is_perfect():
    truth = TrueBoxes.of([([[123, 77, 456, 301]], 1000, 800)] * 5)
    box = best_constant_box(truth)
    assert box * [1000, 800, 1000, 800] == pytest.approx([123, 77, 456, 301], abs=1)
    assert mean(box, truth) > 0.99


@pytest.mark.parametrize("seed", range(4))
def test_the_best_constant_box_beats_every_box_of_a_grid(seed):
    truth = TrueBoxes.of(random_boxes(np.random.default_rng(seed), 60, at_most=3))
    ticks = np.linspace(0, 1, 12)
    spans = [*itertools.combinations(ticks, 2)]
    grid = np.array([(left, top, right, bottom) for left, right in spans for top, bottom in spans])
    assert mean(best_constant_box(truth), truth) >= best_match(grid, truth).mean(axis=1).max()


def test_the_search_is_deterministic():
    shots = random_boxes(np.random.default_rng(0), 50)
    assert (best_constant_box(TrueBoxes.of(shots)) == best_constant_box(TrueBoxes.of(shots))).all()
