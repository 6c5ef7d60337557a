"""Leases: what stands for a lock where there is none, in object stores and on file systems that do not lock.

Who holds one keeps writing a small file of its own; the store's times of these files, and no other clock, tell which of
them are still held. A lease ends by itself some time after its holder's death. A holder that was suspended for as long
may wake up without it: another one has removed its file, which it does not write again.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import secrets
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from ablate import storage
from ablate.errors import UsageError
from ablate.storage import urls
from ablate.storage.retrying import INTERACTIVE

_EVERY = 15.0  # seconds between two signs of life
_EXPIRES = 90.0  # seconds after the last one
_SUFFIX = ".lease"


class HeldError(Exception):
    """Another one holds it; says who."""


@contextlib.contextmanager
def lease(folder: str, lost: Callable[[], None]) -> Iterator[None]:
    """Holds the lease that a folder stands for, a path or a URL of an object store, until the block ends.

    Of two that begin at the same moment neither may get it.

    Args:
        lost: called once, in another thread, when the lease is found to be gone; the block is to end then.

    Raises:
        HeldError: another one holds it.
        FetchError: the store refuses; `UnreachableError` where it does not answer. OSError: the disk refuses.
    """
    name = f"{secrets.token_hex(8)}{_SUFFIX}"
    own = urls.join(folder, name) if urls.is_url(folder) else f"{folder}/{name}"
    sign = json.dumps({"process": os.getpid(), "node": platform.node()}).encode()
    ended = threading.Event()
    _publish(own, sign)
    keeper = threading.Thread(target=_keep, args=(own, sign, ended, lost), daemon=True)
    try:
        _require_alone(folder, name)
        keeper.start()
        yield
    finally:
        ended.set()
        if keeper.is_alive():
            keeper.join()
        with contextlib.suppress(OSError, UsageError):  # it expires
            _remove(own)


def _require_alone(folder: str, name: str) -> None:
    found = {file.name: file.modified for file in storage.listing(folder) if file.name.endswith(_SUFFIX)}
    now = found.pop(name, 0)
    for other, seen in found.items():
        age = (now - seen) / 1e9
        if age < _EXPIRES:
            ago = f"{max(0, round(age))} s ago"
            raise HeldError(f"its last sign of life was {ago}; one that was killed holds it for {_EXPIRES:.0f} s")
        with contextlib.suppress(OSError, UsageError):
            _remove(urls.join(folder, other) if urls.is_url(folder) else f"{folder}/{other}")


def _keep(own: str, sign: bytes, ended: threading.Event, lost: Callable[[], None]) -> None:
    while not ended.wait(_EVERY):
        with contextlib.suppress(OSError, UsageError):  # the next one may be heard
            if not _is_there(own):
                break
            _publish(own, sign)
    else:
        return
    lost()


def _is_there(place: str) -> bool:
    return storage.listed(place, INTERACTIVE) is not None if urls.is_url(place) else Path(place).exists()


def _publish(place: str, data: bytes) -> None:
    storage.publish(place, data, INTERACTIVE)


def _remove(place: str) -> None:
    if urls.is_url(place):
        storage.delete(place, INTERACTIVE)
    else:
        os.unlink(place)
