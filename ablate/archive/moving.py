"""The steps that archive, restore or delete: renames and removals, each of which happens or does not.

A trial is there where its commit mark `trials/<trial>.parquet` is. While its files move, the mark waits as
`archive/trials/.<trial>.parquet`, where nobody reads it but the next command (`recovery`): it is the first to leave
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
WAITING, GONE = ".parquet", ".gone"  # what the names of commit marks end in while files are moved, or deleted
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


def moving(source: Path, target: Path | None, moved: Selection) -> Iterator[Step]:
    """The steps from a folder of results to its archive, or back; where `target` is None, to nowhere.

    On the way back, weights that are in use again stay as they are.
    """
    restoring = target is not None and source == target / ARCHIVE

    def step(path: str, keep: bool = False) -> Step:
        return Step(source / path, target and target / path, keep)

    for one in moved.trials:
        mark = f"trials/{one.trial}.parquet"
        archive = source if restoring or target is None else target
        waiting = archive / "trials" / f".{one.trial}{GONE if target is None else WAITING}"
        yield Step(source / mark, waiting)
        if target is not None and not restoring:
            yield Step(target / mark, None)  # an older one of the same trial
        yield from (step(path, keep=restoring and not own) for path, own in one.files())
        yield Step(waiting, target and target / mark)
    yield from (step(path) for path in (*moved.records, *(f"runs/{run}.json" for run in moved.runs)))


def interrupted(place: Path, suffix: str) -> dict[str, Path]:
    """The marks of trials whose move (`WAITING`) or deletion (`GONE`) was broken off, by trial."""
    return {path.name[1:].removesuffix(suffix): path for path in (place / "trials").glob(f".*{suffix}")}
