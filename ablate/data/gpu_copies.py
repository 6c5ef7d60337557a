"""Rows of arrays in the host's memory as batches on a GPU, copied while it computes on those before them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from functools import cache

import torch
from torch import Tensor

from ablate.data.thread_map import thread_map

_AHEAD = 2  # batches


def gpu_copies(array_n: Sequence[Tensor], index_b: Iterable[Tensor], device: torch.device) -> Iterator[list[Tensor]]:
    """For each batch of row numbers these rows of every array, on the GPU. The host never waits for the GPU.

    Args:
        array_n: in the host's memory, of the same length.
    """
    copies = _stream(device)

    def copied(index_b: Tensor) -> tuple[list[Tensor], torch.cuda.Event]:
        # The allocator of pinned memory uses a block again only when the copies out of it have ended.
        pinned = [_pinned_rows(array, index_b) for array in array_n]
        with torch.cuda.stream(copies):
            there = [array.to(device, non_blocking=True) for array in pinned]
            return there, copies.record_event()

    with closing(thread_map(copied, index_b, threads=1, ahead=_AHEAD)) as batches:
        for there, ready in batches:
            current = torch.cuda.current_stream(device)
            current.wait_event(ready)
            for array in there:
                array.record_stream(current)  # its memory is not given to a later copy before this stream is done
            yield there


@cache
def _stream(device: torch.device) -> torch.cuda.Stream:
    """One for the whole process: memory that was used on a stream is kept for that one."""
    return torch.cuda.Stream(device)  # type: ignore[no-untyped-call]


def _pinned_rows(array_n: Tensor, index_b: Tensor) -> Tensor:
    out_b = torch.empty((len(index_b), *array_n.shape[1:]), dtype=array_n.dtype, pin_memory=True)
    return torch.index_select(array_n, 0, index_b, out=out_b)
