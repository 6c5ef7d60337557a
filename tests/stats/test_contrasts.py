"""Contrasts on results whose differences the test chooses."""

import numpy as np
import pytest

from ablate.stats import scores
from ablate.stats.contrasts import ALL
from ablate.stats.summary import differences
from tests.results_factory import SCATTERED, photos, write, write_plan

LOCATIONS = {str(number): 9 for number in range(12)}
SHOTS = photos(LOCATIONS, boxes=SCATTERED)


def answers(out):
    """By scope and the names of the two sides, all trials being of one run."""
    write_plan(out)
    [group] = scores.build(out)
    return {(one.scope, *one.question.names): one for one in differences(group)}


def iou(base, seed=0, spread=0.05):
    """Location by location, round a mean."""
    rng = np.random.default_rng(seed)
    return {location: float(np.clip(base + rng.normal() * spread, 0.01, 1)) for location in LOCATIONS}


def grid(out, models=("unet", "segnet"), jitter=0.1, shots=SHOTS, seeds=2, noise=0.005, **fields):
    rng = np.random.default_rng(9)
    for model in models:
        for number, (arm, augment) in enumerate([("full", "none"), ("crop", "none"), ("crop", "jitter")]):
            base = iou(0.2 + 0.2 * (arm == "crop") + jitter * (augment == "jitter"), seed=number)
            for seed in range(seeds):
                shift = rng.normal() * noise
                trained = {location: float(np.clip(value + shift, 0.01, 1)) for location, value in base.items()}
                write(out, trained, of=shots, model=model, arm=arm, augment=augment, seed=seed, **fields)


def test_a_difference_in_every_training_at_every_location_is_found_and_said(tmp_path):
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
    assert not answers(tmp_path)[ALL, "unet", "segnet"].settled


def test_a_worse_setting_is_called_worse(tmp_path):
    grid(tmp_path, jitter=-0.15)
    jitter = answers(tmp_path)[ALL, "jitter", "no jitter"]
    assert jitter.verdict == "no jitter better than jitter"
    assert jitter.gain.mean == -jitter.effect.mean
    assert (jitter.gain.low, jitter.gain.high) == pytest.approx((-jitter.effect.high, -jitter.effect.low))


def test_every_look_of_the_crops_is_compared_with_the_crops(tmp_path):
    for number, (arm, mean) in enumerate({"crop": 0.5, "cut": 0.2, "fda": 0.5}.items()):
        for seed in range(2):
            write(tmp_path, iou(mean, seed=number), of=SHOTS, arm=arm, seed=seed)
    found = answers(tmp_path)
    assert set(found) == {("U-Net", "cut", "crop"), ("U-Net", "fda", "crop")}  # one network: not all together
    assert found["U-Net", "cut", "crop"].verdict == "crop better than cut"


def test_images_of_two_names_are_compared_with_those_of_each_at_equal_numbers(tmp_path):
    trained = [("forest", 50, 0.3), ("forest", 100, 0.4), ("forest|arid", 100, 0.7), ("", 100, 0.5), ("", 0, 0.9)]
    for number, (names, images, mean) in enumerate(trained):
        for seed in range(3):
            values = iou(mean, seed=number)
            write(tmp_path, values, of=SHOTS, train_names=names, train_images=images, seed=seed)
    found = answers(tmp_path)
    assert {tuple(sides) for _, *sides in found} == {
        ("forest|arid", "forest"),
        ("all images", "forest"),
        ("100 images", "50 images"),
        ("all images", "100 images"),
    }
    assert found["U-Net", "forest|arid", "forest"].verdict == "forest|arid better than forest"
    assert found["U-Net", "forest|arid", "forest"].pairs == 1


def test_one_location_cannot_decide(tmp_path):
    grid(tmp_path, jitter=0.3, shots=photos({"0": 31}))
    jitter = answers(tmp_path)[ALL, "jitter", "no jitter"]
    assert jitter.verdict == "cannot be decided with 1.0 effective locations"
    assert not jitter.decidable


def test_one_seed_decides_nothing_about_a_setting(tmp_path):
    grid(tmp_path, jitter=0.3, seeds=1, noise=0.0)
    found = answers(tmp_path)
    assert found[ALL, "jitter", "no jitter"].verdict == "trainings differ on these photographs"
    assert found[ALL, "unet", "segnet"].verdict == "not settled"
    assert not any(one.settled or one.decidable for one in found.values())


def test_seeds_that_disagree_settle_nothing(tmp_path):
    """Three differences of +0.20, -0.05 and +0.05, each the same everywhere."""
    for seed, shift in enumerate((0.20, -0.05, 0.05)):
        write(tmp_path, iou(0.4), of=SHOTS, seed=seed, arm="full")
        write(tmp_path, iou(0.4 + shift), of=SHOTS, seed=seed, arm="crop")
    crop = answers(tmp_path)["U-Net", "crop", "full"]
    assert crop.verdict == "not settled"
    assert crop.effect.low < 0 < crop.effect.high


def test_intervals_are_as_wide_as_the_number_of_questions_asks(tmp_path):
    grid(tmp_path, jitter=0.0, noise=0.02, seeds=3)
    found = answers(tmp_path)
    everywhere = [one for (scope, *_), one in found.items() if scope == ALL]
    assert {one.asked for one in everywhere} == {3}
    assert {round(one.effect.level, 4) for one in everywhere} == {0.9833, 0.975}  # one settled, then two that are not
    assert [one.settled for one in everywhere] == [one.effect.low * one.effect.high > 0 for one in everywhere]


def test_one_training_scored_in_two_ways_is_one_training(tmp_path):
    """Pairs that share their networks say nothing more of the noise between trainings than one of them."""
    rng = np.random.default_rng(1)
    for arm in ("full", "crop"):
        for seed in range(3):
            values = iou(0.4 + rng.normal() * 0.05)
            for threshold in (0.4, 0.5):
                write(tmp_path, values, of=SHOTS, arm=arm, seed=seed, threshold=threshold, training=f"t-{arm}-{seed}")
    crop = answers(tmp_path)["U-Net", "crop", "full"]
    assert crop.pairs == 2
    single = tmp_path / "single"
    rng = np.random.default_rng(1)
    for arm in ("full", "crop"):
        for seed in range(3):
            write(single, iou(0.4 + rng.normal() * 0.05), of=SHOTS, arm=arm, seed=seed)
    expected = answers(single)["U-Net", "crop", "full"]
    assert (crop.effect.low, crop.effect.high) == pytest.approx((expected.effect.low, expected.effect.high))


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
    jitter = answers(tmp_path)["U-Net", "jitter", "no jitter"]
    assert jitter.effect.seeds == 2  # 1 and 2
    assert jitter.effect.mean == pytest.approx(0.1)
    assert jitter.pairs == 1


def test_settings_without_a_common_seed_are_said_to_have_none_and_no_family_counts_them(tmp_path):
    for seed in range(2):
        write(tmp_path, iou(0.3), of=SHOTS, seed=seed)
        write(tmp_path, iou(0.5), of=SHOTS, seed=seed, arm="full")
        write(tmp_path, iou(0.6), of=SHOTS, seed=seed + 2, augment="jitter")
    found = answers(tmp_path)
    assert found["U-Net", "jitter", "no jitter"].verdict == "no seed in common"
    assert {one.asked for one in found.values()} == {1}


def test_too_few_effective_locations_decide_nothing(tmp_path):
    """One location of 1,000 photographs and three of 10 count as 1.06 equal ones."""
    shots = photos({"a": 1000, "b": 10, "c": 10, "d": 10}, boxes=SCATTERED)
    for seed in range(3):
        write(tmp_path, 0.3, of=shots, seed=seed)
        write(tmp_path, 0.5 + 0.01 * seed, of=shots, seed=seed, augment="jitter")
    jitter = answers(tmp_path)["U-Net", "jitter", "no jitter"]
    assert jitter.effect.low > 0
    assert jitter.verdict == "cannot be decided with 1.1 effective locations"


def test_below_the_best_constant_box_nothing_is_praised(tmp_path):
    grid(tmp_path, jitter=0.3, shots=photos(LOCATIONS))  # with the animal always in one place the box scores 100 %
    worse = answers(tmp_path)[ALL, "crop", "full"]
    assert worse.settled
    assert worse.verdict == "both below the best constant box"
    assert not worse.praised


def recipes(out, settings, seeds=2):
    """Trials of one network that differ in some fields, each setting better than the one before by 0.1."""
    for number, fields in enumerate(settings):
        for seed in range(seeds):
            trained = {location: value + 0.003 * seed for location, value in iou(0.2 + 0.1 * number).items()}
            write(out, trained, of=SHOTS, seed=seed, **{"model": "unet_timm", "arm": "crop"} | fields)


def test_ingredients_are_compared_with_going_without(tmp_path):
    recipes(tmp_path, [{}, {"geometric": 1.0}, {"photometric": 1.0}, {"geometric": 1.0, "photometric": 1.0}])
    found = answers(tmp_path)
    assert found["unet_timm", "geometric", "no geometric"].pairs == 2
    assert found["unet_timm", "geometric", "no geometric"].effect.mean == pytest.approx(0.1, abs=0.01)
    assert found["unet_timm", "photometric", "no photometric"].effect.mean == pytest.approx(0.2, abs=0.01)


def test_frozen_is_compared_with_every_way_of_tuning_and_these_with_scratch(tmp_path):
    scratch = {"encoder_weights": "none"}
    tuned = {"encoder_weights": "pip", "freeze_norm": True, "encoder_rate": 0.1}
    recipes(tmp_path, [scratch, tuned, {"encoder_weights": "pip", "freeze_encoder": True}])
    found = answers(tmp_path)
    assert found["unet_timm", "frozen encoder", "tuned encoder"].effect.mean == pytest.approx(0.1, abs=0.01)
    assert found["unet_timm", "pretraining", "no pretraining"].effect.mean == pytest.approx(0.1, abs=0.01)


def test_self_training_is_compared_with_doing_without_whatever_it_looks_at(tmp_path):
    recipes(tmp_path, [{}, {"adapt": "mean_teacher", "unlabelled": "real"}])
    assert answers(tmp_path)["unet_timm", "adapt", "no adapt"].pairs == 1


def test_encoders_are_compared_each_with_each(tmp_path):
    recipes(tmp_path, [{"encoder": encoder} for encoder in ("a", "b", "c")])
    assert {tuple(names) for _, *names in answers(tmp_path)} == {("a", "b"), ("a", "c"), ("b", "c")}


def test_sources_of_weights_are_told_apart_and_compared(tmp_path):
    recipes(tmp_path, [{"encoder_weights": weights} for weights in ("none", "pip", "imagenet")])
    asked = {tuple(names) for _, *names in answers(tmp_path)}
    assert asked == {("pip", "no pretraining"), ("imagenet", "no pretraining"), ("imagenet", "pip")}


def test_what_looks_at_photographs_is_compared_where_both_look_at_the_same(tmp_path):
    adapted = [{"adapt": "mean_teacher", "unlabelled": which} for which in ("adapt", "real")]
    recipes(tmp_path, [{}, *adapted, *({"fda": 0.02} | fields for fields in adapted)])
    found = answers(tmp_path)
    for which in ("adapt", "real"):
        assert found["unet_timm", f"fda (unlabelled={which})", "no fda"].pairs == 1
        assert found["unet_timm", f"adapt (unlabelled={which})", "no adapt"].pairs == 1


def test_arms_together_are_compared_with_each_of_them(tmp_path):
    recipes(tmp_path, [{"arm": "full"}, {"arm": "crop"}, {"arm": "crop+full"}])
    found = answers(tmp_path)
    assert found["unet_timm", "crop+full", "crop"].effect.mean == pytest.approx(0.1, abs=0.01)
    assert found["unet_timm", "crop+full", "full"].effect.mean == pytest.approx(0.2, abs=0.01)
