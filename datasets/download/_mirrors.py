"""Many photographs at a time, from whichever mirror answers."""

from __future__ import annotations

import csv
import io
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from ablate import storage
from ablate.errors import UsageError
from ablate.storage import FetchError, UnreachableError, threads, urls
from ablate.storage.reply import Patience
from datasets.download._meter import Meter, metered
from datasets.raw.camera_traps import Record

_PATIENCE = Patience(read=20.0, attempts=3)
_END_WITHIN = 2**16  # some cameras write a little behind the picture's end


@dataclass(frozen=True)
class Missing:
    """A photograph that is not to be had, and why."""

    record: Record
    reason: str


def fetch_all(
    records: Sequence[Record],
    folder: Path,
    mirrors: Sequence[str],
    workers: int,
    console: Console,
    patience: Patience = _PATIENCE,
) -> list[Missing]:
    """Fetches photographs into a folder under their file names; what is there and whole is left alone.

    Args:
        mirrors: URLs of the same folder of photographs.

    Raises:
        UsageError: the mirrors do not answer any more.
        OSError: the folder cannot be written; names the file.
    """
    missing = []
    with metered(len(records), "photographs", console) as meter:
        fetcher = _Fetcher(folder, mirrors, workers, meter, patience)
        for record, reason in threads.each(fetcher.fetch, records, workers):
            meter.finished()
            if reason is not None:
                missing.append(Missing(record, reason))
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
    """What the threads share: connections, which mirror answered last, and how many in a row got no answer."""

    def __init__(self, folder: Path, mirrors: Sequence[str], workers: int, meter: Meter, patience: Patience) -> None:
        self._folder, self._mirrors, self._meter, self._patience = folder, list(mirrors), meter, patience
        self._http = storage.connections(workers)
        self._in_vain, self._enough = 0, 2 * workers
        self._lock = threading.Lock()

    def fetch(self, record: Record) -> str | None:
        """Fetches one photograph; returns why not, where no mirror has it."""
        to = self._folder / record.file_name
        if not to.resolve().is_relative_to(self._folder.resolve()):
            return "its file name leads out of the folder"
        mirrors = list(self._mirrors)
        sources = [urls.join(mirror, record.file_name) for mirror in mirrors]
        try:
            source = storage.fetch(
                sources, to, require_jpeg, progress=self._meter.grown, patience=self._patience, http=self._http
            )
        except UnreachableError as error:
            self._note_silence(error)
            return str(error)
        except FetchError as error:
            return str(error)
        self._note_answer(mirrors[sources.index(source)])
        return None

    def _note_answer(self, mirror: str) -> None:
        with self._lock:
            self._in_vain = 0
            self._mirrors.sort(key=lambda other: other != mirror)  # the others may be down: do not wait for them again

    def _note_silence(self, error: UnreachableError) -> None:
        with self._lock:
            self._in_vain += 1
            if self._in_vain >= self._enough:
                raise UsageError(f"the mirrors do not answer any more; repeat the command to continue: {error}")
