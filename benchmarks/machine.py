"""What a measurement ran on, and how much memory a command takes with all its processes."""

from __future__ import annotations

import os
import platform
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

from ablate.runner.cores import usable_cores


def describe() -> dict[str, Any]:
    """The machine, in words."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        platform.machine(),
    )
    memory_gb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "cpu": model,
        "cores": usable_cores(),
        "memory_gb": round(memory_gb, 1),
        "python": platform.python_version(),
        "load_before": os.getloadavg()[0],
    }


class Measured:
    """A command run to its end.

    Attributes:
        seconds: how long it took.
        memory_mb: (share of the time passed, PSS of all its processes) about every half second.
        output: what it printed.
    """

    def __init__(self, command: list[str]) -> None:
        began = time.perf_counter()
        samples: list[tuple[float, float]] = []
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        done = threading.Event()

        def watch() -> None:
            while not done.wait(0.5):
                samples.append((time.perf_counter() - began, tree_pss_mb(process.pid)))

        watcher = threading.Thread(target=watch)
        watcher.start()
        self.output, _ = process.communicate()
        self.seconds = time.perf_counter() - began
        done.set()
        watcher.join()
        if process.returncode:
            raise SystemExit(f"{' '.join(command)}: status {process.returncode}\n{self.output}")
        self.memory_mb = [(moment / self.seconds, mb) for moment, mb in samples if mb]

    @property
    def peak_mb(self) -> float:
        return max((mb for _, mb in self.memory_mb), default=0.0)

    def peak_of(self, begin: float, end: float) -> float:
        """The peak between two shares of the time."""
        return max((mb for share, mb in self.memory_mb if begin <= share < end), default=0.0)


def tree_pss_mb(pid: int) -> float:
    """Proportional set size of a process and all below it: shared pages count once."""
    total = 0.0
    for one in [pid, *_descendants(pid)]:
        try:
            for line in Path(f"/proc/{one}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1]) / 1024
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has ended meanwhile
    return total


def _descendants(pid: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            after_name = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        children.setdefault(int(after_name[1]), []).append(int(stat.parent.name))
    found, todo = [], [pid]
    while todo:
        below = children.get(todo.pop(), [])
        found += below
        todo += below
    return found
