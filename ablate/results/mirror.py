"""Folders of results, wherever they lie: those in an object store are copied into the node's cache and read there."""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from ablate import storage
from ablate.errors import UsageError
from ablate.storage import node_cache, threads, urls
from ablate.storage.listing import listing

_KIND = "results"
_WHOLE = ".whole-"  # followed by the digest of what was there
_AT_A_TIME = 8

# The commit marks first: what they vouch for was written before them, so a later look finds it.
_FOLDERS = ("trials", "images", "epochs", "runs", "searches", "")
_DEEP = {"searches"}  # a folder for each search
_READ = {"": ("locations.parquet",)}


@dataclass(frozen=True)
class _File:
    """`path` is relative to the results' folder; `modified` in nanoseconds since 1970."""

    path: str
    size: int
    modified: int

    def is_at(self, folder: Path) -> bool:
        try:
            found = (folder / self.path).stat()
        except FileNotFoundError:
            return False
        return (found.st_size, found.st_mtime_ns) == (self.size, self.modified)


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


def _files(place: str) -> list[_File]:
    found = []
    for folder in _FOLDERS:
        listed = listing(urls.join(place, folder) if folder else place, below=folder in _DEEP)
        wanted = [file for file in listed if file.name in _READ.get(folder, (file.name,))]
        found += [_File(f"{folder}/{file.name}".lstrip("/"), file.size, file.modified) for file in wanted]
    return sorted(found, key=lambda file: file.path)


def _copy(place: str, files: list[_File], to: Path, mark: str) -> None:
    """Makes a copy, or an older one, equal to what was listed."""
    for older in to.glob(f"{_WHOLE}*"):
        older.unlink()
    wanted = {file.path for file in files}
    for folder in filter(None, _FOLDERS):
        (to / folder).mkdir(parents=True, exist_ok=True)
        for path in (to / folder).rglob("*"):
            if path.is_file() and path.relative_to(to).as_posix() not in wanted:
                path.unlink()
    missing = [file for file in files if not file.is_at(to)]
    size = sum(file.size for file in missing)
    shown = urls.without_credentials(place)
    print(f"out={shown}: copying {len(missing):,} files ({size / 1e6:.1f} MB) into {to}", file=sys.stderr)
    for _ in threads.each(lambda file: _fetch(place, file, to), missing, _AT_A_TIME):
        pass
    storage.publish(to / mark, b"")


def _fetch(place: str, file: _File, to: Path) -> None:
    path = to / file.path
    storage.fetch([urls.join(place, file.path)], path)
    os.utime(path, ns=(file.modified, file.modified))
