import itertools
import math

import pytest
import torch

from ablate import checkpoint, data, evaluate, pictures
from ablate.config import TrialConfig, trial_config
from ablate.train import NonFiniteLossError, Training, best_epoch, rate_factor
from tests import tiny_data

CPU = torch.device("cpu")
NETWORKS = ("unet", "unet_resnet50", "segnet")


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def training(root, **fields):
    config = trial_config(tiny_data.TRIAL_DEFAULTS, fields)
    train, val = (pictures.load(data.at(str(root)), "crop", split, config.image_size) for split in ("train", "val"))
    return Training(config, train, val, CPU)


def without_times(rows):
    return [{key: value for key, value in row.items() if key not in {"seconds", "images_per_second"}} for row in rows]


@pytest.mark.parametrize("model", NETWORKS)
def test_a_continued_training_equals_one_that_never_stopped(model, tiny_root, tmp_path):
    whole = training(tiny_root, model=model, augment="jitter", epochs=3)
    while not whole.finished:
        whole.run_epoch()

    first = training(tiny_root, model=model, augment="jitter", epochs=3)
    first.run_epoch()
    checkpoint.save(tmp_path, "t1", "code", first)
    second = training(tiny_root, model=model, augment="jitter", epochs=3)
    torch.manual_seed(12345)  # whatever happened to the generator in between must not matter
    assert checkpoint.restore(tmp_path, "t1", "code", second)
    while not second.finished:
        second.run_epoch()

    assert without_times(second.rows) == without_times(whole.rows)
    for name, value in whole.network.state_dict().items():
        assert torch.equal(value, second.network.state_dict()[name]), name


def test_a_network_learns_the_ellipses_and_finds_them_on_photographs(tiny_root):
    learner = training(tiny_root, epochs=12, width=8, schedule="cosine", learning_rate=1e-2)
    before = evaluate.mean_iou(learner.network, photographs(tiny_root), learner.config, CPU)
    while not learner.finished:
        learner.run_epoch()
    assert learner.rows[-1]["val_iou"] > 0.8
    assert evaluate.mean_iou(learner.network, photographs(tiny_root), learner.config, CPU) > max(0.6, before)


def photographs(root):
    return pictures.load(data.at(str(root)), "real", "test", 32)


def test_seed_changes_weights_and_order(tiny_root):
    losses = [training(tiny_root, seed=seed, epochs=1).run_epoch()["train_loss"] for seed in (0, 0, 1)]
    assert losses[0] == losses[1] != losses[2]


def test_a_checkpoint_of_other_code_is_not_continued(tiny_root, tmp_path):
    first = training(tiny_root)
    first.run_epoch()
    checkpoint.save(tmp_path, "t1", "yesterday", first)
    second = training(tiny_root)
    assert not checkpoint.restore(tmp_path, "t1", "today", second)
    assert second.epoch == 0


def test_weights_of_the_best_epoch_are_kept_when_a_later_one_is_worse(tiny_root, tmp_path):
    trained = training(tiny_root, epochs=3)
    kept = []
    while not trained.finished:
        trained.run_epoch()
        kept.append({name: value.clone() for name, value in trained.network.state_dict().items()})
        trained.rows[-1]["val_iou"] = [0.4, 0.6, 0.5][trained.epoch - 1]  # as if the second epoch had been the best
        if trained.epoch == 2:
            trained.best = None
    checkpoint.save_weights(tmp_path, "t1", "code", trained)
    assert best_epoch(trained.rows) == 2
    for selection, epoch in (("last", 3), ("best_val", 2)):
        config = trained.config.model_copy(update={"selection": selection})
        loaded = checkpoint.load_network(tmp_path, "t1", config, CPU).state_dict()
        assert all(torch.equal(loaded[name], value) for name, value in kept[epoch - 1].items())
    assert checkpoint.weights_record(tmp_path, "t1") == ("code", trained.rows)


def test_a_loss_that_is_not_finite_is_an_error_that_says_what_to_change(tiny_root):
    broken = training(tiny_root)
    for parameter in broken.network.parameters():
        parameter.data.fill_(math.nan)
    with pytest.raises(NonFiniteLossError, match=r"lower trial\.learning_rate"):
        broken.run_epoch()


def test_a_batch_larger_than_the_data_is_cut_to_it(tiny_root):
    row = training(tiny_root, batch_size=500, epochs=1).run_epoch()
    assert math.isfinite(row["train_loss"])


def test_the_rate_warms_up_then_falls_to_nothing():
    config = TrialConfig(schedule="cosine", warmup=0.1)
    rates = [rate_factor(config, step, 100) for step in range(100)]
    assert rates[0] == pytest.approx(0.1)
    assert max(rates) == rates[10] == 1.0
    assert rates[99] < 0.001
    assert all(rate_factor(TrialConfig(), step, 100) == 1.0 for step in range(100))


def test_the_oracle_is_recorded_only_when_asked_for(tiny_root):
    asked, silent = training(tiny_root, epochs=1), training(tiny_root, epochs=1)
    assert silent.run_epoch()["oracle_iou"] is None
    assert asked.run_epoch(lambda network: 0.25)["oracle_iou"] == 0.25


def test_shares_of_the_data_are_nested_and_the_same_in_every_arm(tiny_root):
    def sources(arm, fraction):
        part = pictures.load(data.at(str(tiny_root)), arm, "train", 32).part(fraction)
        assert len(part.image_n3hw) == len(part.mask_n1hw) == len(part.has_mask_n) == len(part)
        return {meta["source"] for meta in part.meta_n}

    shares = [sources("crop", fraction) for fraction in (0.01, 0.25, 0.5, 1.0)]
    assert [len(share) for share in shares] == [1, 4, 8, 16]
    assert all(small < large for small, large in itertools.pairwise(shares))
    assert sources("i2i", 0.5) == shares[2]


@pytest.mark.parametrize("loss", ["bce", "dice", "bce_dice"])
def test_every_loss_trains(loss, tiny_root):
    learner = training(tiny_root, loss=loss, epochs=4, width=8, learning_rate=1e-2, train_fraction=0.5)
    rows = [learner.run_epoch() for _ in range(4)]
    assert rows[-1]["train_loss"] < rows[0]["train_loss"]
    assert math.isfinite(rows[-1]["val_loss"])
