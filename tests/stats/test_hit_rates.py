"""Hit rates over thresholds."""

import numpy as np
import pytest

from ablate.stats import scores
from ablate.stats.hit_rates import hit_rates
from ablate.stats.summary import NOT_TRAINED
from tests.results_factory import photos, write


def found(out):
    [group] = scores.build(out)
    return {(one.network, one.setting): one for one in hit_rates(group)}


def test_it_is_the_share_of_photographs_that_reach_a_threshold(tmp_path):
    write(tmp_path, lambda photo: int(photo.image_id[2:]) / 10, of=photos({"a": 10}))
    rates = found(tmp_path)["U-Net", "crop"].rates([0.1, 0.5, 0.85, 1.0])
    assert rates.tolist() == [0.9, 0.5, 0.1, 0.0]


def test_the_mean_over_all_thresholds_is_the_mean_iou(tmp_path):
    iou = np.random.default_rng(0).random(200)
    write(tmp_path, lambda photo: iou[int(photo.image_id[2:])], of=photos({"a": 200}))
    rates = found(tmp_path)["U-Net", "crop"].rates(np.linspace(0.0005, 0.9995, 1000))
    assert rates.mean() == pytest.approx(iou.mean(), abs=1e-3)


def test_seeds_are_averaged_and_predictions_without_a_network_come_last(tmp_path):
    for seed, iou in enumerate((0.4, 0.6)):
        write(tmp_path, iou, seed=seed)
    rates = found(tmp_path)
    assert rates["U-Net", "crop"].rates([0.5])[0] == 0.5
    assert rates[NOT_TRAINED, "whole image"].rates([0.2, 0.3]).tolist() == [1.0, 0.0]  # its IoU is 0.25
    assert rates[NOT_TRAINED, "best constant box"].rates([0.99])[0] == 1.0
