"""Where a data root grows, and its publication as a whole, in the place of an older one if there is one.

    .NAME.building/root/      the data root to be; shards appear in it whole
    .NAME.building/records/   what is known of each finished chunk

It lies beside the place that it is for, and outlives a try that was killed: the next one goes on in it.
"""

from __future__ import annotations

import contextlib
import re
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

from ablate.data.manifest import MANIFEST, Manifest, read_manifest, write_manifest
from ablate.errors import UsageError
from ablate.storage.locks import Lock
from datasets.build import writers
from datasets.raw.skipped import SELECTION, SKIPPED

_OWNED, _WORKED = ".owned", ".worked"  # locks: of the one command that builds here, of all its processes that write
ROOT, RECORDS = "root", "records"


@contextlib.contextmanager
def building(to: Path) -> Iterator[Path]:
    """Gives the folder in which `to` is built; what an earlier try finished there is kept.

    A try that ends badly before anything is finished leaves nothing.

    Raises:
        UsageError: `to` cannot be written, holds something that is not a data root's, or is being built already.
    """
    require_replaceable(to)
    folder = to.with_name(f".{to.name}.building")
    with _owned(folder, to):
        writers.await_writers(folder / _WORKED)
        for partial in folder.rglob("*.partial"):
            partial.unlink(missing_ok=True)
        try:
            yield folder
        except UsageError as error:
            if not _holds_records(folder):
                raise
            raise UsageError(f"{error}; what is finished is kept in {folder} for the next try") from error
        finally:
            if not _holds_records(folder):
                shutil.rmtree(folder, ignore_errors=True)


def working(folder: Path) -> contextlib.AbstractContextManager[None]:
    """Holds a folder as one that is written to."""
    return writers.writing(folder / _WORKED)


def publish(folder: Path, to: Path, manifest: Manifest) -> None:
    """Makes what was built the data root `to`: removes what the manifest does not name, writes it, and moves all.

    Raises:
        UsageError: `to` has come to hold something that would be lost.
        OSError: `to` cannot be moved (it may be a mount point); names it. What was built stays.
    """
    root = folder / ROOT
    named = {root / shard.name for arm in manifest.arms.values() for shard in arm.shards}
    named |= {root / name for name in (SELECTION, SKIPPED)}
    for path in sorted(root.rglob("*"), reverse=True):
        if path.is_dir():
            with contextlib.suppress(OSError):  # not empty
                path.rmdir()
        elif path not in named:
            path.unlink()
    write_manifest(root, manifest)
    require_replaceable(to)
    _swap(root, to)
    shutil.rmtree(folder)


def require_replaceable(to: Path) -> None:
    """Raises a `UsageError` unless `to` is absent, empty, or a data root that holds nothing but what it should."""
    if not to.exists():
        return
    if not to.is_dir():
        raise UsageError(f"to={to}: a file is there; give a folder")
    if not any(to.iterdir()):
        return
    if not (to / MANIFEST).is_file():
        raise UsageError(f"to={to}: the folder is neither empty nor a data root (no {MANIFEST}); give another one")
    ours = {to / name for name in (MANIFEST, SKIPPED, SELECTION)}
    with contextlib.suppress(UsageError):  # a manifest that cannot be read names nothing
        ours |= {to / shard.name for arm in read_manifest(to).arms.values() for shard in arm.shards}
    for path in sorted(to.rglob("*")):
        if path not in ours and not path.is_dir():
            raise UsageError(f"to={to}: {path} is not a part of the data root and would be lost; move it away")


@contextlib.contextmanager
def _owned(folder: Path, to: Path) -> Iterator[None]:
    try:
        lock = _locked(folder)
    except OSError as error:
        raise UsageError(f"to={to}: cannot be written: {error.strerror}") from error
    if lock is None:
        raise UsageError(f"to={to}: another datasets.prepare is writing it; wait for it, or give another to=")
    with lock:
        yield


def _locked(folder: Path) -> Lock | None:
    """The lock of the one command that builds in a folder, which is made; None where another has it."""
    while True:
        folder.mkdir(parents=True, exist_ok=True)
        with contextlib.ExitStack() as stack, contextlib.suppress(FileNotFoundError):
            lock = stack.enter_context(Lock(folder / _OWNED, writers.ELSEWHERE))
            if not lock.exclusive(wait=False):
                return None
            if lock.is_in_place():  # else another command has just finished and removed the folder
                for name in (ROOT, RECORDS):
                    (folder / name).mkdir(exist_ok=True)
                stack.pop_all()
                return lock


def _holds_records(folder: Path) -> bool:
    return any((folder / RECORDS).glob("*.json"))


def _swap(root: Path, to: Path) -> None:
    """Moves the new folder to its place. A crash in between leaves the old one whole, under the name of `aside`."""
    aside = to.with_name(f".{to.name}.{secrets.token_hex(4)}.old")
    try:
        if to.exists():
            to.rename(aside)
        root.rename(to)
    except OSError as error:
        if aside.exists():
            aside.rename(to)
        error.filename = str(to)
        raise
    old = re.compile(re.escape(f".{to.name}.") + "[0-9a-f]{8}" + re.escape(".old"))
    for path in to.parent.iterdir():  # what was replaced, and what a crash left here before
        if old.fullmatch(path.name):
            shutil.rmtree(path)
