"""Every script of benchmarks/ that compares contenders runs, at a size that says nothing, and writes what it found."""

import json

import numpy as np
import pytest

from ablate.data.manifest import read_manifest
from benchmarks.alternate import Turn, compare
from benchmarks.growth import exponents
from benchmarks.held_out_look import farthest
from tests.command import run

SHORT = ("rounds=1", "seconds=0.01")
SMALL = ("images=16", "trial.batch_size=4", "trial.width=2", *SHORT)
COMMANDS = {
    "step": ("networks=unet", "workers=1", "trial.image_size=32", *SMALL),
    "input": ("size=32", "workers=0,1", *SMALL),
    "jitter": ("sizes=16", "compile=false", *SHORT),
    "components": ("size=64", *SHORT),
    "growth": ("images=8,16", "trials=15,30", "rows=100,1000"),
    "runner": ("space=smoke",),
    "scale": ("planning=40,80", "trials=4,8", "results=15,30"),
    "render": ("size=48x32", "biomes=snow", "large=false", *SHORT),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", COMMANDS)
def test_a_benchmark_runs_and_writes_its_figures(name, tmp_path):
    if name == "render":
        pytest.importorskip("mitsuba", reason="mitsuba is not installed: pip install -e '.[render]'")
    to = tmp_path / "found.json"
    done = run(f"benchmarks.{name}", *COMMANDS[name], f"to={to}")
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(to.read_text())
    assert {"load_before", "load_after", "cores"} <= found["machine"].keys()
    assert len(found) > 1


def test_what_is_no_setting_runs_nothing_and_shows_what_is_one():
    shown, refused = run("benchmarks.growth", "--help"), run("benchmarks.growth", "trials")
    assert (shown.returncode, refused.returncode) == (0, 1)
    assert shown.stdout == refused.stdout
    assert "python -m benchmarks.growth [images=" in shown.stdout
    assert refused.stderr == "trials: settings are typed as name=value\n"


def test_ratios_are_taken_round_by_round():
    turns = {
        "a": [Turn(10, 1, 2), Turn(10, 2, 2), Turn(10, 4, 2)],  # ever slower, as is the other
        "b": [Turn(20, 1, 1), Turn(30, 2, 1), Turn(20, 4, 1)],
    }
    found = compare(turns, against="a")
    assert found["a"]["ratio"] == 1
    assert [found["b"][name] for name in ("ratio_min", "ratio", "ratio_max", "cpu_ratio")] == [2, 2, 3, 4]


def test_what_grows_with_the_square_has_an_exponent_of_two():
    assert exponents([10, 100, 1000], [1, 100, 10_000]) == pytest.approx((2, 2))


def test_what_is_unlike_the_rest_is_held_out_whatever_the_units_of_its_features():
    looks_nf = np.random.default_rng(0).normal(size=(100, 4))
    looks_nf[[3, 50], [0, 2]] = 9, -9
    assert np.flatnonzero(farthest(looks_nf * [1, 100, 0.01, 5] + 7, 0.02)).tolist() == [3, 50]


@pytest.mark.slow
def test_the_demo_is_validated_on_another_look_and_on_no_image_that_it_trains_on(tmp_path):
    done = run("benchmarks.held_out_look", f"to={tmp_path / 'look'}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "55 of 364 images are held out" in done.stdout
    manifest = read_manifest(tmp_path / "look")
    assert (manifest.count("full", "train"), manifest.count("full", "val")) == (245, 50)  # those with an animal
    refused = run("benchmarks.held_out_look")
    assert refused.returncode == 1
    assert refused.stderr == "to=: missing; --help says what it is\n"
