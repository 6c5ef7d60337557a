"""How many cores are ours: a container's quota takes away their time, and leaves all of the machine's in sight."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from pathlib import Path


def usable_cores(root: Path = Path("/")) -> int:
    """Cores that this process and its children can keep busy: those they may run on, or a smaller quota; at least 1.

    Args:
        root: of the file system; read are its `proc/self/cgroup`, and the control groups in `sys/fs/cgroup`.
    """
    quota = min(map(_quota, _groups(root)), default=math.inf)
    # Rounded down: of four trials of one core each, --cpus=3.5 would keep one waiting at any time.
    return max(1, math.floor(min(len(os.sched_getaffinity(0)), quota)))


def _groups(root: Path) -> Iterator[Path]:
    """The control groups that may limit this process: its own ones, and all that those lie in."""
    mounts = root / "sys/fs/cgroup"
    for line in _text(root / "proc/self/cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers and "cpu" not in controllers.split(","):
            continue
        mount = mounts / "cpu" if controllers else mounts  # without controllers: version 2
        own = mount / path.lstrip("/")
        yield own
        # In a container the path may be the host's: only the mount itself is there then.
        yield from (folder for folder in own.parents if folder.is_relative_to(mount))


def _quota(group: Path) -> float:
    """A control group's quota in cores; infinite where it has none, or is not there for us to read."""
    words = _text(group / "cpu.max").split()
    words = words or [*_text(group / "cpu.cfs_quota_us").split(), *_text(group / "cpu.cfs_period_us").split()]
    match words:
        case [quota, period] if quota.isdecimal():  # neither "max" nor -1
            return int(quota) / int(period)
        case _:
            return math.inf


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
