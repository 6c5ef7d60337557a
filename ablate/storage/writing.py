"""Files that are either absent or whole, on the disk and in object stores.

.NAME.TOKEN.partial   what one attempt writes
.NAME.partial         what was received of a file so far; a later process can continue it
.NAME.partial.of      the validator (ETag or date) of the server's file, so that parts of two files are never joined
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from ablate.storage import urls
from ablate.storage.locks import Lock
from ablate.storage.paths import unique_name
from ablate.storage.retrying import FetchError, RetryPolicy
from ablate.storage.uploading import upload, upload_copy

_DEFAULT = RetryPolicy()
_PROBE = 2**16  # bytes
_RUST_ERROR = re.compile(r"\(os error (\d+)\)")  # how Rust's libraries print the system's error

Progress = Callable[[int], None]  # takes how many bytes a file has grown by; less than 0 where it is begun again


def publish(place: Path | str, data: bytes, policy: RetryPolicy = _DEFAULT) -> None:
    """Writes a file, at a path or at a URL of an object store, so that it is either absent or whole.

    Raises:
        OSError: the place cannot be written; names it.
        FetchError: a store refuses, or, `UnreachableError`, does not answer; names it, without credentials.
    """
    if isinstance(place, str) and urls.is_url(place):
        upload(place, data, policy)
        return
    with publishing(Path(place)) as partial:
        partial.write_bytes(data)


@contextlib.contextmanager
def publishing(path: Path) -> Iterator[Path]:
    """Gives a name to write to, beside `path`; what was written there appears as `path` when the block ends well.

    The name is unique to this attempt, so that two writers of one file (a killed driver's trial that lives on for a
    second, two runs on one `out`) never share a half-written one. A failed attempt leaves nothing. In a working copy of
    a folder in an object store the file is there before it appears here.

    Raises:
        OSError: it cannot be written; names the path. As `publish` where it is of a working copy.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(unique_name(path.name))
    try:
        yield partial
        with partial.open("rb+") as file:
            os.fsync(file.fileno())
        upload_copy(path, partial)
        partial.replace(path)
    except FetchError:
        raise
    except OSError as error:
        error.filename = error.filename or str(path)  # a full disk does not say which file it was
        raise
    except Exception as error:
        _raise_if_full(partial, path, error)
        raise
    finally:
        partial.unlink(missing_ok=True)


def _raise_if_full(partial: Path, path: Path, error: Exception) -> None:
    """Raises the system's error where the disk is the cause of a library's own."""
    found = _RUST_ERROR.search(str(error))
    try:
        if found:
            raise OSError(int(found[1]), "")
        with partial.open("ab") as file:
            file.write(bytes(_PROBE))
            file.flush()
            os.fsync(file.fileno())
    except OSError as refused:
        raise OSError(refused.errno, os.strerror(refused.errno or errno.EIO), str(path)) from error


class Partial:
    """The bytes so far, locked by `claimed`."""

    def __init__(self, lock: Lock, progress: Progress) -> None:
        self.path, self._file, self._progress = lock.path, lock.file, progress
        self._validator_path = lock.path.with_name(f"{lock.path.name}.of")
        progress(self.size)

    @property
    def size(self) -> int:
        return os.fstat(self._file.fileno()).st_size

    @property
    def validator(self) -> str | None:
        """Of the file that the bytes are a part of; None where the server did not send one."""
        return self._validator_path.read_text() if self._validator_path.is_file() else None

    def restart(self, validator: str | None) -> None:
        """Drops what is there, and begins a file with this validator."""
        self._progress(-self.size)
        self._file.truncate(0)
        if validator is None:
            self._validator_path.unlink(missing_ok=True)
        else:
            self._validator_path.write_text(validator)

    def append(self, data: bytes) -> None:
        try:
            self._file.write(data)
        except OSError as error:
            error.filename = error.filename or str(self.path)  # a full disk does not say which file it was
            raise
        self._progress(len(data))

    def publish(self, to: Path) -> None:
        """Gives the file its final name."""
        os.fsync(self._file.fileno())
        self._validator_path.unlink(missing_ok=True)
        self.path.replace(to)


@contextlib.contextmanager
def claimed(to: Path, progress: Progress) -> Iterator[Partial]:
    """What there is of `to` so far, for this process alone; waits for another that is fetching the same file.

    Raises:
        OSError: the place cannot be written; names the path.
    """
    with _locked(to.with_name(f".{to.name}.partial")) as lock:
        partial = Partial(lock, progress)
        try:
            yield partial
        finally:
            if partial.size == 0 and lock.is_in_place():
                partial.restart(None)
                lock.path.unlink()


def _locked(path: Path) -> Lock:
    while True:
        lock = Lock(path, "fetch it to a folder of a local disk")
        lock.exclusive()
        if lock.is_in_place():
            return lock
        lock.close()  # its last holder has given it its final name
