"""One file, or many photographs at a time, from whichever mirror answers."""

from __future__ import annotations

import csv
import io
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.pool import ThreadPool
from pathlib import Path

from rich.console import Console

from ablate import storage
from ablate.errors import UsageError
from ablate.storage import FetchError, RetryPolicy, UnreachableError, urls
from datasets.download._meter import Meter, metered
from datasets.raw.camera_traps import Record

_POLICY = RetryPolicy(read=20.0, attempts=3)
_END_WITHIN = 2**16  # some cameras write a little behind the picture's end


@dataclass(frozen=True)
class Missing:
    """A photograph that cannot be fetched, and why."""

    record: Record
    reason: str


def fetch_file(path: str, to: Path, check: storage.Check, size: int, mirrors: Sequence[str], console: Console) -> None:
    """Fetches a file of about `size` bytes, which has the same `path` on all mirrors.

    Raises:
        UsageError: no mirror has it, or none answers.
    """
    print(f"fetching {to.name}, {size / 1e6:,.0f} MB", flush=True)
    with metered(size, "bytes", console) as meter:
        try:
            storage.fetch([urls.join(mirror, path) for mirror in mirrors], to, check, progress=meter.grown)
        except UnreachableError as error:
            hint = "check the network and its proxy, or give mirror=URL; repeat the command to continue"
            raise UsageError(f"{to.name}: {error}; {hint}") from error


def fetch_all(
    records: Sequence[Record],
    folder: Path,
    mirrors: Sequence[str],
    workers: int,
    console: Console,
    policy: RetryPolicy = _POLICY,
) -> list[Missing]:
    """Fetches photographs into a folder under their file names; what is there and whole is left alone.

    Args:
        mirrors: URLs of the same folder of photographs.

    Raises:
        UsageError: the mirrors no longer answer.
        OSError: the folder cannot be written; names the file.
    """
    with metered(len(records), "photographs", console) as meter, ThreadPool(workers) as pool:
        fetcher = _Fetcher(folder, mirrors, workers, meter, policy)
        missing = []
        for found in pool.imap_unordered(fetcher.fetch, records):
            meter.finished()
            missing += [found] if found else []
    return sorted(missing, key=lambda entry: entry.record.file_name)


def is_there(record: Record, folder: Path) -> bool:
    """Whether a photograph lies in a folder, whole."""
    path = folder / record.file_name
    try:
        require_jpeg(path)
    except (OSError, ValueError):
        return False
    return True


def require_jpeg(path: Path) -> None:
    """Raises a `ValueError` where a file does not begin and end as a JPEG does."""
    with path.open("rb") as file:
        begin = file.read(3)
        file.seek(max(0, path.stat().st_size - _END_WITHIN))
        end = file.read()
    if begin != b"\xff\xd8\xff":
        raise ValueError("not a JPEG")
    if b"\xff\xd9" not in end:
        raise ValueError("not a whole JPEG")


def csv_of(missing: Sequence[Missing]) -> bytes:
    """The list of what is missing, as a file."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["file_name", "id", "reason"])
    writer.writerows((entry.record.file_name, entry.record.id, entry.reason) for entry in missing)
    return stream.getvalue().encode()


class _Fetcher:
    """What the threads share: connections, the mirror that answered last, and the number of failures in a row."""

    def __init__(self, folder: Path, mirrors: Sequence[str], workers: int, meter: Meter, policy: RetryPolicy) -> None:
        self._folder, self._mirrors, self._meter, self._policy = folder, list(mirrors), meter, policy
        self._http = storage.connections(workers)
        self._failures, self._most_failures = 0, 2 * workers
        self._lock = threading.Lock()

    def fetch(self, record: Record) -> Missing | None:
        """Fetches one photograph; returns it where no mirror has it."""
        to = self._folder / record.file_name
        if not to.resolve().is_relative_to(self._folder.resolve()):
            return Missing(record, "its file name leads out of the folder")
        mirrors = list(self._mirrors)
        sources = [urls.join(mirror, record.file_name) for mirror in mirrors]
        try:
            source = storage.fetch(
                sources, to, require_jpeg, progress=self._meter.grown, policy=self._policy, http=self._http
            )
        except UnreachableError as error:
            self._failed(error)
            return Missing(record, str(error))
        except FetchError as error:
            return Missing(record, str(error))
        self._succeeded(mirrors[sources.index(source)])
        return None

    def _succeeded(self, mirror: str) -> None:
        with self._lock:
            self._failures = 0
            self._mirrors.sort(key=lambda other: other != mirror)  # the others may be down: do not wait for them again

    def _failed(self, error: UnreachableError) -> None:
        with self._lock:
            self._failures += 1
            if self._failures >= self._most_failures:
                raise UsageError(f"the mirrors no longer answer; repeat the command to continue: {error}")
