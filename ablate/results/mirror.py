"""Folders of results, local or in an object store; of the latter the node has a working copy, see `working_copy`."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from pathlib import Path

from ablate import storage
from ablate.errors import UsageError
from ablate.storage import origins, urls, working_copy
from ablate.storage.objects import Listed

# The commit marks first: what they stand for was written before them, so a later listing has it.
FOLDERS = ("trials", "images", "epochs", "runs", "searches", "")
_MARKS = "trials/"
_SEARCHES = "searches"  # holds a folder for each search
_READ = {"": ("locations.parquet", "trials.parquet")}


@contextlib.contextmanager
def folder(place: str, wanted: Collection[str] = FOLDERS) -> Iterator[Path]:
    """Gives the local folder of the results at `out=`; of a URL, a copy, as it is now, of all that is read of results.

    A file that is there already is not copied again. The copy counts to the cache's limit; nobody removes it before the
    block ends.

    Args:
        wanted: the folders in it that are going to be read. Where these are not all, the copy is another one than that
            of all: nobody who needs the rest finds commit marks in it whose rows are not there.

    Raises:
        UsageError: there are no results, or they cannot be copied.
    """
    if not urls.is_url(place):
        found = storage.local(place, "out")
        if not found.is_dir():
            raise UsageError(f"out={place}: no such folder; python -m ablate.run space=paper_grid makes one")
        yield found
        return
    with writable(place, wanted) as copy:
        if not any(copy.glob("*/*")):
            raise UsageError(f"out={urls.without_credentials(place)}: no results there")
        yield copy


@contextlib.contextmanager
def writable(place: str, wanted: Collection[str] = FOLDERS) -> Iterator[Path]:
    """As `folder`, for who writes there: results need not be there yet.

    Raises:
        UsageError: the place is none where results can lie, or they cannot be copied.
    """
    if urls.is_url(place):
        urls.require(place, "out")
        if urls.is_http(place):
            shown = urls.without_credentials(place)
            raise UsageError(f"out={shown}: a web server lists no files; copy the folder, or give s3:// or gs://")
        urls.remember(place.rstrip("/"), urls.OF_RESULTS)
    part = "" if set(wanted) >= set(FOLDERS) else "+".join(sorted(filter(None, wanted)))
    with working_copy.hold(place, part) as copy:
        refresh(copy, lambda line: print(line, file=sys.stderr), wanted)
        yield copy


def refresh(copy: Path, report: Callable[[str], None] = lambda line: None, wanted: Collection[str] = FOLDERS) -> None:
    """Makes a working copy have all that is read of results, as the store has it now; nothing in any other folder.

    Args:
        report: is told what is copied; wanted: see `folder`.

    Raises:
        FetchError: the store refuses; `UnreachableError` where it does not answer.
        NoRoomError: the node's cache has no room for it.
    """
    place = origins.public(copy)
    if place is None:
        return
    # The clock of this file system, in which the times of its files are kept too.
    began = _now(copy)
    files = _files(urls.with_credentials(place), wanted)
    _remove_others(copy, wanted, {file.name for file in files}, began)
    missing = [file for file in files if not working_copy.is_same(copy / file.name, file)]
    if missing:
        size = sum(file.size for file in missing)
        report(f"out={place}: copying {len(missing):,} files ({size / 1e6:.1f} MB) into {copy}")
    for marks in (False, True):  # what they stand for is there before them
        working_copy.fetch_all(copy, [file for file in missing if file.name.startswith(_MARKS) == marks])


def _now(copy: Path) -> int:
    mark = copy / f".now-{time.monotonic_ns()}"
    mark.touch()
    try:
        return mark.stat().st_ctime_ns
    finally:
        mark.unlink()


def _files(place: str, wanted: Collection[str]) -> list[Listed]:
    """All that is read of results, by its path in their folder."""
    found = []
    for folder in (name for name in FOLDERS if name in wanted):
        listed = storage.listing(urls.join(place, folder) if folder else place, below=folder == _SEARCHES)
        read = [file for file in listed if file.name in _READ.get(folder, (file.name,))]
        if folder == _SEARCHES:  # a running search keeps Ray Tune's files in its folder too
            read = [file for file in read if file.name.count("/") == 1 and file.name.endswith(".json")]
        found += [replace(file, name=f"{folder}/{file.name}".lstrip("/")) for file in read]
    return sorted(found, key=lambda file: file.name)


def _remove_others(copy: Path, wanted: Collection[str], names: set[str], began: int) -> None:
    """Removes what the store no longer has; what appeared here after the listing had begun may be missing from it."""
    for path in (found for folder in wanted for found in _copied(copy, folder)):
        with contextlib.suppress(FileNotFoundError):  # another process was faster, or it was never there
            known = path.is_dir() or path.relative_to(copy).as_posix() in names
            if not known and path.stat().st_ctime_ns < began:
                path.unlink()


def _copied(copy: Path, folder: str) -> list[Path]:
    """What `_files` may have found before, as far as it is here; the rest of a folder is this node's own."""
    if folder in _READ:
        return [copy / folder / name for name in _READ[folder]]
    return [*(copy / folder).glob("*/[!.]*.json" if folder == _SEARCHES else "[!.]*")]
