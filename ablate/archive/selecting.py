"""Which trials and runs a command means, and what of them others still need.

A run is its plan and the trials that no other plan lists. A search is moved as a whole, for without some of its trials
it would suggest them again: its members go with the last of its runs.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ablate.archive import command_line
from ablate.archive.moving import Moved, Selection
from ablate.errors import UsageError, plain, suggest
from ablate.results import runs, search_record
from ablate.results.reader import commit_marks, read_rows
from ablate.results.runs import Run
from ablate.results.search_record import Member
from ablate.spaces import where

Row = dict[str, Any]


@dataclass(frozen=True)
class Folder:
    """What a folder of results holds.

    Attributes:
        rows: of `trials`, by trial.
        searches: their members.
    """

    place: Path
    rows: Mapping[str, Row]
    runs: Sequence[Run]
    searches: Mapping[str, Sequence[Member]]

    @classmethod
    def at(cls, place: Path) -> Folder:
        """Reads a folder.

        Raises:
            UsageError: a row, a plan or a record is not of the file that it is in: its id would name other files.
        """
        before = commit_marks(place)
        rows = {row["trial"]: row for row in read_rows(place, "trials").to_pylist()}
        for trial in sorted(rows.keys() - before.keys() - commit_marks(place).keys()):
            raise UsageError(f"{place / 'trials'}: a row is of {plain(trial)}, whose name no file there has; remove it")
        return cls(place, rows, runs.read(place), search_record.searches(place))

    def asked(self, run: Run) -> set[str]:
        """The trials that a run asked for, or that its search has tried."""
        return {*run.trials, *(one.trial for one in self.searches.get(run.search or "", ()))}

    def members(self, searches: Collection[str | None]) -> list[Member]:
        return [one for search in sorted(self.searches) if search in searches for one in self.searches[search]]


@dataclass(frozen=True)
class Filter:
    """What a command names: runs and trials by their ids, and a condition as of `where=`; nothing at all is all."""

    runs: Collection[str] = ()
    trials: Collection[str] = ()
    condition: str | None = None

    @property
    def everything(self) -> bool:
        return not (self.runs or self.trials or self.condition)


def select(
    folder: Folder,
    wanted: Filter,
    users: Collection[Folder],
    others: Collection[Run],
    asked: Collection[str] = (),
) -> Selection:
    """What of a folder is meant; nothing where it has none of it.

    Args:
        users: folders whose other trials keep the weights that they share with these.
        others: runs that keep the trials that they list, and their searches.
        asked: trials of runs that are named, and whose plans are elsewhere.

    Raises:
        UsageError: a trial of a search is named, or the condition cannot be read.
    """
    chosen = [run for run in folder.runs if wanted.everything or run.run in wanted.runs]
    ended = {run.search for run in chosen} - {run.search for run in others}
    if wanted.everything:
        ended |= folder.searches.keys()
    of_others = {one.trial: one.search for one in folder.members(folder.searches.keys() - ended)}
    _require_whole(wanted.trials, of_others, folder)
    named = {trial for run in chosen for trial in folder.asked(run)} | set(asked)
    named -= {trial for run in others for trial in run.trials}
    if not wanted.runs:
        named |= folder.rows.keys() if not wanted.trials else set()
    named = (named | set(wanted.trials)) & folder.rows.keys() - of_others.keys()
    if wanted.condition is not None:
        met = where.matching_trials((folder.rows[trial] for trial in sorted(named)), wanted.condition)
        return Selection(trials=_moved(met, folder, (), users))
    with_them = folder.members(ended)
    return Selection(
        trials=_moved(sorted(named), folder, with_them, users),
        records=tuple(f"searches/{one.search}/{one.trial}.json" for one in with_them),
        runs=tuple(run.run for run in chosen),
    )


def without(selection: Selection, trials: Collection[str]) -> Selection:
    """The same without some trials."""
    left = tuple(one for one in selection.trials if one.trial not in trials)
    return Selection(left, selection.records, selection.runs)


def lists_all(place: str) -> str:
    """What to type to see every run, as the end of an error."""
    return f"{command_line(f'out={place}')} lists all"


def require_known(place: str, folders: Collection[Folder], wanted: Filter) -> None:
    """Raises a `UsageError` where no folder has a run or a trial that is named; `place` is what the user typed."""
    runs_there = {run.run for folder in folders for run in folder.runs}
    trials_there = {trial for folder in folders for trial in folder.rows}
    for key, given, there in (("run", wanted.runs, runs_there), ("trial", wanted.trials, trials_there)):
        for name in given:
            if name not in there:
                raise UsageError(f"{key}={name}: not here; {suggest(name, there)}; {lists_all(place)}")


def used_by(users: Collection[Folder], leaving: Collection[str]) -> set[str]:
    """The trainings that trials score which do not leave."""
    return {str(row["training"]) for user in users for trial, row in user.rows.items() if trial not in leaving}


def moved(row: Row, also: Collection[str], used: Collection[str]) -> Moved:
    """A trial with those of its trainings that no other trial scores.

    Args:
        also: further trainings; used: what `used_by` has found.
    """
    return Moved(row["trial"], tuple(sorted({str(row["training"]), *also}.difference(used))))


def _moved(
    trials: Sequence[str], folder: Folder, with_them: Sequence[Member], users: Collection[Folder]
) -> tuple[Moved, ...]:
    """The trainings of the parts of a population leave with their member."""
    of_member = {one.trial: {segment.training for segment in one.segments} for one in with_them}
    used = used_by(users, set(trials))
    return tuple(moved(folder.rows[trial], of_member.get(trial, ()), used) for trial in trials)


def _require_whole(named: Collection[str], of_others: Mapping[str, str], folder: Folder) -> None:
    for trial in named:
        if trial in of_others:
            ids = [run.run for run in folder.runs if run.search == of_others[trial]]
            raise UsageError(
                f"trial={trial}: a trial of the search {of_others[trial]}, which is moved as a whole; "
                f"type run={','.join(ids) or '?'}"
            )
