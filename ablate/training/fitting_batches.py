"""FittingBatches as large as the device's memory allows."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Protocol, TypeVar

import torch
from torch import Tensor

from ablate.data.devices import is_out_of_memory

T = TypeVar("T")

_LOG = logging.getLogger(__name__)


class OnDevice(Protocol):
    """Pictures, or what was made of them."""

    def __len__(self) -> int: ...

    @property
    def device(self) -> torch.device:
        """Where they lie."""
        ...


class FittingBatches:
    """Goes through pictures in batches; smaller ones from the first that does not fit into the GPU's memory.

    Attributes:
        size: pictures in a batch, at most.
    """

    def __init__(self, size: int) -> None:
        self.size = size

    def each(self, pictures: OnDevice, work: Callable[[Tensor], T]) -> Iterator[tuple[Tensor, T]]:
        """All pictures in order: the indices of each batch, where the pictures lie, and what `work` makes of them.

        Raises:
            torch.OutOfMemoryError: one picture alone does not fit.
        """
        index_n = torch.arange(len(pictures), device=pictures.device)
        start = 0
        while start < len(index_n):
            index_b = index_n[start : start + self.size]
            try:
                result = work(index_b)
            except RuntimeError as error:
                if len(index_b) == 1 or not is_out_of_memory(error):
                    raise
                self.size = len(index_b) // 2
                _LOG.warning(
                    "%d pictures do not fit into the GPU's memory; going on in batches of %d", len(index_b), self.size
                )
                continue  # the exception is let go of, and what its frames hold
            yield index_b, result
            start += len(index_b)
