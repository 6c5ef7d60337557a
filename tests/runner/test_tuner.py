"""When a run gives up as a whole."""

import pytest
import torch

from ablate.runner import gpu_place
from ablate.runner.actor_deaths import KilledForMemoryError, cause_of_death
from ablate.runner.tuner import SameFailure


def ended(stopper, *reasons):
    for number, reason in enumerate(reasons):
        stopper(str(number), {"failed": reason, "epoch": 0 if reason else 1, "done": True})
    return stopper.stop_all()


@pytest.mark.parametrize("divergence", [True, False])
def test_three_equal_failures_at_the_beginning_end_a_run(divergence):
    stopper = SameFailure(first=3, divergence=divergence)
    assert ended(stopper, *["RuntimeError: no such kernel"] * 3)
    assert stopper.reason == "RuntimeError: no such kernel"


def test_one_that_works_or_fails_otherwise_keeps_it_going():
    assert not ended(SameFailure(first=3, divergence=True), "OSError: a", None, "OSError: a")
    assert not ended(SameFailure(first=3, divergence=True), "OSError: a", "OSError: b", "OSError: a")


def test_trials_too_large_for_the_memory_end_nothing_and_hide_nothing(tmp_path):
    killed = cause_of_death(KilledForMemoryError("killed"), tmp_path / "log").reason
    for large in (gpu_place.reason(torch.OutOfMemoryError()), killed):
        assert not ended(SameFailure(first=3, divergence=True), *[large] * 3)
        assert ended(SameFailure(first=3, divergence=True), *[large] * 3, *["OSError: a"] * 3)


def test_a_search_goes_on_where_its_first_trials_diverge_and_a_grid_does_not():
    same = ["NonFiniteLossError: the training loss of epoch 1 is nan"] * 3
    assert ended(SameFailure(first=3, divergence=True), *same)
    assert not ended(SameFailure(first=3, divergence=False), *same)
