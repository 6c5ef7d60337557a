import shutil
from dataclasses import replace

import cv2
import numpy as np
import pytest

from ablate.config import RunConfig
from ablate.data import root as data
from ablate.data.manifest import REAL, REVERSE, read_manifest, write_manifest
from ablate.data.shards import read
from ablate.errors import UsageError
from ablate.runner import plan as planning
from ablate.spaces.loader import load_space
from ablate.spaces.space import Space, product
from tests.tiny_data import jpg, write_arm

CROP = product(arm=["crop"], augment=["none", "jitter"])


def plan(tiny_root, space=CROP, **fields):
    return planning.plan(RunConfig(space="given", **fields), space, read_manifest(tiny_root))


def test_layers_take_precedence_from_paper_to_command_line(tiny_root):
    space = product(arm=["crop"], epochs=[7])
    (trial,) = plan(tiny_root, space, trial={"batch_size": 2})
    assert trial.config.learning_rate == 3e-3  # the data's
    assert trial.config.epochs == 7  # the space's, over the data's 2
    assert trial.config.batch_size == 2  # the command line's
    assert trial.config.optimizer == "adam"  # the paper's default


def test_what_trains_on_most_pixels_begins_first_and_the_rest_keeps_its_order(tiny_root, tmp_path):
    trials = plan(tiny_root, product(image_size=[16, 32], arm=["crop"], augment=["none", "jitter"], epochs=[1, 2]))
    work = planning.jobs(RunConfig(space="given"), data.at(str(tiny_root)), tmp_path, trials, {"CPU": 1.0})
    found = [(each.image_size, each.epochs, each.augment) for each in (job.trials[0].config for job in work)]
    assert found == [
        (size, epochs, augment) for size in (32, 16) for epochs in (2, 1) for augment in ("none", "jitter")
    ]


def test_seeds_run_every_trial_again(tiny_root):
    trials = plan(tiny_root, seeds=3)
    assert [trial.config.seed for trial in trials] == [0, 1, 2, 0, 1, 2]
    assert len({trial.trial for trial in trials}) == 6


@pytest.mark.parametrize(
    ("where", "asked"),
    [
        ("arm=crop", [("smoke", False, 2), ("paper_grid", True, 6)]),  # the data lacks i2i
        ("model=segnet arm=crop", [("paper_grid", True, 2)]),
    ],
)
def test_a_run_knows_what_it_asked_of_each_space_that_it_joins_and_smoke_judges_nothing(tiny_root, where, asked):
    found = planning.asked(RunConfig(space="smoke+paper_grid", where=where), read_manifest(tiny_root))
    assert [(one.space, one.judges, len(one.trials)) for one in found] == asked


@pytest.mark.parametrize("space", ["smoke", "paper_grid", "smoke+paper_grid"])
def test_what_a_run_asked_is_the_same_whether_its_plan_is_given_or_made_again(tiny_root, space):
    run, manifest = RunConfig(space=space, where="arm=crop", seeds=2), read_manifest(tiny_root)
    planned = planning.plan(run, load_space(space), manifest)
    assert planning.asked(run, manifest, planned) == planning.asked(run, manifest)


def test_names_say_what_differs(tiny_root):
    assert [trial.name for trial in plan(tiny_root)] == ["unet-crop-s0", "unet-crop-jitter-s0"]
    names = [trial.name for trial in plan(tiny_root, product(learning_rate=[0.1, 0.01]))]
    assert names == ["unet-crop-s0-learning_rate=0.1", "unet-crop-s0-learning_rate=0.01"]


def test_names_say_which_images_are_trained_on(tiny_root):
    space = product(train_names=["", "a/b|c"], train_images=[0, 4])
    names = [trial.name.removeprefix("unet-crop-s0") for trial in plan(tiny_root, space)]
    assert names == ["", "-train_images=4", "-train_names=a/b|c", "-train_names=a/b|c-train_images=4"]
    work = planning.jobs(
        RunConfig(space="given"), data.at(str(tiny_root)), tiny_root, plan(tiny_root, space), {"CPU": 1.0}
    )
    assert [job.trials[0].config.train_images for job in work] == [0, 0, 4, 4]  # what trains on most begins first


def test_a_path_as_a_value_is_named_by_its_file(tiny_root, tmp_path):
    (tmp_path / "mine.safetensors").touch()
    space = product(model=["unet_resnet50"], encoder_weights=["none", str(tmp_path / "mine.safetensors")])
    names = [trial.name for trial in plan(tiny_root, space)]
    assert names == [f"unet_resnet50-crop-s0-encoder_weights={value}" for value in ("none", "mine")]


def test_two_files_of_one_name_are_told_apart(tiny_root, tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "net.py").write_text(f"def build(*, width):\n    return {folder!r}\n")
    names = [trial.name for trial in plan(tiny_root, product(model=[str(tmp_path / f / "net.py") for f in ("a", "b")]))]
    assert len(set(names)) == 2
    assert all(name.startswith("net-crop-s0-s") for name in names)


def test_cells_that_are_the_same_trial_are_planned_once(tiny_root):
    assert len(plan(tiny_root, product(encoder_weights=["none", "imagenet"]))) == 1  # a U-Net reads no encoder weights


def test_trials_that_share_a_training_share_a_job(tiny_root, tmp_path):
    trials = plan(tiny_root, product(threshold=[0.4, 0.5], seed=[0, 1]))
    work = planning.jobs(RunConfig(space="given"), data.at(str(tiny_root)), tmp_path, trials, {"CPU": 1.0})
    assert [[trial.config.threshold for trial in job.trials] for job in work] == [[0.4, 0.5], [0.4, 0.5]]


def test_nothing_is_done_in_an_empty_folder(tiny_root, tmp_path):
    trials = plan(tiny_root)
    assert planning.progress(tmp_path, trials).missing == trials


@pytest.mark.parametrize(
    ("trial", "said"),
    [
        ({"model": "unett"}, "trial.model=unett: unknown; did you mean 'unet'?"),
        ({"model": "nowhere/net.py"}, "there is no such file"),
        ({"arm": "full"}, "trial.arm=full: the data has no such arm; allowed: crop, i2i"),
        ({"augment": "jiter"}, "did you mean 'jitter'?"),
        (
            {"model": "unet_resnet50", "encoder_weights": "absent.pth"},
            "allowed: imagenet, none, pip, hub:ID, or the path",
        ),
        ({"epochs": 0}, "trial.epochs=0: Input should be greater than or equal to 1"),
    ],
)
def test_a_bad_field_is_one_line(tiny_root, trial, said):
    with pytest.raises(UsageError) as caught:
        plan(tiny_root, Space(({},)), trial=trial)
    assert said in str(caught.value)


def test_seeds_and_a_pinned_seed_exclude_each_other(tiny_root):
    with pytest.raises(UsageError, match=r"seeds=2 and trial\.seed=5"):
        plan(tiny_root, seeds=2, trial={"seed": 5})


def test_a_space_may_be_a_file(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text("from ablate.spaces.space import product\n\ndef space():\n    return product(seed=[1, 2])\n")
    assert len(load_space(str(path))) == 2
    path.write_text("nothing = 1\n")
    with pytest.raises(UsageError, match="defines no function space"):
        load_space(str(path))


def test_files_of_spaces_may_import_from_where_spaces_were_before(tmp_path):
    path = tmp_path / "older.py"
    path.write_text(
        "from ray import tune\nfrom ablate.search import Asha, Pbt, Search\nfrom ablate.space import pinned\n\n"
        "def space():\n    return Search(pinned(), {'jitter_hue': tune.uniform(0, 0.5)}, samples=2, scheduler=Asha())\n"
    )
    assert load_space(str(path)).samples == 2


def test_what_a_file_imports_from_where_it_was_before_is_named_with_its_place_now(tmp_path):
    path = tmp_path / "older.py"
    path.write_text("from datasets.config import PrepareConfig\n")
    with pytest.raises(UsageError, match=r"older\.py: imports datasets\.config, which is datasets\.options now"):
        load_space(str(path))


@pytest.mark.parametrize("arm", ["real", "reverse"])
def test_photographs_are_no_training_arm(tiny_root, arm):
    with pytest.raises(UsageError, match=rf"trial\.arm={arm}: photographs, .*allowed: crop, i2i"):
        plan(tiny_root, trial={"arm": arm})


def with_reverse(root, to):
    """A copy of a data root whose photographs are there in another look too: as negatives."""
    shutil.copytree(root, to)
    manifest = read_manifest(to)
    samples = {
        split: [
            replace(sample, jpg=jpg(255 - cv2.imdecode(np.frombuffer(sample.jpg, np.uint8), cv2.IMREAD_COLOR)))
            for sample in read(to, manifest, REAL, split)
        ]
        for split in ("test", "empty")
    }
    write_manifest(to, manifest.model_copy(update={"arms": manifest.arms | {REVERSE: write_arm(to, REVERSE, samples)}}))
    return to


def test_a_reverse_trial_shares_the_training_and_is_scored_on_other_pictures(tiny_root, tmp_path):
    root = with_reverse(tiny_root, tmp_path / "root")
    forward, reverse = plan(root, product(direction=["forward", "reverse"]))
    assert forward.training == reverse.training
    assert forward.trial != reverse.trial
    manifest = read_manifest(root)
    assert [forward.photos_digest, reverse.photos_digest] == [manifest.arm(arm).digest for arm in (REAL, REVERSE)]
    assert [trial.name for trial in (forward, reverse)] == [
        "unet-crop-s0-direction=forward",
        "unet-crop-s0-direction=reverse",
    ]
    assert plan(tiny_root)[0] == plan(root)[0]  # the arm that was added changes no other trial


def test_data_without_translated_photographs_says_how_to_make_them(tiny_root):
    with pytest.raises(UsageError, match=r"^trial\.direction=reverse: the data has no arm 'reverse'.*reverse=true$"):
        plan(tiny_root, trial={"direction": "reverse"})
