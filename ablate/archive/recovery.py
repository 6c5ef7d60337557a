"""What a command that was killed has left to do: done first by the next one."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet

from ablate.archive import ARCHIVE
from ablate.archive.moving import GONE, WAITING, Selection, interrupted, moving
from ablate.archive.selecting import Folder, moved, used_by
from ablate.errors import UsageError
from ablate.results.schema import trials_schema
from ablate.storage.locks import Lock


@contextlib.contextmanager
def exclusive(out: Path) -> Iterator[None]:
    """Within, no other command archives, restores or deletes in a folder of results.

    Raises:
        UsageError: one does.
    """
    with Lock(out / ARCHIVE / ".held", "copy the results to a disk that has them") as lock:
        if not lock.exclusive(wait=False):
            raise UsageError(f"out={out}: another ablate.archive is at work there; wait for it")
        yield


def recover(out: Path) -> None:
    """Puts what was on its way, in or out, into the archive, and removes what is left of what was to be deleted.

    What was trained anew since then stays as it is.
    """
    archive = out / ARCHIVE
    for trial, mark in interrupted(archive, WAITING).items():
        if (out / "trials" / f"{trial}.parquet").exists():
            older = mark.replace(archive / "trials" / f"{trial}.parquet")
            _finish(archive, None, trial, older, [out, archive])
        else:
            _finish(out, archive, trial, mark, [out])
    for place in (out, archive):
        for trial, mark in interrupted(place, GONE).items():
            if not (place / "trials" / f"{trial}.parquet").exists():
                _finish(place, None, trial, mark, [out, archive])
            mark.unlink(missing_ok=True)


def _finish(source: Path, target: Path | None, trial: str, mark: Path, users: Sequence[Path]) -> None:
    """Moves or deletes what is left of a trial, but for the trainings that others in `users` score."""
    folders = [Folder.at(place) for place in users]
    left = moved(_row(mark, trial), _segments(trial, *folders), used_by(folders, {trial}))
    for step in moving(source, target, Selection((left,))):
        step.take()


def _segments(trial: str, *folders: Folder) -> set[str]:
    """The trainings of the parts of a population's member, whose record leaves after it."""
    members = (one for folder in folders for one in folder.members(folder.searches) if one.trial == trial)
    return {segment.training for one in members for segment in one.segments}


def _row(mark: Path, trial: str) -> dict[str, Any]:
    """The row of a trial's commit mark, under whatever name it is.

    Raises:
        UsageError: it is none, or another trial's: a copy that was broken off, or a stranger's.
    """
    try:
        [row] = pyarrow.parquet.read_table(mark, schema=trials_schema()).to_pylist()
    except (pyarrow.ArrowException, ValueError) as error:
        raise UsageError(f"{mark}: not the mark of a trial; remove it") from error
    if row["trial"] != trial:
        raise UsageError(f"{mark}: the mark of another trial than its name says; remove it")
    return dict(row)
