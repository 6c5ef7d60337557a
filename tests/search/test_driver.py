"""Searches through Ray, as a user starts them: killed in the middle, they end as if undisturbed."""

import os
import shlex
import signal
import time

import pytest

from ablate.results import search_record
from ablate.results.reader import read_rows
from tests import tiny_data
from tests.command import run, start

SPACE = """
from ray import tune
from ablate.spaces.search import Asha, Pbt, Search
from ablate.spaces.space import product

def space():
    return Search(
        cells=product(model=["unet", "segnet"], augment=["jitter"]),
        domains={{"jitter_hue": tune.uniform(0.0, 0.3), "learning_rate": tune.loguniform(1e-5, 1e-1)}},
        samples=4,
        sampler="{sampler}",
        scheduler={scheduler},
    )
"""
RULES = {
    "tpe": {"sampler": "tpe", "scheduler": "Asha(grace=1, reduction=2)"},
    "population": {"sampler": "random", "scheduler": "Pbt(every=2)"},
}


@pytest.fixture(scope="module", params=list(RULES))
def searched(request, tmp_path_factory):
    """A search that was killed when a few of its trials were finished, and then repeated: (arguments, out, before)."""
    folder = tmp_path_factory.mktemp(request.param)
    root = tiny_data.write(folder / "root", train=64, trial_defaults={"epochs": 4, "width": 4, "image_size": 64})
    path = folder / "hunt.py"
    path.write_text(SPACE.format(**RULES[request.param]))
    out = folder / "out"
    arguments = [f"space={path}", f"data={root}", f"out={out}"]
    driver = start("ablate.run", *arguments, log=folder / "killed.log")
    try:
        wait_for_trials(out, driver, 3)
    finally:
        os.kill(driver.pid, signal.SIGKILL)
        driver.wait()
    time.sleep(3)  # the trials outlive their driver by a second or two
    before = {path: path.stat().st_mtime_ns for path in (out / "trials").glob("*.parquet")}
    done = run("ablate.run", *arguments)
    return done, arguments, out, before


def wait_for_trials(out, driver, number, timeout=600.0):
    deadline = time.monotonic() + timeout
    while len(list((out / "trials").glob("[!.]*.parquet"))) < number:
        assert driver.poll() is None, "the run ended before it could be killed"
        assert time.monotonic() < deadline, f"no {number} trials within {timeout} s"
        time.sleep(0.05)


@pytest.mark.slow
def test_no_finished_trial_is_trained_again_and_there_are_as_many_as_were_asked_for(searched):
    done, _, out, before = searched
    assert done.returncode == 0, done.stdout + done.stderr
    assert {path: path.stat().st_mtime_ns for path in before} == before, "a finished trial was run again"
    [found] = search_record.searches(out).values()
    assert [(one.cell, one.number) for one in found] == [(cell, number) for cell in range(2) for number in range(4)]
    assert {one.status for one in search_record.found(out, found)} <= {"done", "stopped"}
    assert f"{8 - len(before)} to run" in done.stdout


@pytest.mark.slow
def test_a_search_repeated_trains_nothing_and_prints_its_history(searched):
    _, arguments, out, _ = searched
    again = run("ablate.run", *arguments)
    assert again.returncode == 0
    assert " 0 to run" in again.stdout
    assert "dashboard" not in again.stdout
    [found] = search_record.searches(out).values()
    assert ("\npython -m ablate.run space=one" in again.stdout) == (not found[0].segments)


@pytest.mark.slow
@pytest.mark.parametrize("searched", ["tpe"], indirect=True)  # the others stop nothing early
def test_a_trial_that_was_stopped_goes_on_from_its_checkpoint_when_it_is_wanted_in_full(searched):
    _, _, out, _ = searched
    [found] = search_record.searches(out).values()
    stopped = [one for one in search_record.found(out, found) if one.status == "stopped"]
    root = out.parent / "root"
    arguments = [
        word for word in shlex.split(search_record.command(stopped[0].member))[3:] if not word.startswith("data=")
    ]
    done = run("ablate.run", *arguments, f"data={root}", f"out={out}")
    assert done.returncode == 0, done.stdout + done.stderr
    [row] = read_rows(out, "trials", [stopped[0].member.trial]).to_pylist()
    assert (row["status"], row["epoch"]) == ("done", 4)
    log = (out / "logs" / f"{stopped[0].member.trial}.log").read_text()
    assert f"continuing after epoch {len(stopped[0].epochs)}" in log
