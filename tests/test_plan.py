import pytest

from ablate import data
from ablate import plan as planning
from ablate.config import RunConfig
from ablate.errors import UsageError
from ablate.shards import read_manifest
from ablate.space import Space, product

CROP = product(arm=["crop"], augment=["none", "jitter"])


def plan(tiny_root, space=CROP, **run):
    return planning.plan(RunConfig(space="given", **run), space, read_manifest(tiny_root))


def test_layers_take_precedence_from_paper_to_command_line(tiny_root):
    space = product(arm=["crop"], epochs=[7])
    (trial,) = plan(tiny_root, space, trial={"batch_size": 2})
    assert trial.config.learning_rate == 3e-3  # the data's
    assert trial.config.epochs == 7  # the space's, over the data's 2
    assert trial.config.batch_size == 2  # the command line's
    assert trial.config.optimizer == "adam"  # the paper's default


def test_seeds_run_every_trial_again(tiny_root):
    trials = plan(tiny_root, seeds=3)
    assert [trial.config.seed for trial in trials] == [0, 1, 2, 0, 1, 2]
    assert len({trial.trial for trial in trials}) == 6


def test_names_say_what_differs(tiny_root):
    assert [trial.name for trial in plan(tiny_root)] == ["unet-crop-s0", "unet-crop-jitter-s0"]
    names = [trial.name for trial in plan(tiny_root, product(learning_rate=[0.1, 0.01]))]
    assert names == ["unet-crop-s0-learning_rate=0.1", "unet-crop-s0-learning_rate=0.01"]


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
    run = RunConfig(space="given")
    trials = plan(tiny_root, product(threshold=[0.4, 0.5], seed=[0, 1]))
    work = planning.jobs(run, data.at(str(tiny_root)), tmp_path, trials, {"CPU": 1.0})
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
        ({"model": "unet_resnet50", "encoder_weights": "absent.pth"}, "allowed: imagenet, none, or the path"),
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
    path.write_text("from ablate.space import product\n\ndef space():\n    return product(seed=[1, 2])\n")
    assert len(planning.load_space(str(path))) == 2
    path.write_text("nothing = 1\n")
    with pytest.raises(UsageError, match="defines no function space"):
        planning.load_space(str(path))


@pytest.mark.parametrize("arm", ["real", "reverse"])
def test_photographs_are_no_training_arm(tiny_root, arm):
    with pytest.raises(UsageError, match=rf"trial\.arm={arm}: photographs, .*allowed: crop, i2i"):
        plan(tiny_root, trial={"arm": arm})
