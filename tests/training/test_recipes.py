"""Recipes, joined arms, frozen features, mean weights and self-training, in trainings of a few small pictures."""

import pytest
import torch

from ablate.augment.recipes import EMPTY, UNLABELLED
from ablate.config import trial_config
from ablate.data import arrays
from ablate.data import root as data
from ablate.training import checkpoint, evaluate, frozen_features, oracle
from ablate.training.loop import Training
from tests import tiny_data

pytestmark = pytest.mark.usefixtures("one_thread")
CPU = torch.device("cpu")
FROZEN = {"model": "unet_timm", "encoder": "resnet18", "freeze_encoder": True, "width": 8}
RECIPES = {
    "paste": {"paste": 0.5},
    "geometric": {"geometric": 1.0},
    "photometric": {"photometric": 1.0},
    "fda": {"fda": 0.05},
    "pasta": {"pasta": 3.0},
    "standardise": {"standardise": True},
    "ema": {"ema": 0.9},
    "rate": {"encoder_rate": 0.1, **FROZEN, "freeze_encoder": False},
    "norm": {"freeze_norm": True, **FROZEN, "freeze_encoder": False},
    "frozen": FROZEN,
    "adapt": {"adapt": "mean_teacher"},
    "together": {"geometric": 0.5, "photometric": 0.5, "paste": 0.5, "adapt": "mean_teacher", "ema": 0.9},
}


def training(root, **fields):
    config = trial_config(tiny_data.TRIAL_DEFAULTS, fields)
    found = data.at(str(root))
    train, val = (arrays.load(found, config.arm, split, config.image_size) for split in ("train", "val"))
    photographs = {
        EMPTY: arrays.load(found, "real", "empty", config.image_size),
        UNLABELLED: arrays.load(found, "real", "test", config.image_size),
    }
    return Training(config, train, val, CPU, photographs=photographs)


def run(learner):
    while not learner.finished:
        learner.run_epoch()
    return learner


def same(one, other):
    return all(torch.equal(value, other[name]) for name, value in one.items())


@pytest.mark.parametrize("name", RECIPES)
def test_a_continued_training_equals_one_that_never_stopped(name, tiny_root, tmp_path):
    fields = {"epochs": 3, "augment": "none", **RECIPES[name]}
    whole, first, second = (
        run(training(tiny_root, **fields)),
        training(tiny_root, **fields),
        training(tiny_root, **fields),
    )
    first.run_epoch()
    saver = checkpoint.Saver()
    saver.save(tmp_path, "t1", "code", first)
    saver.wait()
    torch.manual_seed(12345)
    checkpoint.restore(tmp_path, "t1", "code", second)
    run(second)
    assert [row["train_loss"] for row in second.rows] == [row["train_loss"] for row in whole.rows]
    assert same(whole.weights("last"), second.weights("last"))


@pytest.mark.parametrize("name", [name for name in RECIPES if name not in {"together"}])
def test_each_field_changes_what_is_learned(name, tiny_root):
    base = {"model": "unet_timm", "encoder": "resnet18", "width": 8} if name in {"rate", "norm", "frozen"} else {}
    changed, plain = (run(training(tiny_root, epochs=2, **fields)) for fields in (RECIPES[name], base))
    assert not same(changed.weights("last"), plain.weights("last"))


def test_the_mean_of_the_weights_is_what_is_scored(tiny_root):
    learner = run(training(tiny_root, epochs=2, ema=0.9))
    assert not same(learner.weights("last"), learner.network.state_dict())
    assert same(learner.weights("last"), learner._mean.network.state_dict())


def test_a_slower_encoder_moves_less(tiny_root):
    fields = {"model": "unet_timm", "encoder": "resnet18", "width": 8, "optimizer": "sgd", "epochs": 1}

    def moved(rate):
        learner = training(tiny_root, **fields, encoder_rate=rate)
        before = {name: value.clone() for name, value in learner.network.encoder.named_parameters()}
        run(learner)
        return sum(
            (value - before[name]).abs().sum().item() for name, value in learner.network.encoder.named_parameters()
        )

    assert moved(0.01) < 0.1 * moved(1.0)


def test_features_of_a_frozen_encoder_give_the_training_that_pictures_give(tiny_root, monkeypatch):
    kept = run(training(tiny_root, epochs=2, **FROZEN))
    assert "features" in kept.pictures_on
    monkeypatch.setattr(frozen_features, "_MOST", 0)
    anew = run(training(tiny_root, epochs=2, **FROZEN))
    assert "features" not in anew.pictures_on
    for row, other in zip(kept.rows, anew.rows, strict=True):
        assert row["train_loss"] == pytest.approx(other["train_loss"], rel=1e-4)
        assert row["val_iou"] == pytest.approx(other["val_iou"], abs=0.02)


@pytest.mark.parametrize("fields", [{"augment": "jitter"}, {"geometric": 0.5}, {"freeze_encoder": False}])
def test_features_are_not_kept_where_something_changes(fields, tiny_root):
    assert "features" not in training(tiny_root, **FROZEN | fields).pictures_on


def test_a_frozen_encoder_keeps_nothing_for_a_backward_pass(tiny_root):
    network = training(tiny_root, **FROZEN).network.train()
    assert not any(one.requires_grad for one in network.features(torch.rand(2, 3, 32, 32)))


def test_joined_arms_hold_the_samples_of_both(tiny_root):
    found = data.at(str(tiny_root))
    crop, i2i, both = (arrays.load(found, arm, "train", 32) for arm in ("crop", "i2i", "crop+i2i"))
    assert len(both) == len(crop) + len(i2i)
    assert torch.equal(both.image_n3hw, torch.cat([crop.image_n3hw, i2i.image_n3hw]))
    assert len(found.manifest.joined("i2i+crop")) == 2


def test_the_mirror_image_counts_in_a_flipped_score(tiny_root):
    learner = run(training(tiny_root, epochs=1))
    pictures = arrays.load(data.at(str(tiny_root)), "real", "test", 32)

    def probabilities(**fields):
        config = learner.config.model_copy(update=fields)
        return next(evaluate.probabilities(learner.network, pictures, config, CPU))

    mirrored = type(pictures)(pictures.image_n3hw.flip(-1), pictures.mask_n1hk, pictures.has_mask_n, pictures.meta_n)
    flipped = next(evaluate.probabilities(learner.network, mirrored, learner.config, CPU))
    expected = (probabilities() + flipped[..., ::-1]) / 2
    assert probabilities(test_flip=True) == pytest.approx(expected, abs=1e-6)
    assert probabilities(test_flip=True) != pytest.approx(probabilities(), abs=1e-6)


def test_the_oracle_scores_in_one_way_whatever_the_trial_that_asks(tiny_root):
    learner = run(training(tiny_root, epochs=1))
    pictures = arrays.load(data.at(str(tiny_root)), "real", "test", 32)
    asked = [learner.config.model_copy(update=fields) for fields in ({}, {"test_flip": True}, {"threshold": 0.2})]
    assert len({oracle.score(config, pictures, CPU)(learner.network) for config in asked}) == 1


def test_photographs_that_nothing_is_told_of_change_nothing(tiny_root):
    """The first of eight epochs is within the quarter before self-training."""
    alone, beside = (training(tiny_root, epochs=8, **fields) for fields in ({}, {"adapt": "mean_teacher"}))
    for learner in (alone, beside):
        learner.run_epoch()
    assert same(alone.network.state_dict(), beside.network.state_dict())
