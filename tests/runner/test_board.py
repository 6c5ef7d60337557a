import io
import time

import pytest
from rich.console import Console

from ablate.config import RunConfig
from ablate.data import root
from ablate.data.manifest import read_manifest
from ablate.runner.board import Board
from ablate.runner.plan import jobs, plan
from ablate.spaces.space import product


@pytest.fixture
def work(tiny_root, tmp_path):
    run = RunConfig(space="given")
    trials = plan(run, product(augment=["none", "jitter"]), read_manifest(tiny_root))
    return jobs(run, root.at(str(tiny_root)), tmp_path, trials, {"CPU": 1.0})


def report(epoch, **more):
    return {"epoch": epoch, "val_iou": 0.25 * epoch, "images_per_second": 50.0, "seconds": 2.0, "done": False} | more


def test_lines_say_what_started_and_how_it_ended(work):
    text = io.StringIO()
    with Board(work, Console(file=text, width=60)) as board:
        board.started("unet-crop-s0")
        board.reported("unet-crop-s0", report(1))
        board.reported("unet-crop-s0", report(2, done=True, failed=None))
        board.reported("unet-crop-jitter-s0", report(0, done=True, failed="RuntimeError: no such layer"))
    lines = text.getvalue().splitlines()
    assert any(line.endswith("unet-crop-s0  started") for line in lines)
    assert any("unet-crop-s0  done in 0 s: 2 epochs, val IoU 50.0 %" in line for line in lines)
    assert any("unet-crop-jitter-s0  failed: RuntimeError: no such layer" in line for line in lines)


def test_time_left_is_told_once_an_epoch_has_been_seen(work):
    board = Board(work, Console(file=io.StringIO()))
    assert "not known yet" in board.summary()
    board.started("unet-crop-s0")
    board.reported("unet-crop-s0", report(1))
    assert "about 6 s left" in board.summary()  # three of four epochs of two seconds, one trial at a time


def test_a_terminal_shows_each_running_trial_and_the_summary(work):
    text = io.StringIO()
    with Board(work, Console(file=text, width=100, force_terminal=True)) as board:
        board.started("unet-crop-s0")
        board.reported("unet-crop-s0", report(1))
        time.sleep(1.2)  # the board is drawn twice a second
    assert "unet-crop-s0" in text.getvalue()
    assert "1/2" in text.getvalue()
    assert "0 of 2 trials" in text.getvalue()


def test_a_trial_that_runs_other_code_than_was_planned_with_is_named_once(work):
    text = io.StringIO()
    with Board(work, Console(file=text, width=60)) as board:
        board.reported("unet-crop-s0", report(1, code_digest=work[0].trials[0].code))
        for epoch in (1, 2):
            board.reported("unet-crop-jitter-s0", report(epoch, code_digest="another"))
    [line] = [line for line in text.getvalue().splitlines() if "other code" in line]
    assert "unet-crop-jitter-s0  runs other code than was planned with" in line


def test_what_was_not_heard_of_for_long_is_said(work, monkeypatch):
    board = Board(work, Console(file=io.StringIO()))
    assert board._running_lines() == [
        "    none runs: a process is being started, or they wait for free cores or GPUs (ray status)"
    ]
    board.started("unet-crop-s0")
    board.reported("unet-crop-s0", report(1))
    now = time.monotonic()
    for later, said in ((19, False), (70, True)):
        monkeypatch.setattr("ablate.runner.board.time.monotonic", lambda later=later: now + later)
        assert ("nothing heard for 1 min 10 s" in board._running_lines()[0]) == said
