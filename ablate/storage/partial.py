"""A file that is not whole yet: it lies hidden beside its final name, and a later process can go on with it.

.NAME.partial       the bytes that have come
.NAME.partial.of    what tells the server's file apart (its ETag or date), so that two files are never joined
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from ablate.storage import locks


class Partial:
    """The bytes so far; made by `claimed`, and written by one process at a time."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self.path = path
        self.published = False
        self._file = file
        self._note = path.with_name(f"{path.name}.of")

    @property
    def size(self) -> int:
        return os.fstat(self._file.fileno()).st_size

    @property
    def validator(self) -> str | None:
        """What the bytes belong to; None where the server did not say."""
        return self._note.read_text() if self._note.is_file() else None

    def begin(self, validator: str | None) -> None:
        """Starts over, with a file that `validator` tells apart."""
        self._file.truncate(0)
        if validator is None:
            self._note.unlink(missing_ok=True)
        else:
            self._note.write_text(validator)

    def append(self, data: bytes) -> None:
        try:
            self._file.write(data)
        except OSError as error:
            error.filename = error.filename or str(self.path)  # a full disk does not say which file it was
            raise

    def publish(self, to: Path) -> None:
        """Gives the file its final name; what comes after this is no longer of the partial."""
        os.fsync(self._file.fileno())
        self._note.unlink(missing_ok=True)
        self.path.replace(to)
        self.published = True

    def discard(self) -> None:
        """Leaves nothing behind."""
        self._note.unlink(missing_ok=True)
        self.path.unlink(missing_ok=True)


@contextlib.contextmanager
def claimed(to: Path) -> Iterator[Partial]:
    """What there is of `to` so far, for this process alone; waits for another that is fetching the same file.

    Raises:
        OSError: the place cannot be written; names the path.
    """
    to.parent.mkdir(parents=True, exist_ok=True)
    path = to.with_name(f".{to.name}.partial")
    with _locked(path) as file:
        partial = Partial(path, file)
        try:
            yield partial
        finally:
            if partial.size == 0 and not partial.published:
                partial.discard()


def _locked(path: Path) -> BinaryIO:
    while True:
        file = path.open("ab", buffering=0)
        locks.alone(file, path, "fetch it to a folder of a local disk")
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(file.fileno()), path.stat()):
                return file
        file.close()  # who held it has given it its final name meanwhile
