"""Contrasts on results whose differences the test chooses."""

import numpy as np
import pytest

from ablate.report import tables
from ablate.report.contrasts import ALL, contrasts
from tests.results_factory import photos, write

LOCATIONS = {str(number): 31 for number in range(12)}
SHOTS = photos(LOCATIONS)


def answers(out):
    """By scope and the names of the two sides."""
    [group] = tables.build(out)
    found = contrasts(group.iou, group.trials, group.location)
    return {(one.scope, *one.question.names): one for one in found}


def iou(base, seed=0, spread=0.05):
    """Location by location, round a mean."""
    rng = np.random.default_rng(seed)
    return {location: float(np.clip(base + rng.normal() * spread, 0.01, 1)) for location in LOCATIONS}


def grid(out, models=("unet", "segnet"), jitter=0.1, shots=SHOTS, **fields):
    for model in models:
        for number, (arm, augment) in enumerate([("full", "none"), ("crop", "none"), ("crop", "jitter")]):
            base = 0.2 + 0.2 * (arm == "crop") + jitter * (augment == "jitter")
            write(out, iou(base, seed=number), of=shots, model=model, arm=arm, augment=augment, **fields)


def test_a_difference_at_every_location_is_found_and_said(tmp_path):
    grid(tmp_path, jitter=0.3)
    found = answers(tmp_path)
    jitter = found[ALL, "jitter", "no jitter"]
    assert jitter.verdict == "jitter better than no jitter"
    assert jitter.effect.mean == pytest.approx(0.3, abs=0.06)
    assert jitter.effect.low > 0.2
    assert jitter.pairs == 2  # crop of both networks
    assert found["U-Net", "crop", "full"].verdict == "crop better than full"


def test_equal_settings_are_not_settled(tmp_path):
    grid(tmp_path)
    assert answers(tmp_path)[ALL, "unet", "segnet"].verdict == "not settled"
    assert answers(tmp_path)[ALL, "unet", "segnet"].p == 1


def test_a_worse_setting_is_called_worse(tmp_path):
    grid(tmp_path, jitter=-0.15)
    assert answers(tmp_path)[ALL, "jitter", "no jitter"].verdict == "no jitter better than jitter"


def test_every_look_of_the_crops_is_compared_with_the_crops(tmp_path):
    for number, (arm, mean) in enumerate({"crop": 0.5, "cut": 0.2, "fda": 0.5}.items()):
        write(tmp_path, iou(mean, seed=number), of=SHOTS, arm=arm)
    found = answers(tmp_path)
    assert set(found) == {(ALL, "cut", "crop"), (ALL, "fda", "crop")}
    assert found[ALL, "cut", "crop"].verdict == "crop better than cut"


def test_too_few_locations_cannot_decide(tmp_path):
    shots = photos({str(number): 31 for number in range(5)})
    grid(tmp_path, jitter=0.3, shots=shots)
    jitter = answers(tmp_path)[ALL, "jitter", "no jitter"]
    assert jitter.p == pytest.approx(2 / 2**5)
    assert jitter.verdict == "cannot be decided with 5 locations"


def test_only_settings_that_differ_in_nothing_else_are_paired(tmp_path):
    write(tmp_path, 0.4, of=SHOTS, augment="none", epochs=5)
    write(tmp_path, 0.6, of=SHOTS, augment="jitter", epochs=20)
    assert answers(tmp_path) == {}


def test_what_only_one_side_reads_does_not_keep_them_apart(tmp_path):
    write(tmp_path, iou(0.4), of=SHOTS, model="unet", width=8)
    write(tmp_path, iou(0.3), of=SHOTS, model="unet_resnet50", encoder_weights="none")
    write(tmp_path, iou(0.6), of=SHOTS, model="unet", width=8, augment="jitter", jitter_hue=0.02)
    found = answers(tmp_path)
    assert found[ALL, "jitter", "no jitter"].pairs == 1
    assert found[ALL, "unet", "unet_resnet50"].pairs == 1


def test_seeds_are_paired_with_their_own(tmp_path):
    for seed in (0, 1, 2):
        write(tmp_path, iou(0.3 + 0.1 * seed), of=SHOTS, seed=seed)
    for seed in (1, 2, 3):
        write(tmp_path, iou(0.4 + 0.1 * seed), of=SHOTS, seed=seed, augment="jitter")
    jitter = answers(tmp_path)[ALL, "jitter", "no jitter"]
    assert jitter.effect.seeds == 2  # 1 and 2
    assert jitter.effect.mean == pytest.approx(0.1)
    assert jitter.pairs == 1
