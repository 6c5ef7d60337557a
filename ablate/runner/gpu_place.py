"""A trial's place on a GPU: beside others on a share of it, or alone once its memory has not sufficed for all.

<cache>/locks/gpus/<node>-<gpu>           locked shared by each trial on a share, exclusively by one that is alone
<cache>/locks/gpus/<node>-<gpu>.entrance  locked while one waits for the other: who comes later waits behind
"""

from __future__ import annotations

import gc
import os
import platform

import torch

from ablate import storage
from ablate.data.devices import is_out_of_memory
from ablate.storage.locks import Lock

CROWDED_OUT = "out of GPU memory beside other trials; it waits until they have left, and begins again at its checkpoint"


class GpuPlace:
    """The place of a trial that was given a GPU, a share of one, or none. Only one on a share ever waits.

    Attributes:
        share: of the GPU that the trial may fill, at most 1.
    """

    def __init__(self, gpu: float) -> None:
        self.share = min(gpu, 1.0)
        self._is_shared = 0 < gpu < 1
        self._taken: float | None = None  # the share with which it is there
        self._lock: Lock | None = None

    def take(self) -> None:
        """Takes its place, if it has not: waits for one that is alone there, or to be alone, until others have left."""
        if not self._is_shared or self._taken == self.share:
            return
        self.leave()  # or two that wait to be alone would wait for each other
        wait = Lock.exclusive if self.share == 1.0 else Lock.shared
        with _lock(".entrance") as entrance:
            wait(entrance)
            self._lock = _lock()
            wait(self._lock)
        self._taken = self.share

    def crowded_out(self, error: Exception) -> bool:
        """Whether an error means that others have left too little memory: then the next `take` is to be alone."""
        if not is_out_of_memory(error) or self._taken is None or self.share == 1.0:
            return False
        self.share = 1.0
        return True

    def leave(self) -> None:
        """Makes room for others, if it has a place that it shares."""
        if self._lock is not None:
            gc.collect()
            torch.cuda.empty_cache()
            self._lock.close()
        self._lock = self._taken = None


def reason(error: Exception) -> str:
    """Why a trial failed, in a line."""
    if is_out_of_memory(error):
        return "OutOfMemoryError: too large for the GPU's memory; lower trial.batch_size= or trial.image_size="
    return f"{type(error).__name__}: {error}".splitlines()[0]


def _lock(suffix: str = "") -> Lock:
    name = f"{platform.node()}-{os.environ.get('CUDA_VISIBLE_DEVICES', 'any')}{suffix}"  # Ray sets it
    return Lock(storage.cache_folder() / "locks" / "gpus" / name, "set ABLATE_CACHE to a folder of a local disk")
