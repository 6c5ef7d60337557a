"""The order of what is asked of CUDA, with a stand-in for its streams; where there is a GPU, test_arrays.py uses it."""

import contextlib
import threading

import pytest
import torch

from ablate.data import gpu_copies

CPU = torch.device("cpu")


class Stream:
    """Remembers its events, and those that it was told to wait for."""

    def __init__(self, device):
        self.recorded, self.awaited = [], []

    def record_event(self):
        self.recorded.append(threading.current_thread().name)
        return len(self.recorded)

    def wait_event(self, event):
        self.awaited.append(event)


@pytest.fixture
def current(monkeypatch):
    """The stream that computes."""
    stream, empty = Stream(CPU), torch.empty

    def unpinned(*size, pin_memory, **kind):
        assert pin_memory
        return empty(*size, **kind)

    monkeypatch.setattr(torch.cuda, "Stream", Stream)
    monkeypatch.setattr(torch.cuda, "stream", lambda stream: contextlib.nullcontext())
    monkeypatch.setattr(torch.cuda, "current_stream", lambda device: stream)
    monkeypatch.setattr(torch, "empty", unpinned)
    monkeypatch.setattr(torch.Tensor, "record_stream", lambda self, stream: stream.recorded.append(self.shape))
    gpu_copies._stream.cache_clear()
    yield stream
    gpu_copies._stream.cache_clear()


def test_every_batch_is_waited_for_on_the_stream_that_computes_and_kept_until_it_is_done(current):
    arrays = torch.arange(20).reshape(10, 2), torch.arange(10)
    batches = torch.tensor([3, 1, 4, 1, 5, 9, 2]).split(3)
    copies = gpu_copies.gpu_copies(arrays, batches, CPU)
    for number, (index_b, there) in enumerate(zip(batches, copies, strict=True), 1):
        assert all(torch.equal(copy, array[index_b]) for copy, array in zip(there, arrays, strict=True))
        assert current.awaited == [*range(1, number + 1)]
        assert current.recorded[-2:] == [copy.shape for copy in there]


def test_an_error_of_the_thread_reaches_whoever_takes_the_batches(current):
    with pytest.raises(IndexError):
        [*gpu_copies.gpu_copies([torch.arange(10)], [torch.tensor([1]), torch.tensor([10])], CPU)]


def test_its_thread_ends_with_the_iterator(current):
    before = threading.active_count()
    copies = gpu_copies.gpu_copies([torch.arange(10)], torch.arange(10).split(1), CPU)
    next(copies)
    assert threading.active_count() == before + 1
    copies.close()
    assert threading.active_count() == before
