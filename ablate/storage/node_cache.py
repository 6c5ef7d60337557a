"""The node's cache of copied shards and results, and of decoded pictures: entries under one limit.

The least recently used go first.

    <cache>/<kind>/<name>/        an entry: files, and `.size`, the bytes that were booked for it: of a copy of results
                                  what it took, and was about to be copied into it, when room was last made for that
    <cache>/locks/<kind>/<name>   locked shared while the entry is used, exclusively while it is made or removed; its
                                  time is the entry's last use
    <cache>/locks/room            locked while room is made

Lock files stay.
"""

from __future__ import annotations

import contextlib
import math
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ablate import storage
from ablate.errors import UsageError
from ablate.storage.locks import Lock
from ablate.storage.paths import unique_name

LIMIT = "ABLATE_CACHE_GB"
_DEFAULT_GB = 100.0
_KINDS = ("copies", "decoded", "out")
_SIZE = ".size"
_REMOVED = ".gone-"


class Hold:
    """An entry in use: nobody removes it while this object lives."""

    def __init__(self, folder: Path, lock: Lock) -> None:
        self.folder = folder
        self._lock = lock

    def __enter__(self) -> Path:
        return self.folder

    def __exit__(self, *exception: object) -> None:
        self.release()

    def __del__(self) -> None:
        self.release()

    def release(self) -> None:
        self._lock.close()


def hold(kind: str, name: str, size: Callable[[], int], make: Callable[[Path], None], mark: str) -> Hold:
    """Gives an entry to use; of several processes that need the same, one makes it and the others wait.

    Args:
        size: the bytes that it will take; asked only where it is made.
        make: writes it into a folder, in which an attempt that died may have left files.
        mark: the file that `make` writes last: an entry that has it is whole.

    Raises:
        NoRoomError: there is no room for it.
    """
    assert kind in _KINDS
    folder = storage.cache_folder() / kind / name
    lock = _lock(kind, name)
    try:
        while True:
            lock.shared()
            if (folder / mark).is_file():
                os.utime(lock.path)
                return Hold(folder, lock)
            lock.exclusive()  # lets go of the shared one first, so that two who wait for each other do not stay so
            if not (folder / mark).is_file():
                _make_room(folder, size())
                make(folder)
    except BaseException:
        lock.close()
        raise


def grow(folder: Path, more: int) -> None:
    """Makes room for so many more bytes of an entry that this process holds.

    Raises:
        NoRoomError: there is none.
    """
    _make_room(folder, _on_disk(folder) + more)


def limit() -> int:
    """The bytes that the cache may take.

    Raises:
        UsageError: the variable holds no number.
    """
    text = os.environ.get(LIMIT, "")
    try:
        gigabytes = float(text) if text else _DEFAULT_GB
    except ValueError:
        gigabytes = -1.0
    if not 0 < gigabytes < float("inf"):
        raise UsageError(f"{LIMIT}={text}: not a size in GB, such as {_DEFAULT_GB:g}")
    return int(gigabytes * 1e9)


def require(needed: int, what: str) -> None:
    """Raises a `UsageError` where one run needs more than the cache may ever take; `what` says for what."""
    if needed > limit():
        raise UsageError(
            f"the run needs {gigabytes(needed)} of cache for {what}, and {storage.cache_folder()} may take "
            f"{gigabytes(limit())}; set {LIMIT}={math.ceil(needed * 1.1 / 1e9)} or higher, or run fewer arms at a time"
        )


def gigabytes(size: int) -> str:
    """A size as people read it."""
    return f"{size / 1e9:.3g} GB"


@dataclass(frozen=True)
class _Entry:
    folder: Path
    size: int  # what it takes, or is going to take
    on_disk: int
    used_at: float


def _make_room(folder: Path, size: int) -> None:
    """Removes what was not used for longest until `size` bytes fit, and books them for `folder`."""
    with _lock("room") as room:
        room.exclusive()
        entries = list(_entries())
        on_disk = sum(entry.on_disk for entry in entries)
        allowed = min(limit(), on_disk + shutil.disk_usage(storage.cache_folder()).free)
        others = sorted((entry for entry in entries if entry.folder != folder), key=lambda entry: entry.used_at)
        taken = sum(entry.size for entry in others)
        for entry in others:
            if taken + size <= allowed:
                break
            taken -= entry.size if _removed(entry.folder) else 0
        if taken + size > allowed:
            why = LIMIT if allowed == limit() else "free on its disk"
            raise storage.NoRoomError(
                f"the cache {storage.cache_folder()} has no room: {gigabytes(size)} needed, {gigabytes(taken)} in use, "
                f"{gigabytes(allowed)} allowed ({why}); set {LIMIT} higher, or ABLATE_CACHE to a larger disk"
            )
        _book(folder, size)


def _book(folder: Path, size: int) -> None:
    """By hand: what is published in a working copy goes to the store too."""
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / unique_name(_SIZE)
    partial.write_text(str(size))
    partial.replace(folder / _SIZE)


def _on_disk(folder: Path) -> int:
    found = 0
    for path in folder.rglob("*"):
        with contextlib.suppress(FileNotFoundError):  # somebody is writing this entry
            found += path.stat().st_size if path.is_file() else 0
    return found


def _entries() -> Iterator[_Entry]:
    for folder in (found for kind in _KINDS for found in (storage.cache_folder() / kind).glob("*")):
        if folder.name.startswith(_REMOVED):
            shutil.rmtree(folder, ignore_errors=True)  # whoever was removing it died
        elif folder.is_dir():
            on_disk, booked, used_at = _on_disk(folder), 0, folder.stat().st_mtime
            with contextlib.suppress(FileNotFoundError):
                booked = int((folder / _SIZE).read_text())
            with contextlib.suppress(FileNotFoundError):
                used_at = _lock_path(folder.parent.name, folder.name).stat().st_mtime
            yield _Entry(folder, max(on_disk, booked), on_disk, used_at)


def _removed(folder: Path) -> bool:
    """Removes an entry unless somebody uses it; says whether it did."""
    with _lock(folder.parent.name, folder.name) as lock:
        if not lock.exclusive(wait=False):
            return False
        removed = folder.with_name(f"{_REMOVED}{secrets.token_hex(4)}")
        with contextlib.suppress(FileNotFoundError):
            folder.rename(removed)  # at once, so that nobody ever meets half an entry
            shutil.rmtree(removed)
        return True


def _lock(*names: str) -> Lock:
    return Lock(_lock_path(*names), "set ABLATE_CACHE to a folder of a local disk")


def _lock_path(*names: str) -> Path:
    return storage.cache_folder().joinpath("locks", *names)
