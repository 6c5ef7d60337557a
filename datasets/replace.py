"""Publishes a data root as a whole folder, in the place of an older one where there is one."""

from __future__ import annotations

import contextlib
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

from ablate import shards
from ablate.errors import UsageError
from datasets.ledger import SELECTION, SKIPPED


@contextlib.contextmanager
def replacing(to: Path) -> Iterator[Path]:
    """Gives a folder to write to, beside `to`; it becomes `to` when the block ends well, else it is deleted.

    Raises:
        UsageError: `to` cannot be written, or holds something that is not a data root's; it is left as it is.
    """
    to = to.resolve()  # of a link, the folder that it leads to is replaced
    require_replaceable(to)
    building = _beside(to, "building")
    try:
        building.mkdir(parents=True)
    except OSError as error:
        raise UsageError(f"to={to}: cannot be written: {error.strerror}") from error
    try:
        yield building
        _swap(building, to)
    finally:
        shutil.rmtree(building, ignore_errors=True)


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


def _ours(path: Path, root: Path) -> bool:
    if path.parent == root:
        return path.is_dir() or path.name in {shards.MANIFEST, SKIPPED, SELECTION}
    return path.parent.parent == root and path.is_file() and path.suffix == ".tar"


def _beside(path: Path, purpose: str) -> Path:
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}.{purpose}")


def _swap(building: Path, to: Path) -> None:
    """Moves the new folder to its place. A crash in between leaves the old one whole, under the name of `aside`."""
    if not to.exists():
        building.rename(to)
        return
    aside = _beside(to, "old")
    to.rename(aside)
    try:
        building.rename(to)
    except OSError:
        aside.rename(to)
        raise
    shutil.rmtree(aside)
