"""What the files of a folder of results tell of the trials of some runs, and when each was written.

Times of files are of the clock of the disk or store that they lie in, which is another one than the nodes'.
"""

from __future__ import annotations

import datetime
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ablate.results import search_record
from ablate.results.log_folder import LogFolder
from ablate.results.reader import commit_marks, read_rows
from ablate.results.runs import Run
from ablate.results.search_record import Member
from ablate.results.trial_log import LastProcess, last_process

End = Literal["done", "stopped", "diverged", "failed"]


@dataclass(frozen=True)
class Mark:
    """A commit mark; `written` in ns by the folder's clock, `started` by that of the trial's node."""

    written: int
    name: str
    status: str
    reason: str | None
    epochs: int
    started: datetime.datetime | None


@dataclass(frozen=True)
class Asked:
    """A run with what it asks for.

    Attributes:
        planned: in ns by the folder's clock; started: by that of the driver, None where the plan does not tell.
        members: of its search, by their trial.
    """

    run: Run
    planned: int
    started: datetime.datetime | None
    members: Mapping[str, Member]

    @property
    def trials(self) -> list[str]:
        return [*dict.fromkeys([*self.run.trials, *self.members])]

    def end(self, trial: str, mark: Mark | None) -> End | None:
        """How a trial has ended as far as the run is concerned; None if it has not, or the run repeats it."""
        if mark is None or self._repeats(trial, mark):
            return None
        match mark.status:
            case "done":
                return "done"
            case "stopped":
                return "stopped" if self.run.search else None  # a grid trains it to its end
            case _:
                return "diverged" if self.run.search and search_record.diverged(mark.reason) else "failed"

    def _repeats(self, trial: str, mark: Mark) -> bool:
        """Whether an earlier run left a mark whose trial this one works on again.

        It is older by both clocks, the folder's and the machines': one of them may be wrong.
        """
        if self.run.search:
            again = mark.status == "failed" and not search_record.diverged(mark.reason)
        else:
            again = trial in self.run.to_run
        earlier = mark.started is None or self.started is None or mark.started < self.started
        return again and earlier and mark.written < self.planned


@dataclass(frozen=True)
class Facts:
    """What the files tell of all trials.

    Attributes:
        written: the logs' times; processes: the last ones of trials that have not ended.
        now: by the folder's clock; this machine's, but no time of a file is in the future.
    """

    marks: Mapping[str, Mark]
    logs: LogFolder
    written: Mapping[str, int]
    processes: Mapping[str, LastProcess]
    now: int

    def since(self, moment: int) -> float:
        """Seconds."""
        return (self.now - moment) / 1e9


def asked(out: Path, chosen: Sequence[Run]) -> list[Asked]:
    """What runs ask for, the trials that searches have suggested so far included.

    Raises:
        UsageError: the record of a search is of another trial than its name says.
    """
    members = search_record.searches(out) if any(run.search for run in chosen) else {}
    return [
        Asked(
            run=run,
            planned=(out / "runs" / f"{run.run}.json").stat().st_mtime_ns,
            started=_time(run.started_at),
            members={one.trial: one for one in members.get(run.search or "", ())},
        )
        for run in chosen
    ]


def gather(out: Path, logs: LogFolder, known: Sequence[Asked]) -> Facts:
    """What the files tell of the trials of runs. Of logs only those are read whose trials have not ended.

    Raises:
        FetchError: the store of the logs refuses; `UnreachableError` where it does not answer.
    """
    marks = _marks(out, {trial for one in known for trial in one.trials})
    ends = [(one, trial, one.end(trial, marks.get(trial))) for one in known for trial in one.trials]
    written = logs.written({trial for _, trial, end in ends if end in {None, "failed"}})
    unfinished = {trial for one, trial, end in ends if end is None and written.get(trial, 0) >= one.planned}
    processes = {trial: last_process(end) for trial, end in logs.ends(sorted(unfinished)).items()}
    times = [*(one.planned for one in known), *(mark.written for mark in marks.values()), *written.values()]
    found = {trial: process for trial, process in processes.items() if process is not None}
    return Facts(marks, logs, written, found, max([time.time_ns(), *times]))


def _time(said: str) -> datetime.datetime | None:
    try:
        found = datetime.datetime.fromisoformat(said)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=datetime.UTC)


def _marks(out: Path, trials: set[str]) -> dict[str, Mark]:
    written = commit_marks(out, trials)
    columns = ["name", "status", "reason", "epochs", "started_at"]
    rows = read_rows(out, "trials", written.keys(), ["trial", *columns]).to_pydict()
    told = zip(*(rows[column] for column in columns), strict=True)
    return {trial: Mark(written[trial][0], *of_trial) for trial, of_trial in zip(rows["trial"], told, strict=True)}
