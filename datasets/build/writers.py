"""Of a folder that several processes write: who is still at work there, though the command that started it is gone."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from ablate.storage.locks import Lock

ELSEWHERE = "give a to= on a disk that has them"  # where there are no locks


@contextlib.contextmanager
def writing(worked: Path) -> Iterator[None]:
    """Shares the lock `worked` of all who write into a folder."""
    with Lock(worked, ELSEWHERE) as lock:
        lock.shared()
        yield


def await_writers(worked: Path) -> None:
    """Waits for the workers of a command that was killed: they may live a little longer than it."""
    with Lock(worked, ELSEWHERE) as lock:
        lock.exclusive()
