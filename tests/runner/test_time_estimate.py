"""What is known of the time that trials take."""

from ablate.runner.time_estimate import seconds
from tests.results_factory import photos, planned, write, write_failed

SHOTS = photos({"a": 2})


def done(out, train, **config):
    return write(out, of=SHOTS, ran={"train_seconds": float(train), "score_seconds": 1.0}, **config)


def test_a_trial_takes_what_half_of_its_kind_took_at_most(tmp_path):
    for seed, train in enumerate((10, 20, 90)):
        done(tmp_path, train, model="unet", seed=seed)
    done(tmp_path, 500, model="segnet")
    unet, segnet = planned(model="unet", seed=7), planned(model="segnet", seed=7)
    assert seconds(tmp_path, [unet, unet, segnet]) == 21 + 21 + 501


def test_nothing_is_said_where_one_kind_has_never_finished(tmp_path):
    done(tmp_path, 10, model="unet")
    write_failed(tmp_path, model="segnet")
    assert seconds(tmp_path, [planned(model="unet", seed=1), planned(model="segnet", seed=1)]) is None
    assert seconds(tmp_path, [planned(model="unet", epochs=3)]) is None
    assert seconds(tmp_path / "nowhere", [planned()]) is None


def test_a_field_that_a_network_does_not_read_makes_no_other_kind(tmp_path):
    done(tmp_path, 10, model="unet", encoder="resnet18")
    done(tmp_path, 40, model="unet_timm", encoder="resnet18")
    assert seconds(tmp_path, [planned(model="unet", encoder="resnet50")]) == 11
    assert seconds(tmp_path, [planned(model="unet_timm", encoder="resnet50")]) is None


def test_trials_whose_time_nobody_knows_tell_nothing(tmp_path):
    write(tmp_path, of=SHOTS)
    assert seconds(tmp_path, [planned(seed=1)]) is None
    done(tmp_path, 10, seed=2)
    assert seconds(tmp_path, [planned(seed=1)]) == 11
