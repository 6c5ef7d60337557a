"""A node's own copy of a folder in an object store, in which the rest of the program works as in any folder.

What is written there by `publishing` lies in the store before it appears under its name here, and what is removed here
has left the store: nobody takes anything for done that other nodes cannot see. The copy is an entry of the node's
cache, which may be removed whenever no process uses it. What `fetch_all` copies into it finds room first; what this
node writes there is counted when room is next made.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
from collections.abc import Iterable, Sequence
from multiprocessing.pool import ThreadPool
from pathlib import Path
from typing import TYPE_CHECKING

from ablate import storage
from ablate.storage import node_cache, origins, urls
from ablate.storage.node_cache import Hold
from ablate.storage.retrying import RetryPolicy

if TYPE_CHECKING:
    from ablate.storage.objects import Listed

_KIND = "out"
_THREADS = 8


def hold(place: str, part: str = "") -> contextlib.AbstractContextManager[Path]:
    """Gives the folder to work in for a folder of results, which nobody removes until the block ends.

    Args:
        place: a path, which is that folder itself, or the URL of a folder in an object store.
        part: names a copy that has a part of the folder alone, and is another one than that of the whole.

    Raises:
        UsageError: the cache cannot be written.
    """
    if not urls.is_url(place):
        return contextlib.nullcontext(storage.absolute(place, "out"))
    public = urls.without_credentials(place)

    def make(to: Path) -> None:
        storage.publish(to / origins.MARK, public.encode())

    found: Hold = node_cache.hold(_KIND, _name(public, part), lambda: 0, make, origins.MARK)
    return found


def folder(place: str) -> Path:
    """The folder that `hold` gives of the whole, for who knows that it is held."""
    return storage.cache_folder() / _KIND / _name(place) if urls.is_url(place) else Path(place)


def place_of(folder: Path) -> str:
    """What `folder` is a copy of, a URL without credentials; the folder itself where it is none."""
    return origins.public(folder) or str(folder)


def shown(path: Path) -> str:
    """A file as it may be printed: its URL, without credentials, where it is of a working copy."""
    return urls.without_credentials(origins.of(path) or str(path))


def origin(path: Path) -> str:
    """The URL, with credentials, that a file is a copy of; its path where it is of no working copy."""
    return origins.of(path) or str(path)


def is_copied(path: Path) -> bool:
    """Whether a file is of a working copy."""
    return origins.of(path) is not None


def read(path: Path) -> bytes:
    """What the store has under the name of a file of a working copy; empty where it has nothing.

    Raises:
        FetchError: the store refuses; `UnreachableError` where it does not answer.
    """
    url = origins.of(path)
    assert url is not None
    if storage.listed(url) is None:
        return b""
    scratch = path.with_name(f".{path.name}.{secrets.token_hex(4)}.there")
    try:
        storage.fetch([url], scratch)
        return scratch.read_bytes()
    finally:
        scratch.unlink(missing_ok=True)


def pull(path: Path) -> None:
    """Makes a file what the store has under its name, also if that is nothing. A file of any other folder stays.

    Raises:
        FetchError: the store refuses; `UnreachableError` where it does not answer.
    """
    if (url := origins.of(path)) is None:
        return
    there = storage.listed(url)
    if there is None:
        path.unlink(missing_ok=True)
    elif not is_same(path, there):
        path.parent.mkdir(parents=True, exist_ok=True)
        fetch(url, path, there)


def remove(path: Path) -> None:
    """Removes a file, first from the store where it is of one.

    Raises:
        OSError: it cannot be removed; `UnreachableError` where the store does not answer.
    """
    if (url := origins.of(path)) is not None:
        storage.delete(url)
    path.unlink(missing_ok=True)


def forget(paths: Iterable[Path]) -> None:
    """Makes room on this node: removes files that the store has. Those of any other folder stay."""
    for path in paths:
        if origins.of(path) is not None:
            path.unlink(missing_ok=True)


def push(path: Path, policy: RetryPolicy = storage.INTERACTIVE) -> None:
    """Lets the store have what a file is now, for files that grow; nothing happens where it is of none.

    Raises:
        OSError: the store refuses; `UnreachableError` where it does not answer.
    """
    if (url := origins.of(path)) is not None and path.is_file():
        storage.upload(url, path.read_bytes(), policy)


def fetch_all(copy: Path, files: Sequence[Listed]) -> None:
    """Makes files of a copy what the store has; `files` are of its listing.

    Raises:
        FetchError: the store refuses; `UnreachableError` where it does not answer.
        NoRoomError: the cache has no room for them.
    """
    if not files:
        return
    node_cache.grow(copy, sum(file.size for file in files))
    place = urls.with_credentials(origins.public(copy) or "")

    def one(file: Listed) -> None:
        path = copy / file.name
        path.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(storage.MissingError):  # withdrawn since it was listed
            fetch(urls.join(place, file.name), path, file)

    with ThreadPool(_THREADS) as pool:  # its threads do not outlive an interrupted process
        for _ in pool.imap_unordered(one, files):
            pass


def fetch(url: str, path: Path, there: Listed) -> None:
    """Copies one file, and gives it the store's time, by which `is_same` knows it again."""
    storage.fetch([url], path)
    os.utime(path, ns=(there.modified, there.modified))


def is_same(path: Path, there: Listed) -> bool:
    """Whether a file is what was listed, by its size and its time."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return False
    return (found.st_size, found.st_mtime_ns) == (there.size, there.modified)


def _name(public: str, part: str = "") -> str:
    name = hashlib.sha256(public.encode()).hexdigest()[:16]
    return f"{name}-{part}" if part else name
