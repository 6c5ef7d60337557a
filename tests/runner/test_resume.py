"""kill -9 of the driver in the middle of an epoch, with two trials at once: the same command ends as if undisturbed."""

import os
import re
import signal
import time

import pytest

from tests import tiny_data
from tests.command import run, start
from tests.rows import rows

SPACE = """
from ablate.spaces.space import product

def space():
    return product(model=["unet_resnet50", "segnet"], arm=["crop"], augment=["jitter"])
"""
EPOCHS = 5


@pytest.fixture(scope="module")
def arguments(tmp_path_factory):
    """Data on which an epoch takes about a second, and a space of two networks with jitter."""
    folder = tmp_path_factory.mktemp("resume")
    slow = {"epochs": EPOCHS, "width": 8, "image_size": 64}
    root = tiny_data.write(folder / "root", train=80, trial_defaults=slow)
    (folder / "two.py").write_text(SPACE)
    return [f"space={folder / 'two.py'}", f"data={root}"]


def logged_epochs(out):
    """Finished epochs by log file: each is a line of JSON."""
    return {path.stem: path.read_text().count('{"epoch"') for path in (out / "logs").glob("*.log")}


@pytest.mark.slow
def test_killed_and_repeated_equals_undisturbed(arguments, tmp_path):
    undisturbed, killed = tmp_path / "undisturbed", tmp_path / "killed"
    done = run("ablate.run", *arguments, f"out={undisturbed}")
    assert done.returncode == 0, done.stdout + done.stderr

    for attempt in range(2):
        driver = start("ablate.run", *arguments, f"out={killed}", log=tmp_path / f"attempt{attempt}.log")
        wait_until_inside_an_epoch(killed, driver, minimum=1 + attempt * 3)
        os.kill(driver.pid, signal.SIGKILL)
        driver.wait()
        time.sleep(3)  # the trials outlive their driver by a second or two

    before = {path: path.stat().st_mtime_ns for path in (killed / "trials").glob("*.parquet")}
    done = run("ablate.run", *arguments, f"out={killed}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert {path: path.stat().st_mtime_ns for path in before} == before, "a finished trial was run again"

    logs = "".join(path.read_text() for path in (killed / "logs").glob("*.log"))
    assert re.search(r"continuing after epoch [1-9]", logs), (
        "nothing was continued: the kill came too early or too late"
    )
    for table in ("images", "epochs"):
        assert rows(undisturbed, table).equals(rows(killed, table))


def wait_until_inside_an_epoch(out, driver, minimum, timeout=600.0):
    """Returns about half an epoch after some trial has finished one, with another running beside it."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        assert driver.poll() is None, "the run ended before it could be killed"
        epochs = logged_epochs(out)
        running = [count for count in epochs.values() if count < EPOCHS]
        if sum(epochs.values()) >= minimum and len(running) >= 2 and any(running):
            time.sleep(0.3)
            return
        time.sleep(0.05)
    raise AssertionError(f"no epoch was finished within {timeout} s: {logged_epochs(out)}")
