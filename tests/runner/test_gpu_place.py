"""Trials on shares of one GPU, as processes without one: who works beside whom, and who waits."""

import multiprocessing
import os
import queue

import pytest
import torch

from ablate.runner.gpu_place import GpuPlace, is_out_of_memory, reason

FULL = torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.\nand much more")
PATIENCE = 60.0  # seconds, for what is to happen
A_WHILE = 0.5  # seconds, in which what must not happen would


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("ABLATE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")


def obey(commands, answers, gpu):
    """A trial's process: does what it is told, and says so when it has."""
    place = GpuPlace(gpu)
    for command in iter(commands.get, "end"):
        if command == "out of memory":
            answers.put(place.crowded_out(FULL))
        else:
            getattr(place, command)()
            answers.put(command)


class Trial:
    def __init__(self, gpu=0.5):
        context = multiprocessing.get_context("spawn")
        self.commands, self.answers = context.Queue(), context.Queue()
        self.process = context.Process(target=obey, args=(self.commands, self.answers, gpu), daemon=True)
        self.process.start()

    def does(self, command):
        self.commands.put(command)
        return self.has_done()

    def has_done(self):
        return self.answers.get(timeout=PATIENCE)

    def waits(self):
        with pytest.raises(queue.Empty):
            self.answers.get(timeout=A_WHILE)
        return True


@pytest.fixture
def trials():
    started = []

    def start(*gpus):
        started.extend(map(Trial, gpus))
        return started

    yield start
    for one in started:
        one.process.kill()
        one.process.join()


def test_one_that_runs_out_of_memory_waits_for_the_others_and_newcomers_wait_for_it(trials):
    crowded, beside, newcomer = trials(0.5, 0.5, 0.5)
    assert crowded.does("take") == beside.does("take") == "take"
    assert crowded.does("out of memory")
    crowded.commands.put("take")
    assert crowded.waits()
    newcomer.commands.put("take")
    assert newcomer.waits()
    beside.does("leave")
    assert crowded.has_done() == "take"
    assert newcomer.waits()
    assert not crowded.does("out of memory")  # alone: a failure as any other
    crowded.does("leave")
    assert newcomer.has_done() == "take"


def test_two_that_run_out_of_memory_come_one_after_the_other(trials):
    both = trials(0.5, 0.5)
    for one in both:
        one.does("take")
        assert one.does("out of memory")
    first, second = both
    first.commands.put("take")
    assert first.waits()
    second.commands.put("take")  # and thereby makes room for the first
    assert first.has_done() == "take"
    assert second.waits()
    first.does("leave")
    assert second.has_done() == "take"


def test_a_place_ends_with_the_process_that_has_it(trials):
    crowded, killed = trials(0.5, 0.5)
    crowded.does("take")
    killed.does("take")
    assert crowded.does("out of memory")
    crowded.commands.put("take")
    assert crowded.waits()
    killed.process.kill()
    assert crowded.has_done() == "take"


@pytest.mark.parametrize("gpu", [0.0, 1.0, 2.0])
def test_a_trial_with_whole_gpus_or_none_never_waits_and_is_never_crowded_out(gpu, tmp_path):
    one, other = GpuPlace(gpu), GpuPlace(gpu)
    for place in (one, other):
        place.take()
        assert not place.crowded_out(FULL)
        place.take()
    assert one.share == min(gpu, 1.0)
    assert not (tmp_path / "cache").exists()


def test_alone_the_whole_gpu_is_its_share():
    place = GpuPlace(0.25)
    place.take()
    assert place.share == 0.25
    assert not place.crowded_out(ValueError("something else"))
    assert place.crowded_out(FULL)
    place.take()
    assert place.share == 1.0
    place.leave()


def test_trials_on_other_gpus_are_not_waited_for(monkeypatch):
    alone = GpuPlace(0.5)
    alone.take()
    alone.crowded_out(FULL)
    alone.take()
    monkeypatch.setitem(os.environ, "CUDA_VISIBLE_DEVICES", "1")
    elsewhere = GpuPlace(0.5)
    elsewhere.take()
    alone.leave()
    elsewhere.leave()


@pytest.mark.parametrize(
    ("error", "is_one"),
    [
        (FULL, True),
        (RuntimeError("CUDA error: out of memory"), True),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"), True),
        (RuntimeError("CUDA error: device-side assert triggered"), False),
        (ValueError("CUDA error: out of memory"), False),
    ],
)
def test_what_is_out_of_memory(error, is_one):
    assert is_out_of_memory(error) == is_one


def test_the_reason_says_what_to_type():
    assert reason(FULL) == (
        "OutOfMemoryError: too large for the GPU's memory; lower trial.batch_size= or trial.image_size="
    )
    assert reason(ValueError("one\ntwo")) == "ValueError: one"
