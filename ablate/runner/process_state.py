"""Memory of a process that trains one trial after the other: what one leaves, and what each needs at most."""

from __future__ import annotations

import ctypes
import gc
import platform
from pathlib import Path

import torch


def free(device: torch.device) -> None:
    """Gives memory that nothing uses any more back: others may need it, and the next peak is not to hold it."""
    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()
    elif platform.libc_ver()[0] == "glibc":
        ctypes.CDLL(None).malloc_trim(0)


def reset_peak(device: torch.device) -> bool:
    """Begins to measure the peak of memory anew; False where the kernel cannot."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
        return True
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return False
    return True


def peak(device: torch.device) -> float:
    """The peak of memory since `reset_peak`, MiB: allocated on a GPU, else resident in this process."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 2**20
    lines = Path("/proc/self/status").read_text().splitlines()
    [kibibytes] = [line.split()[1] for line in lines if line.startswith("VmHWM:")]
    return int(kibibytes) / 2**10
