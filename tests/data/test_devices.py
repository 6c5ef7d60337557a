"""What a process may take of a GPU, and when it can do nothing more on one; by what torch tells, without a GPU."""

import pytest
import torch

from ablate.data.devices import BrokenDeviceError, require_whole, room

CUDA = torch.device("cuda")


@pytest.fixture
def card(monkeypatch):
    """A card of 16 bytes, 6 of them free; torch keeps 3 for this process, which uses 1 of them."""
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (6, 16))
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda device: 3)
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda device: 1)


def test_what_torch_keeps_for_a_process_is_free_to_it(card):
    assert room(CUDA, 1.0) == 8


def test_of_several_trials_on_one_card_each_takes_no_more_than_its_share(card):
    assert room(CUDA, 0.25) == 3


def test_what_others_hold_of_a_card_is_no_room(monkeypatch):
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (2, 16))
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda device: 0)
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda device: 0)
    assert room(CUDA, 0.5) == room(CUDA, 1.0) == 2


def test_a_full_card_is_not_a_broken_one(monkeypatch):
    def full(*size, device):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(torch, "ones", full)
    require_whole(CUDA, torch.OutOfMemoryError("CUDA out of memory"))


def test_a_broken_context_is_told_by_the_error_that_broke_it(monkeypatch):
    def broken(*size, device):
        raise RuntimeError("CUDA error: device-side assert triggered")

    monkeypatch.setattr(torch, "ones", broken)
    with pytest.raises(BrokenDeviceError, match=r"^the GPU is lost to this process: index out of bounds$"):
        require_whole(CUDA, RuntimeError("index out of bounds\nand much more"))
    with pytest.raises(BrokenDeviceError, match=r"AssertionError$"):
        require_whole(CUDA, AssertionError())
    require_whole(torch.device("cpu"), RuntimeError("whatever"))
