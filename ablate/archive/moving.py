"""The steps that archive, restore or delete: renames and removals, each of which happens or does not.

A trial is there where its commit mark `trials/<trial>.parquet` is. While its files move, the mark waits as
`archive/trials/.<trial>.parquet`, where nobody reads it but the next command (`finishing`): it is the first to leave
and the last to arrive. The records of a search leave after its trials, and a run's plan last, so that the same command
finds what is left of them.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ablate.archive import ARCHIVE

_NAME = re.compile(r"\w[\w.-]*")  # an id that a stranger wrote must not name a file elsewhere
_GONE = ".gone"
_OF_TRIAL = ("images/{}.parquet", "epochs/{}.parquet", "logs/{}.log")
_OF_TRAINING = ("weights/{}.safetensors", "weights/{}.best_val.safetensors", "checkpoints/{}.ckpt")


@dataclass(frozen=True)
class Step:
    """A file's way, to `target` or, where that is None, to nowhere; a file that is not there is passed over.

    `keep`: what is at the target already stays, and the file goes.
    """

    source: Path
    target: Path | None
    keep: bool = False

    @property
    def size(self) -> int:
        """Bytes that it moves, now."""
        try:
            return self.source.stat().st_size
        except FileNotFoundError:
            return 0

    def take(self) -> None:
        """Does it.

        Raises:
            OSError: it cannot be done; names the path.
        """
        if self.target is None or (self.keep and self.target.exists()):
            self.source.unlink(missing_ok=True)
        elif self.source.exists():
            self.target.parent.mkdir(parents=True, exist_ok=True)
            with contextlib.suppress(FileNotFoundError):  # another command was faster
                os.replace(self.source, self.target)


@dataclass(frozen=True)
class Moved:
    """What moves together with the commit mark of a trial: its files, those of trainings that no other trial needs."""

    trial: str
    trainings: tuple[str, ...]

    def files(self) -> Iterator[tuple[str, bool]]:
        """Paths in a folder of results, and whether they belong to the trial alone."""
        yield from ((name.format(self.trial), True) for name in _OF_TRIAL)
        for training in filter(_NAME.fullmatch, self.trainings):
            yield from ((name.format(training), False) for name in _OF_TRAINING)


@dataclass(frozen=True)
class Selection:
    """What is moved: trials, the records of members of searches (paths), and the plans of runs (ids)."""

    trials: tuple[Moved, ...] = ()
    records: tuple[str, ...] = ()
    runs: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.trials or self.records or self.runs)


def interrupted_moves(out: Path) -> dict[str, Path]:
    """The marks of trials whose move was broken off, by trial."""
    return {
        path.name.removeprefix(".").removesuffix(".parquet"): path
        for path in (out / ARCHIVE / "trials").glob(".*.parquet")
    }


def archiving(out: Path, moved: Selection) -> Iterator[Step]:
    """From a folder of results to its archive."""
    archive = out / ARCHIVE
    for one in moved.trials:
        mark = f"trials/{one.trial}.parquet"
        yield Step(out / mark, _waiting_mark(out, one.trial))
        yield Step(archive / mark, None)  # an older one of the same trial
        yield from (Step(out / path, archive / path) for path, _ in one.files())
        yield Step(_waiting_mark(out, one.trial), archive / mark)
    yield from (Step(out / path, archive / path) for path in moved.records)
    yield from (Step(out / _plan(run), archive / _plan(run)) for run in moved.runs)


def restoring(out: Path, moved: Selection) -> Iterator[Step]:
    """The way back. Weights that are in use again stay as they are."""
    archive = out / ARCHIVE
    for one in moved.trials:
        mark = f"trials/{one.trial}.parquet"
        yield Step(archive / mark, _waiting_mark(out, one.trial))
        yield from (Step(archive / path, out / path, keep=not own) for path, own in one.files())
        yield Step(_waiting_mark(out, one.trial), out / mark)
    yield from (Step(archive / path, out / path) for path in moved.records)
    yield from (Step(archive / _plan(run), out / _plan(run)) for run in moved.runs)


def deleting(here: Path, moved: Selection) -> Iterator[Step]:
    """Args: here: the folder of results that they are deleted from, which may be an archive."""
    for one in moved.trials:
        gone = here / "trials" / f".{one.trial}{_GONE}"
        yield Step(here / f"trials/{one.trial}.parquet", gone)
        yield from (Step(here / path, None) for path, _ in one.files())
        yield Step(gone, None)
    yield from (Step(here / path, None) for path in moved.records)
    yield from (Step(here / _plan(run), None) for run in moved.runs)


def interrupted_deletions(here: Path) -> dict[str, Path]:
    """The marks of trials whose deletion was broken off, by trial: what is left of them is never shown again."""
    return {path.name.removeprefix(".").removesuffix(_GONE): path for path in (here / "trials").glob(f".*{_GONE}")}


def _waiting_mark(out: Path, trial: str) -> Path:
    return out / ARCHIVE / "trials" / f".{trial}.parquet"


def _plan(run: str) -> str:
    return f"runs/{run}.json"
