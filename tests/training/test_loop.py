import itertools
import math

import pytest
import torch

from ablate.config import TrialConfig, trial_config
from ablate.data import arrays
from ablate.data import root as data
from ablate.data.devices import arithmetic, precision_used
from ablate.errors import UsageError
from ablate.training import checkpoint, evaluate
from ablate.training.best_epoch import best_epoch
from ablate.training.loop import NonFiniteLossError, Training, rate_factor
from tests import tiny_data

CPU = torch.device("cpu")
pytestmark = pytest.mark.usefixtures("one_thread")
NETWORKS = ("unet", "unet_resnet50", "segnet")


def training(root, **fields):
    config = trial_config(tiny_data.TRIAL_DEFAULTS, fields)
    train, val = (arrays.load(data.at(str(root)), "crop", split, config.image_size) for split in ("train", "val"))
    return Training(config, train, val, CPU)


def save(out, code, trained):
    saver = checkpoint.Saver()
    saver.save(out, "t1", code, trained)
    saver.wait()


def without_times(rows):
    return [{key: value for key, value in row.items() if key not in {"seconds", "images_per_second"}} for row in rows]


@pytest.mark.parametrize("model", NETWORKS)
def test_a_continued_training_equals_one_that_never_stopped(model, tiny_root, tmp_path):
    whole = training(tiny_root, model=model, augment="jitter", epochs=3)
    while not whole.finished:
        whole.run_epoch()

    first = training(tiny_root, model=model, augment="jitter", epochs=3)
    first.run_epoch()
    save(tmp_path, "code", first)
    second = training(tiny_root, model=model, augment="jitter", epochs=3)
    torch.manual_seed(12345)  # whatever happened to the generator in between must not matter
    assert checkpoint.restore(tmp_path, "t1", "code", second) == (1, "code")
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
    return arrays.load(data.at(str(root)), "real", "test", 32)


def test_seed_changes_weights_and_order(tiny_root):
    losses = [training(tiny_root, seed=seed, epochs=1).run_epoch()["train_loss"] for seed in (0, 0, 1)]
    assert losses[0] == losses[1] != losses[2]


def test_a_checkpoint_of_other_code_is_not_continued(tiny_root, tmp_path):
    first = training(tiny_root)
    first.run_epoch()
    save(tmp_path, "yesterday", first)
    second = training(tiny_root)
    assert checkpoint.restore(tmp_path, "t1", "today", second) == (1, "yesterday")
    assert second.epoch == 0
    assert checkpoint.restore(tmp_path, "t2", "today", second) is None


def weights(network):
    return {name: value.clone() for name, value in network.state_dict().items()}


def test_weights_of_the_best_epoch_are_kept_when_a_later_one_is_worse(tiny_root, tmp_path):
    """A rate that rises too far: of some seeds an epoch before the last has the highest validation IoU."""
    fields = {"epochs": 6, "optimizer": "sgd", "learning_rate": 1.0, "warmup": 0.99, "width": 8}
    for seed in range(6):
        trained, kept = training(tiny_root, seed=seed, **fields), []
        while not trained.finished:
            trained.run_epoch()
            kept.append(weights(trained.network))
        best = 1 + max(range(6), key=lambda index: trained.rows[index]["val_iou"])
        if 1 < best < 6:
            break
    assert 1 < best < 6, "no seed had its best epoch in the middle"
    assert best_epoch(trained.rows) == best
    checkpoint.save_weights(tmp_path, "t1", "code", trained)
    for selection, epoch in (("last", 6), ("best_val", best)):
        config = trained.config.model_copy(update={"selection": selection})
        loaded = checkpoint.load_network(tmp_path, "t1", config, CPU).state_dict()
        assert all(torch.equal(loaded[name], value) for name, value in kept[epoch - 1].items()), selection
    assert checkpoint.weights_record(tmp_path, "t1") == ("code", trained.rows)


@pytest.mark.parametrize(
    ("val", "best"),
    [((0.2, 0.6, 0.5), 2), ((0.6, 0.6, 0.5), 1), ((0.0, 0.0, 0.0), 3), ((None, None, None), 3), ((0.0, 0.1, 0.1), 2)],
)
def test_where_validation_says_nothing_the_best_epoch_is_the_last(val, best):
    assert best_epoch([{"val_iou": value} for value in val]) == best


def test_without_a_val_split_there_is_no_validation_rather_than_a_bad_one(tiny_root):
    config = trial_config(tiny_data.TRIAL_DEFAULTS)
    train = arrays.load(data.at(str(tiny_root)), "crop", "train", config.image_size)
    nothing = train.at([])
    learner = Training(config, train, nothing, CPU)
    rows = [learner.run_epoch() for _ in range(2)]
    assert [(row["val_loss"], row["val_iou"]) for row in rows] == [(None, None)] * 2
    assert learner.best is None


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


def exactness():
    return torch.backends.cudnn.conv.fp32_precision, torch.backends.cuda.matmul.fp32_precision


def test_float32_is_ieee_forwards_and_backwards_and_only_within_the_training(tiny_root):
    before, seen = exactness(), []
    learner = training(tiny_root, epochs=1, precision="float32")
    learner.network.register_forward_hook(lambda *_: seen.append(exactness()))
    learner.network.head.register_full_backward_hook(lambda *_: seen.append(exactness()))
    row = learner.run_epoch()
    evaluate.mean_iou(learner.network, photographs(tiny_root), learner.config, CPU)
    assert set(seen) == {("ieee", "ieee")}
    assert exactness() == before
    assert row["precision_used"] == "float32"
    assert row["device"].startswith("cpu ")


def test_auto_says_what_it_meant_here_and_what_a_device_lacks_is_refused(tiny_root):
    assert precision_used(TrialConfig(precision="auto"), CPU) == "float32"
    assert precision_used(TrialConfig(precision="auto"), torch.device("cuda")) == "bfloat16"
    assert precision_used(TrialConfig(precision="tf32"), torch.device("cuda")) == "tf32"
    with pytest.raises(UsageError, match=r"trial\.precision=tf32: only GPUs .*trial\.precision=float32"):
        training(tiny_root, precision="tf32").run_epoch()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize(("precision", "error"), [("float32", 1e-5), ("tf32", 1e-3)])
def test_a_gpu_calculates_as_exactly_as_it_is_told(precision, error):
    torch.manual_seed(0)
    image, kernel = torch.randn(2, 64, 32, 32, device="cuda"), torch.randn(64, 64, 3, 3, device="cuda")
    exact = torch.nn.functional.conv2d(image.double(), kernel.double())
    with arithmetic(TrialConfig(precision=precision), torch.device("cuda")):
        found = torch.nn.functional.conv2d(image, kernel).double()
    assert error / 100 < float((found - exact).norm() / exact.norm()) < error


def test_the_oracle_is_recorded_only_when_asked_for(tiny_root):
    asked, silent = training(tiny_root, epochs=1), training(tiny_root, epochs=1)
    assert silent.run_epoch()["oracle_iou"] is None
    assert asked.run_epoch(lambda network: 0.25)["oracle_iou"] == 0.25


def test_shares_of_the_data_are_nested_and_the_same_in_every_arm(tiny_root):
    def sources(arm, fraction):
        part = arrays.load(data.at(str(tiny_root)), arm, "train", 32).part(fraction)
        assert len(part.image_n3hw) == len(part.mask_n1hk) == len(part.has_mask_n) == len(part)
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


def test_a_checkpoint_is_written_beside_the_next_epoch_which_does_not_change_it(tiny_root, tmp_path):
    whole = training(tiny_root, augment="jitter", epochs=3, optimizer="adam")
    whole.run_epoch()
    saver = checkpoint.Saver()
    saver.save(tmp_path, "t1", "code", whole)
    whole.run_epoch()
    saver.wait()
    continued = training(tiny_root, augment="jitter", epochs=3, optimizer="adam")
    assert checkpoint.restore(tmp_path, "t1", "code", continued) == (1, "code")
    continued.run_epoch()
    assert without_times(continued.rows) == without_times(whole.rows)


def test_a_checkpoint_that_cannot_be_written_is_an_error_at_the_next_one(tiny_root, tmp_path):
    (tmp_path / "checkpoints").write_text("a file where the folder should be")
    saver, trained = checkpoint.Saver(), training(tiny_root)
    trained.run_epoch()
    saver.save(tmp_path, "t1", "code", trained)
    with pytest.raises(OSError, match="checkpoints"):
        saver.save(tmp_path, "t1", "code", trained)
    saver.wait()  # nothing is left of it
