"""The run command on a data root of a few ellipses, through Ray, as a user starts it."""

import json
import re
import shutil
import time

import pytest
from rich.console import Console

from ablate.config import RunConfig
from ablate.data.manifest import read_manifest
from ablate.errors import UsageError
from ablate.results.reader import read_rows
from ablate.run import _print_one_seed, main
from ablate.runner import plan as planning
from ablate.spaces.loader import load_space
from tests import tiny_data
from tests.command import run, start

SPACE = """
from ablate.spaces.space import product

def space():
    return product(model=["unet"], arm=["crop"], augment=["none", "jitter"])
"""


@pytest.fixture(scope="module")
def space(tmp_path_factory):
    path = tmp_path_factory.mktemp("space") / "two_cells.py"
    path.write_text(SPACE)
    return path


@pytest.fixture(scope="module")
def finished(space, tiny_root, tmp_path_factory):
    """A finished run and the folder of its results."""
    out = tmp_path_factory.mktemp("run") / "results"
    done = run("ablate.run", f"space={space}", f"data={tiny_root}", f"out={out}")
    assert done.returncode == 0, done.stdout + done.stderr
    return done, out


def test_one_seed_ends_with_the_command_that_asks_three_unless_the_seed_was_chosen(finished, space, tiny_root):
    done, out = finished
    command = f"python -m ablate.run space={space} data={tiny_root} out={out}"
    assert f"To ask three: {command} seeds=3" in done.stdout
    chosen = run("ablate.run", f"space={space}", f"data={tiny_root}", f"out={out}", "where=seed=0")
    assert "2 trials, 2 done, 0 to run" in chosen.stdout
    assert "To ask three" not in chosen.stdout


@pytest.mark.parametrize("dry", [True, False])
def test_images_that_the_data_has_not_are_refused_before_anything_is_run(space, tiny_root, tmp_path, dry):
    asked = RunConfig(
        space=str(space), data=str(tiny_root), out=str(tmp_path), trial={"train_names": "forest"}, dry_run=dry
    )
    with pytest.raises(UsageError, match=r"trial\.train_names=forest: none of the 16 source images"):
        main(asked)
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize("state", ["done", "failed"])
def test_more_seeds_are_asked_only_of_what_is_done(tiny_root, state, capsys):
    asked = RunConfig(space="smoke", where="arm=crop")
    trials = planning.plan(asked, load_space("smoke"), read_manifest(tiny_root))
    known = {"done": (), "changed": (), "failed": (), "missing": ()}
    _print_one_seed(Console(), asked, trials, planning.Progress(**known | {state: trials}))
    assert ("To ask three" in capsys.readouterr().out) == (state == "done")


def test_every_trial_leaves_its_rows(finished):
    _, out = finished
    trials = read_rows(out, "trials").to_pylist()
    assert sorted(row["name"] for row in trials) == ["unet-crop-jitter-s0", "unet-crop-s0"]
    assert {row["status"] for row in trials} == {"done"}
    images = read_rows(out, "images").to_pandas()
    assert images.groupby("trial").size().tolist() == [13, 13]  # 10 photographs with an animal, 3 without
    assert images["iou"].notna().sum() == 20
    assert set(images.loc[images["iou"].isna(), "outcome"]) <= {"false_alarm", "quiet"}
    epochs = read_rows(out, "epochs").to_pandas()
    assert epochs.groupby("trial")["epoch"].apply(list).tolist() == [[1, 2], [1, 2]]
    assert set(read_rows(out, "locations").to_pandas()["location"]) == {"34", "41"}


def test_the_output_tells_progress_dashboard_and_tables(finished):
    done, _ = finished
    assert "2 trials, 0 done, 2 to run" in done.stdout
    assert "dashboard  http://127.0.0.1:" in done.stdout
    assert "unet-crop-jitter-s0  done in" in done.stdout
    assert "the data's defaults differ from the paper's: image_size 32 (paper 480)" in done.stdout
    assert "image-weighted" in done.stdout
    assert "macro" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_repeating_the_command_trains_nothing_and_prints_the_same_tables(finished, space, tiny_root):
    first, out = finished
    written = {path: path.stat().st_mtime_ns for path in out.rglob("*.parquet") if path.name != "locations.parquet"}
    again = run("ablate.run", f"space={space}", f"data={tiny_root}", f"out={out}")
    assert again.returncode == 0
    assert "2 trials, 2 done, 0 to run" in again.stdout
    assert "dashboard" not in again.stdout  # Ray is not even started
    assert {path: path.stat().st_mtime_ns for path in written} == written
    tables = first.stdout[first.stdout.index("Table 1") :]
    assert again.stdout[again.stdout.index("Table 1") :] == tables


def test_no_checkpoint_is_left_and_the_run_is_on_record(finished):
    _, out = finished
    assert not list((out / "checkpoints").iterdir())
    assert not list(out.rglob("*.partial"))
    (record,) = (json.loads(path.read_text()) for path in (out / "runs").glob("*.json"))
    assert len(record["trials"]) == 2
    assert record["command"].startswith("python -m ablate.run space=")


def test_dry_run_plans_without_starting_anything(space, tiny_root, tmp_path):
    done = run("ablate.run", f"space={space}", f"data={tiny_root}", f"out={tmp_path / 'out'}", "dry_run=true")
    assert done.returncode == 0
    assert "missing unet-crop-jitter-s0" in done.stdout
    assert not (tmp_path / "out").exists()


def test_a_dry_run_says_how_long_trials_of_a_known_kind_take(finished, space, tiny_root):
    _, out = finished
    planned = run("ablate.run", f"space={space}", f"data={tiny_root}", f"out={out}", "seeds=2", "dry_run=true")
    assert "missing unet-crop-s1" in planned.stdout
    assert re.search(r"; (\d+ min \d\d|[1-9]\d*) s one after the other$", planned.stdout, re.MULTILINE)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["space=papergrid"], "space=papergrid: unknown; did you mean 'paper_grid'?"),
        (["space=smoke", "trial.epochs=x"], "trial.epochs=x: input should be a valid integer"),
        (["space=smoke", "data=nowhere/at/all"], "nowhere/at/all"),
        (["space=smoke", "data={root}", "trial.arm=full"], "the data has no such arm"),
        (["space=smoke", "data={root}", "trial_resources.cpus=1"], "did you mean 'trial_resources.cpu'?"),
        (["space=smoke", "data={truncated}"], "truncated or altered"),
        (["space=smoke", "data={altered}"], "truncated or altered"),
        (["space=smoke", "data={incomplete}"], "the shard is missing"),
    ],
)
def test_bad_input_is_one_line_and_status_2_before_ray_starts(arguments, said, tiny_root, broken_roots, tmp_path):
    arguments = [argument.format(root=tiny_root, **broken_roots) for argument in arguments]
    done = run("ablate.run", *arguments, f"out={tmp_path / 'out'}")
    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert "dashboard" not in done.stdout


@pytest.fixture(scope="module")
def broken_roots(tiny_root, tmp_path_factory):
    """Copies of the data root with one shard truncated, altered in one byte, and removed."""
    roots = {}
    for damage in ("truncated", "altered", "incomplete"):
        root = tmp_path_factory.mktemp(damage) / "root"
        shutil.copytree(tiny_root, root)
        shard = root / "crop" / "train-000000.tar"
        content = shard.read_bytes()
        shard.chmod(0o644)
        if damage == "truncated":
            shard.write_bytes(content[:-2048])
        elif damage == "altered":
            middle = len(content) // 2
            shard.write_bytes(content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :])
        else:
            shard.unlink()
        roots[damage] = root
    return roots


def test_tiny_data_is_written_the_same_every_time(tiny_root, tmp_path):
    assert (tiny_data.write(tmp_path) / "manifest.json").read_bytes() == (tiny_root / "manifest.json").read_bytes()


NETWORK = """
from torch import nn

def build(*, width):
    network = nn.Sequential(nn.Conv2d(3, width, 3, padding=1), nn.ReLU(), nn.Conv2d(width, 1, 3, padding=1))
    return network
"""


@pytest.mark.slow
def test_code_that_changes_under_a_run_is_told_and_marks_its_rows(tiny_root, tmp_path):
    """As on a node whose code is another one: the file changes after the plan is written, before a trial starts."""
    network, out, log = tmp_path / "net.py", tmp_path / "out", tmp_path / "log"
    network.write_text(NETWORK)
    arguments = ("space=one", f"trial.model={network}", "trial.arm=crop", f"data={tiny_root}", f"out={out}")
    driver = start("ablate.run", *arguments, log=log)
    while not [*out.glob("runs/*.json")]:
        assert driver.poll() is None, log.read_text()
        time.sleep(0.05)
    network.write_text(NETWORK.replace("nn.ReLU", "nn.GELU"))
    assert driver.wait(timeout=240) == 0, log.read_text()
    said = log.read_text()
    assert "net-crop-s0  runs other code than was planned with" in said
    assert "by other code than was planned with, which changed meanwhile or differs between nodes: net-crop-s0" in said
    [row] = read_rows(out, "trials").to_pylist()
    network.write_text(NETWORK)
    done = run("ablate.run", *arguments)
    assert "1 done by other code than today's (shown as they are); rerun=changed repeats them" in done.stdout
    assert read_rows(out, "trials").to_pylist() == [row]
