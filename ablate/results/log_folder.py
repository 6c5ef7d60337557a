"""The logs of a folder of results: when each was last written, and what it says.

Of a folder in an object store no node has a copy of them: they are listed there, and only those that are read are
fetched.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Collection, Iterable, Iterator
from multiprocessing.pool import ThreadPool
from pathlib import Path

from ablate import storage
from ablate.results.trial_log import BEGINS
from ablate.storage import urls

_FOLDER, _SUFFIX = "logs", ".log"
_TAIL = 2**20  # bytes, in which the last process nearly always began
_THREADS = 8


class LogFolder:
    """Args: place: of the results: a path, or the URL of a folder in an object store as it was typed."""

    def __init__(self, place: str) -> None:
        self._place = place if urls.has_credentials(place) else urls.with_credentials(urls.without_credentials(place))
        self._local = None if urls.is_url(place) else storage.absolute(place, "out") / _FOLDER

    def place(self, trial: str) -> str:
        """Where a trial's log is, as it may be printed."""
        name = f"{trial}{_SUFFIX}"
        if self._local is not None:
            return str(self._local / name)
        return urls.without_credentials(urls.join(self._place, f"{_FOLDER}/{name}"))

    def written(self, trials: Collection[str]) -> dict[str, int]:
        """When the log of each of these trials that has one was last written, in ns since 1970 by the folder's clock.

        Raises:
            FetchError: the store refuses; `UnreachableError` where it does not answer.
        """
        if self._local is not None:
            return dict(_written(self._local, trials))
        listed = storage.listing(urls.join(self._place, _FOLDER))
        found = {file.name.removesuffix(_SUFFIX): file.modified for file in listed if file.name.endswith(_SUFFIX)}
        return {trial: found[trial] for trial in trials if trial in found}

    def ends(self, trials: Iterable[str]) -> dict[str, str]:
        """The end of each of these logs, back to where its last process began; without those that are gone.

        Raises:
            FetchError: the store refuses; `UnreachableError` where it does not answer.
        """
        if self._local is not None:
            return dict(_ends(self._local, trials))
        with tempfile.TemporaryDirectory(prefix="ablate-logs-") as scratch, ThreadPool(_THREADS) as pool:
            wanted = [*trials]
            for _ in pool.imap_unordered(lambda trial: self._fetch(trial, Path(scratch)), wanted):
                pass
            return dict(_ends(Path(scratch), wanted))

    def _fetch(self, trial: str, to: Path) -> None:
        name = f"{trial}{_SUFFIX}"
        with contextlib.suppress(storage.MissingError):  # removed since it was listed
            storage.fetch([urls.join(self._place, f"{_FOLDER}/{name}")], to / name, policy=storage.INTERACTIVE)


def _written(folder: Path, trials: Collection[str]) -> Iterator[tuple[str, int]]:
    wanted = {f"{trial}{_SUFFIX}": trial for trial in trials}
    with contextlib.suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name in wanted:
                with contextlib.suppress(FileNotFoundError):  # archived since it was listed
                    yield wanted[entry.name], entry.stat().st_mtime_ns


def _ends(folder: Path, trials: Iterable[str]) -> Iterator[tuple[str, str]]:
    for trial in trials:
        with contextlib.suppress(FileNotFoundError), (folder / f"{trial}{_SUFFIX}").open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            file.seek(max(0, size - _TAIL))
            end = file.read()
            if size > _TAIL and BEGINS.encode() not in end:
                file.seek(0)
                end = file.read()
            yield trial, end.decode(errors="replace")
