"""Folders of results, local or in an object store; the latter are mirrored in the node's cache and read there."""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
from contextlib import AbstractContextManager
from dataclasses import replace
from multiprocessing.pool import ThreadPool
from pathlib import Path

from ablate import storage
from ablate.errors import UsageError
from ablate.storage import node_cache, urls
from ablate.storage.objects import Listed

_KIND = "results"
_WHOLE = ".whole-"  # followed by the digest of what was there
_THREADS = 8

# The commit marks first: what they stand for was written before them, so a later listing has it.
_FOLDERS = ("trials", "images", "epochs", "runs", "searches", "")
_SEARCHES = "searches"  # holds a folder for each search
_READ = {"": ("locations.parquet",)}


def folder(place: str) -> AbstractContextManager[Path]:
    """Gives the local folder of the results at `out=`; of a URL, a copy, as it is now, of all that is read of results.

    A file that is there already is not copied again. The copy counts to the cache's limit; nobody changes or removes it
    before the block ends.

    Raises:
        UsageError: there are no results, or they cannot be copied.
    """
    if not urls.is_url(place):
        found = storage.local(place, "out")
        if not found.is_dir():
            raise UsageError(f"out={place}: no such folder; python -m ablate.run space=paper_grid makes one")
        return contextlib.nullcontext(found)
    urls.require(place, "out")
    shown = urls.without_credentials(place)
    if urls.is_http(place):
        raise UsageError(f"out={shown}: a web server lists no files; copy the folder, or give s3:// or gs://")
    files = _files(place)
    if not files:
        raise UsageError(f"out={shown}: no results there")
    name = hashlib.sha256(shown.encode()).hexdigest()[:16]
    mark = _WHOLE + hashlib.sha256(repr(files).encode()).hexdigest()[:16]
    return node_cache.hold(
        _KIND, name, lambda: sum(file.size for file in files), lambda to: _copy(place, files, to, mark), mark
    )


def _files(place: str) -> list[Listed]:
    """All that is read of results, by its path in their folder."""
    found = []
    for folder in _FOLDERS:
        listed = storage.listing(urls.join(place, folder) if folder else place, below=folder == _SEARCHES)
        wanted = [file for file in listed if file.name in _READ.get(folder, (file.name,))]
        if folder == _SEARCHES:  # a running search keeps Ray Tune's files in its folder too
            wanted = [file for file in wanted if file.name.count("/") == 1 and file.name.endswith(".json")]
        found += [replace(file, name=f"{folder}/{file.name}".lstrip("/")) for file in wanted]
    return sorted(found, key=lambda file: file.name)


def _copy(place: str, files: list[Listed], to: Path, mark: str) -> None:
    """Makes a copy, or an older one, equal to what was listed."""
    for older in to.glob(f"{_WHOLE}*"):
        older.unlink()
    names = {file.name for file in files}
    for folder in filter(None, _FOLDERS):
        (to / folder).mkdir(parents=True, exist_ok=True)
        for path in (to / folder).rglob("*"):
            if path.is_file() and path.relative_to(to).as_posix() not in names:
                path.unlink()
    missing = [file for file in files if not _is_copied(file, to)]
    size = sum(file.size for file in missing)
    shown = urls.without_credentials(place)
    print(f"out={shown}: copying {len(missing):,} files ({size / 1e6:.1f} MB) into {to}", file=sys.stderr)
    with ThreadPool(_THREADS) as pool:  # its threads do not outlive an interrupted process
        for _ in pool.imap_unordered(lambda file: _fetch(place, file, to), missing):
            pass
    storage.publish(to / mark, b"")


def _is_copied(file: Listed, to: Path) -> bool:
    try:
        found = (to / file.name).stat()
    except FileNotFoundError:
        return False
    return (found.st_size, found.st_mtime_ns) == (file.size, file.modified)


def _fetch(place: str, file: Listed, to: Path) -> None:
    path = to / file.name
    storage.fetch([urls.join(place, file.name)], path)
    os.utime(path, ns=(file.modified, file.modified))
