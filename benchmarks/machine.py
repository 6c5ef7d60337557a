"""What a measurement ran on, and how much time and memory a command takes with all its processes."""

from __future__ import annotations

import ctypes
import json
import os
import platform
import subprocess
import threading
import time
from collections.abc import Callable
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


def save(to: Path, before: dict[str, Any], found: dict[str, Any]) -> None:
    """Writes figures with the machine as `describe` found it before, and the load that there is now."""
    result = {"machine": before | {"load_after": os.getloadavg()[0]}} | found
    to.parent.mkdir(parents=True, exist_ok=True)
    to.write_text(json.dumps(result, indent=2) + "\n")


def cpu_seconds() -> float:
    """CPU seconds of this process and of all below it, those that have ended included."""
    ended = os.times()
    return time.process_time() + ended.children_user + ended.children_system + sum(_cpu_of(os.getpid()).values())


def _cpu_of(pid: int, of_ended: bool = True) -> dict[int, float]:
    """CPU seconds of each process below another; `of_ended`: also of those below it that it has waited for."""
    tick, found = os.sysconf("SC_CLK_TCK"), {}
    for one in _descendants(pid):
        try:
            after_name = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has ended meanwhile
        found[one] = sum(map(int, after_name[11 : 15 if of_ended else 13])) / tick
    return found


class Measured:
    """A command run to its end.

    Attributes:
        seconds: how long it took.
        cpu_seconds: of all its processes.
        memory_mb: (share of the time passed, PSS of all its processes) about every half second, unless not wanted.
        output: what it printed.
    """

    def __init__(
        self, command: list[str], memory: bool = True, watch_too: Callable[[float, int], None] | None = None
    ) -> None:
        """Args: watch_too: is told, as often, how many seconds have passed, and the command's process."""
        _adopt_orphans()
        began, ended_before = time.perf_counter(), os.times()
        samples: list[tuple[float, float]] = []
        earlier = _cpu_of(os.getpid(), of_ended=False)  # what an earlier command has left running
        seen: dict[int, float] = {}
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        done = threading.Event()

        def watch() -> None:
            while not done.wait(0.5 if memory else 0.2):
                seen.update(_cpu_of(os.getpid(), of_ended=False))
                if memory:
                    samples.append((time.perf_counter() - began, tree_pss_mb(process.pid)))
                if watch_too:
                    watch_too(time.perf_counter() - began, process.pid)

        watcher = threading.Thread(target=watch)
        watcher.start()
        self.output, _ = process.communicate()
        self.seconds = time.perf_counter() - began
        done.set()
        watcher.join()
        if process.returncode:
            raise SystemExit(f"{' '.join(command)}: status {process.returncode}\n{self.output}")
        _wait_for_orphans()
        now = os.times()
        waited_for = now.children_user + now.children_system - ended_before.children_user - ended_before.children_system
        # Exact, but without processes that nobody waited for; the other is as each process was last seen.
        self.cpu_seconds = max(waited_for, sum(cpu - earlier.get(pid, 0.0) for pid, cpu in seen.items()))
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


def _adopt_orphans() -> None:
    """Processes whose parents end, such as Ray's, become this one's: their time is not lost."""
    set_child_subreaper = 36
    ctypes.CDLL(None, use_errno=True).prctl(set_child_subreaper, 1, 0, 0, 0)


def _wait_for_orphans(seconds: float = 5.0) -> None:
    """Waits for what a command has left behind, not longer than so long."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not pid:
            time.sleep(0.05)


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
