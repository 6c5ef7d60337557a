"""The folder in which a data root grows, and its publication as a whole, in the place of an older one if there is one.

It lies beside the place that it is for, hidden, and outlives a try that was killed: the next one goes on in it.
"""

from __future__ import annotations

import contextlib
import fcntl
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

from ablate import shards
from ablate.errors import UsageError
from ablate.shards import Manifest
from datasets.chunks import RECORDS
from datasets.ledger import SELECTION, SKIPPED

_OWNED, _WORKED = ".owned", ".worked"  # locks: of the one command that builds here, of all its processes that write


@contextlib.contextmanager
def building(to: Path) -> Iterator[Path]:
    """Gives the folder in which `to` is built; what an earlier try finished there is kept.

    A try that ends badly before anything is finished leaves nothing.

    Raises:
        UsageError: `to` cannot be written, holds something that is not a data root's, or is being built already.
    """
    to = to.resolve()  # of a link, the folder that it leads to is replaced
    require_replaceable(to)
    folder = to.with_name(f".{to.name}.building")
    try:
        (folder / RECORDS).mkdir(parents=True, exist_ok=True)
        lock = (folder / _OWNED).open("w")
    except OSError as error:
        raise UsageError(f"to={to}: cannot be written: {error.strerror}") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise UsageError(
                f"to={to}: another datasets.prepare is writing it; wait for it, or give another to="
            ) from error
        try:
            yield folder
        except UsageError as error:
            if not _holds_records(folder):
                raise
            raise UsageError(f"{error}; what is finished is kept in {folder} for the next try") from error
        finally:
            if folder.is_dir() and not _holds_records(folder):
                shutil.rmtree(folder)


@contextlib.contextmanager
def working(folder: Path) -> Iterator[None]:
    """Holds a folder as one that is written to: a killed command's workers may live a little longer than it."""
    with (folder / _WORKED).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        yield


def publish(folder: Path, to: Path, manifest: Manifest) -> None:
    """Makes a built folder the data root `to`: removes all that the manifest does not name, writes it, and moves it."""
    with (folder / _WORKED).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # nobody writes any more
    named = {folder / shard.name for arm in manifest.arms.values() for shard in arm.shards}
    named |= {folder / name for name in (SELECTION, SKIPPED)}
    shards.write_manifest(folder, manifest)
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir():
            with contextlib.suppress(OSError):  # not empty
                path.rmdir()
        elif path not in named and path != folder / shards.MANIFEST:
            path.unlink()
    _swap(folder, to.resolve())


def require_replaceable(to: Path) -> None:
    """Raises a `UsageError` unless `to` is absent, empty, or a data root that holds nothing but what we wrote."""
    if not to.exists():
        return
    if not to.is_dir():
        raise UsageError(f"to={to}: a file is there; give a folder")
    if not any(to.iterdir()):
        return
    if not (to / shards.MANIFEST).is_file():
        raise UsageError(
            f"to={to}: the folder is neither empty nor a data root (no {shards.MANIFEST}); give another one"
        )
    for path in sorted(to.rglob("*")):
        if not _ours(path, to):
            raise UsageError(f"to={to}: {path} is not a part of the data root and would be lost; move it away")


def _holds_records(folder: Path) -> bool:
    return any((folder / RECORDS).glob("*.json"))


def _ours(path: Path, root: Path) -> bool:
    if path.parent == root:
        return path.is_dir() or path.name in {shards.MANIFEST, SKIPPED, SELECTION}
    return path.parent.parent == root and path.is_file() and path.suffix == ".tar"


def _swap(folder: Path, to: Path) -> None:
    """Moves the new folder to its place. A crash in between leaves the old one whole, under the name of `aside`."""
    if not to.exists():
        folder.rename(to)
        return
    aside = to.with_name(f".{to.name}.{secrets.token_hex(4)}.old")
    to.rename(aside)
    try:
        folder.rename(to)
    except OSError:
        aside.rename(to)
        raise
    for old in to.parent.glob(f".{to.name}.*.old"):  # and what a crash left here before
        shutil.rmtree(old)
