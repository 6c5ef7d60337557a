"""Where networks are trained and scored, and how exactly the device calculates there."""

from __future__ import annotations

import contextlib
import ctypes
import platform
from collections.abc import Iterator
from pathlib import Path

import torch

from ablate.config import TrialConfig
from ablate.errors import UsageError

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # of glibc's mallopt


def prepare_process(threads: int) -> None:
    """Sets up this process for a training, whatever one before it has left: CPU threads, and repeatable results."""
    torch.set_num_threads(threads)
    torch.set_default_dtype(torch.float32)
    torch.set_default_device(None)
    torch.backends.cudnn.enabled, torch.backends.cudnn.benchmark = True, False
    torch.use_deterministic_algorithms(True, warn_only=True)  # max-unpooling has no deterministic kernel on a GPU
    # Determinism would also fill all memory before its use, which costs up to a tenth and which we never read.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    if platform.libc_ver()[0] == "glibc":
        # Memory that a step frees is kept for the next one: returning it costs thousands of page faults an epoch.
        libc = ctypes.CDLL(None)
        libc.mallopt(_M_TRIM_THRESHOLD, 2**31 - 1)
        if not libc.mallopt(_M_MMAP_THRESHOLD, 2**30):
            libc.mallopt(_M_MMAP_THRESHOLD, 2**25)  # older ones take no more


def device(gpu: float) -> torch.device:
    """The GPU that a trial was given, or the CPU.

    Raises:
        UsageError: torch finds no GPU: one CPU core would take weeks for what a GPU was asked for.
    """
    if not gpu:
        return torch.device("cpu")
    if not torch.cuda.is_available():
        raise UsageError(
            f"a GPU was given to this trial, and torch {torch.__version__} finds none on {platform.node()}: mend its "
            "driver (nvidia-smi shows it) or install a torch with CUDA; trial_resources.gpu=0 trains on the CPU"
        )
    return torch.device("cuda")


def room(device: torch.device, share: float) -> int:
    """Bytes that a process can still take on a GPU, of which it was given a share.

    What torch keeps for this process, and does not use, is free to it; what others will take of theirs is not.
    """
    free, total = torch.cuda.mem_get_info(device)
    used = torch.cuda.memory_allocated(device)
    return int(min(free + torch.cuda.memory_reserved(device) - used, share * total - used))


class BrokenDeviceError(Exception):
    """The process can compute nothing more on its GPU: a kernel has failed there, and its context with it."""


def require_whole(device: torch.device, error: Exception) -> None:
    """Raises a `BrokenDeviceError` where an error has left the device unusable for this process."""
    if device.type != "cuda":
        return
    try:
        torch.ones(1, device=device).add_(1).item()
    except torch.OutOfMemoryError:
        return  # full, and whole
    except RuntimeError as broken:
        text = (str(error) or type(error).__name__).splitlines()[0]
        raise BrokenDeviceError(f"the GPU is lost to this process: {text}") from broken


def is_out_of_memory(error: BaseException | None) -> bool:
    """Whether a GPU's memory did not suffice: libraries of CUDA say so in words of their own."""
    said = str(error)
    words = any(word in said for word in ("CUDA error: out of memory", "STATUS_ALLOC_FAILED"))
    return isinstance(error, torch.OutOfMemoryError) or (isinstance(error, RuntimeError) and words)


def device_name(device: torch.device) -> str:
    """What a person calls the device; of a CPU its model and the threads too, for its sums depend on both."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"cpu {_cpu_model()}, {torch.get_num_threads()} thread(s)"


def precision_used(config: TrialConfig, device: torch.device) -> str:
    """What `precision` means on a device: float32 (IEEE), tf32 or bfloat16.

    Raises:
        UsageError: the device has no such arithmetic.
    """
    if config.precision == "auto":
        return "bfloat16" if device.type == "cuda" else "float32"
    if config.precision == "tf32" and device.type != "cuda":
        raise UsageError("trial.precision=tf32: only GPUs have it; type trial.precision=float32, or give it a GPU")
    return config.precision


@contextlib.contextmanager
def arithmetic(config: TrialConfig, device: torch.device) -> Iterator[None]:
    """Within, float32 is what `precision` says: torch's convolutions on a GPU are TF32 unless they are told otherwise.

    Backward passes too: they take the settings at the time when they run.
    """
    exactness = "tf32" if precision_used(config, device) == "tf32" else "ieee"
    switches = (torch.backends.cudnn.conv, torch.backends.cuda.matmul)  # type: ignore[attr-defined]
    before = [switch.fp32_precision for switch in switches]
    for switch in switches:
        switch.fp32_precision = exactness
    try:
        yield
    finally:
        for switch, was in zip(switches, before, strict=True):
            switch.fp32_precision = was


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())
