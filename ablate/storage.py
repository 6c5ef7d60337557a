"""Where files are read and published: the only module that knows how a place is addressed.

A file under its final name is always whole: it is serialised completely, written beside it under a name of its own,
flushed to the disk and moved.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from ablate.errors import UsageError


def local(place: str, key: str) -> Path:
    """The absolute path of a place that the user named.

    Raises:
        UsageError: it is a URL; only local paths can be used so far.
    """
    if "://" in place:
        raise UsageError(f"{key}={place}: URLs cannot be read or written yet; copy it here and give a local path")
    return Path(place).expanduser().absolute()


def publish(path: Path, data: bytes) -> None:
    """Writes a file so that it is either absent or whole.

    Raises:
        OSError: the place cannot be written; names the path.
    """
    with publishing(path) as partial:
        partial.write_bytes(data)


@contextlib.contextmanager
def publishing(path: Path) -> Iterator[Path]:
    """Gives a name to write to, beside `path`; what was written there appears as `path` when the block ends well.

    The name is unique to this attempt, so that two writers of one file (a killed driver's trial that lives on for a
    second, two runs on one `out`) never share a half-written one. A failed attempt leaves nothing.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}.partial")
    try:
        yield partial
        with partial.open("rb+") as file:
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        error.filename = error.filename or str(path)  # a full disk does not say which file it was
        raise
    finally:
        partial.unlink(missing_ok=True)


def sha256(path: Path) -> str:
    """The hexadecimal digest of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def cache() -> Path:
    """The node's own folder for copies and decoded pictures: `ABLATE_CACHE`, else in the user's cache folder."""
    chosen = os.environ.get("ABLATE_CACHE")
    if chosen:
        return Path(chosen).expanduser().absolute()
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "ablate"
