"""Verdicts survive a second look: what a report says of trainings that are repeated from other seeds.

Photographs as in the demo: 336 at 26 locations, 95 of them at one. A training's scores are all shifted by its own luck,
of a standard deviation of 5 points, and stay between 0 and 1.
"""

import numpy as np
import pandas as pd

from ablate.stats.contrasts import contrasts
from benchmarks.coverage import LAYOUTS
from tests.results_factory import planned

LOCATION = np.repeat(np.arange(26).astype(str), LAYOUTS["demo"].count_l.astype(int))
PHOTOGRAPHS = pd.Index([f"p{number}" for number in range(len(LOCATION))])
DRAWS, SHIFT = 20, 0.05


def called(gain, seeds=3):
    """The one answer of each of 20 reports on crop against full, whose true difference is `gain`."""
    rng = np.random.default_rng(1)
    return [answer(rng, gain, seeds) for _ in range(DRAWS)]


def answer(rng, gain, seeds):
    of_location = rng.beta(2, 2, size=26)[LOCATION.astype(int)]
    base = np.clip(of_location + rng.normal(size=len(LOCATION)) * 0.2, 0, 1)
    rows, iou = [], {}
    for arm in ("full", "crop"):
        for seed in range(seeds):
            trial = planned(arm=arm, seed=seed)
            rows.append(trial.config.model_dump() | {"trial": trial.trial, "training": trial.training})
            iou[trial.trial] = np.clip(base + rng.normal() * SHIFT + gain * (arm == "crop"), 0, 1)
    trials = pd.DataFrame(rows).assign(arm_digest="arm")
    [found] = contrasts(pd.DataFrame(iou, index=PHOTOGRAPHS), trials, pd.Series(LOCATION, index=PHOTOGRAPHS))
    return found


def test_of_equal_settings_at_most_one_pair_in_twenty_is_called_different():
    assert sum(one.settled for one in called(gain=0.0)) <= 1


def test_a_difference_of_twenty_points_is_found():
    found = called(gain=0.2)
    assert {one.asked for one in found} == {1}
    assert sum(one.verdict == "crop better than full" for one in found) >= 17


def test_with_one_seed_nothing_is_called_better_whatever_the_difference():
    found = called(gain=0.4, seeds=1)
    assert {one.verdict for one in found} == {"trainings differ on these photographs"}
