"""Locks of files (flock): they end with the process that held them, however it died."""

from __future__ import annotations

import errno
import fcntl
import os
from typing import IO

from ablate.errors import UsageError

# What a file system answers that has no such locks: some of the network, or a folder of the host in a container.
_NONE = {errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP, errno.EINVAL}


def shared(file: int | IO[bytes] | IO[str], place: object, advice: str) -> None:
    """Waits until nobody holds a file alone; `place` names it in errors, whose end is `advice`."""
    _lock(file, fcntl.LOCK_SH, place, advice)


def alone(file: int | IO[bytes] | IO[str], place: object, advice: str, wait: bool = True) -> None:
    """Holds a file alone, as soon as nobody else does.

    Raises:
        BlockingIOError: somebody holds it, and this is not to wait.
        UsageError: its file system has no locks.
    """
    _lock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB), place, advice)


def _lock(file: int | IO[bytes] | IO[str], operation: int, place: object, advice: str) -> None:
    try:
        fcntl.flock(file, operation)
    except OSError as error:
        if error.errno not in _NONE:
            raise
        told = os.strerror(error.errno or 0)
        raise UsageError(f"{place}: its file system has no locks (flock: {told}); {advice}") from error
