"""Locks of files by flock: they end with the process that holds them, however it dies.

Not by the library filelock: where a file system has no locks, it uses marker files, which outlive a killed process.
"""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path

from ablate.errors import UsageError

# The answers of file systems without locks: some of the network, or a folder of the host in a container.
_UNSUPPORTED = {errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP, errno.EINVAL}


class NoLocksError(UsageError):
    """The file system of a lock has none."""


class Lock:
    """A file, made where it is not there, that is locked until this is closed.

    Args:
        advice: what to do where the file system has no locks; the end of that error.
    """

    def __init__(self, path: Path, advice: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path, self._advice = path, advice
        self.file = path.open("ab", buffering=0)

    def __enter__(self) -> Lock:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def shared(self) -> None:
        """Waits until no one else holds an exclusive lock."""
        self._lock(fcntl.LOCK_SH)

    def exclusive(self, wait: bool = True) -> bool:
        """Waits until no one else holds a lock; with `wait=False` returns False where someone does."""
        try:
            self._lock(fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            return False
        return True

    def is_in_place(self) -> bool:
        """Whether the path still leads to the file that is locked."""
        try:
            return os.path.samestat(os.fstat(self.file.fileno()), self.path.stat())
        except FileNotFoundError:
            return False

    def close(self) -> None:
        self.file.close()

    def _lock(self, operation: int) -> None:
        try:
            fcntl.flock(self.file, operation)
        except OSError as error:
            if error.errno not in _UNSUPPORTED:
                raise
            reason = os.strerror(error.errno or 0)
            message = f"{self.path}: its file system has no locks (flock: {reason}); {self._advice}"
            raise NoLocksError(message) from error
