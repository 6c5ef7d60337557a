"""How far runs are, judged from their files alone."""

from __future__ import annotations

import collections
import math
import re
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import pydantic

from ablate.results import run_facts
from ablate.results.log_folder import LogFolder
from ablate.results.run_facts import Asked, Facts, Mark
from ablate.results.runs import Run, TrialToRun
from ablate.results.search_record import Member
from ablate.results.trial_log import Doing, LastProcess

State = Literal["done", "stopped", "diverged", "failed", "running", "silent", "waiting"]

# What lives gives a sign of it within so many times what it is expected to take, and within so many seconds.
_SEVERAL, _SHORTEST = 5, 60.0
_STARTING = 600.0  # processes start, data are copied and decoded, photographs are scored
_UNKNOWN = 3600.0  # an epoch, where no earlier one and no other trial tells how long one takes

_PINNED_EPOCHS = re.compile(r"(?<!\S)trial\.epochs=(\d+)(?!\S)")


class TrialStatus(pydantic.BaseModel):
    """How far one trial is.

    Attributes:
        name: as its commit mark, its search, its plan or its log tells it; None of one that has none of them.
        state: `diverged` is a failure that a search takes for a result; `waiting` for a process, perhaps again.
        reason: of the failure, or of the early end.
        node, process: that worked on it last.
        doing: what that began last.
        epoch: the last one that was finished; epochs: how many it trains, None where no file tells.
        val_iou, images_per_second: of that epoch.
        seen_seconds: since its last sign of life; None where there was none.
        last_line: of the log of a trial that is silent.
        log: where that is; None where there is none.
    """

    model_config = pydantic.ConfigDict(frozen=True)

    trial: str
    name: str | None = None
    state: State
    reason: str | None = None
    node: str | None = None
    process: int | None = None
    doing: Doing | None = None
    epoch: int | None = None
    epochs: int | None = None
    val_iou: float | None = None
    images_per_second: float | None = None
    seen_seconds: float | None = None
    last_line: str | None = None
    log: str | None = None


class RunStatus(pydantic.BaseModel):
    """How far a run is.

    Attributes:
        age_seconds: since it was started, by its driver's clock; None where the plan does not tell.
        seen_seconds: since the last sign of life of any of its trials, or else since its plan.
        alive: whether something runs, has run a moment ago, or may be about to start.
        trials: of a search those that it has suggested so far.
        samples: how many trials a search is to have; None of a grid, and where the plan does not tell.
    """

    model_config = pydantic.ConfigDict(frozen=True)

    run: str
    space: str
    command: str
    search: str | None
    started_at: str
    age_seconds: float | None
    seen_seconds: float
    alive: bool
    trials: tuple[TrialStatus, ...]
    samples: int | None = None

    @property
    def counts(self) -> Mapping[State, int]:
        return collections.Counter(trial.state for trial in self.trials)

    @property
    def total(self) -> int:
        """How many trials it has, those that its search is still to suggest among them, as far as is known."""
        return max(self.samples or 0, len(self.trials))

    @property
    def left(self) -> int:
        """How many of its trials have not ended, those that its search is still to suggest among them."""
        return len(self.of("running", "silent", "waiting")) + self.total - len(self.trials)

    @property
    def complete(self) -> bool:
        """Whether nothing is left and nothing has failed."""
        if self.left or self.of("failed"):
            return False
        # A search of an older plan, which does not say how many trials it is to have, may suggest more while it lives.
        return self.search is None or self.samples is not None or bool(self.trials and not self.alive)

    def of(self, *states: State) -> list[TrialStatus]:
        """Its trials that are in some states."""
        return [trial for trial in self.trials if trial.state in states]


def status(out: Path, logs: LogFolder, chosen: Sequence[Run]) -> list[RunStatus]:
    """How far some runs of a folder of results are.

    Raises:
        UsageError: a file is not what its name says, or the store of the logs does not answer.
    """
    known = run_facts.asked(out, chosen)
    facts = run_facts.gather(out, logs, known)
    return [_of_run(one, facts) for one in known]


def _of_run(asked: Asked, facts: Facts) -> RunStatus:
    logs = {trial: at for trial in asked.trials if (at := facts.written.get(trial, 0)) >= asked.planned}
    marks = [facts.marks[trial].written for trial in asked.trials if trial in facts.marks]
    pace = _pace(logs, facts)
    found = [_of_trial(trial, asked, facts, pace) for trial in asked.trials]
    elsewhere = _left(logs, facts)
    found = [_paused(one) if one.trial in elsewhere else one for one in found]
    if any(one.state == "running" for one in found):
        found = [_paused(one) if _is_silent_member(one, asked) else one for one in found]
    begun = bool(logs) or any(at >= asked.planned for at in marks)
    seen = facts.since(max([asked.planned, *logs.values(), *marks]))
    states = {one.state for one in found}
    begins = "waiting" in states or len(found) < (asked.run.samples or 0)  # soon a process, where none hangs or is dead
    starting = not begun or (begins and "silent" not in states)
    return RunStatus(
        **asked.run.model_dump(include={"run", "space", "command", "search", "started_at", "samples"}),
        age_seconds=None if asked.started is None else max(0.0, facts.now / 1e9 - asked.started.timestamp()),
        seen_seconds=seen,
        alive="running" in states or seen <= max(_STARTING if starting else 0.0, _longest(pace)),
        trials=tuple(found),
    )


def _of_trial(trial: str, asked: Asked, facts: Facts, pace: float | None) -> TrialStatus:
    mark, member, process = facts.marks.get(trial), asked.members.get(trial), facts.processes.get(trial)
    to_run = asked.run.to_run.get(trial, TrialToRun())
    name = mark.name if mark else member.name if member else to_run.name
    log = facts.logs.place(trial) if trial in facts.written else None
    if mark is not None and (end := asked.end(trial, mark)) is not None:
        seen = facts.since(mark.written)
        return TrialStatus(trial=trial, name=name, state=end, reason=mark.reason, seen_seconds=seen, log=log)
    epochs = to_run.epochs or _planned_epochs(asked.run, mark, member)
    if process is None or facts.written[trial] < asked.planned:  # no process, or only one of an earlier run
        return TrialStatus(trial=trial, name=name, state="waiting", epochs=epochs, log=log)
    seen = facts.since(facts.written[trial])
    silent = seen > _allowed(process, pace, epochs)
    return TrialStatus(
        trial=trial,
        name=name or process.name,
        state="silent" if silent else "running",
        **process.model_dump(include={"node", "process", "doing", "epoch", "val_iou", "images_per_second"}),
        epochs=epochs,
        seen_seconds=seen,
        last_line=process.last_line if silent else None,
        log=log,
    )


def _left(logs: Mapping[str, int], facts: Facts) -> set[str]:
    """The trials whose process has begun another job since: theirs is paused, and goes on in any process."""
    at_work = {
        (process.node, process.process): process.name
        for trial in sorted(logs, key=lambda trial: logs[trial])
        if (process := facts.processes.get(trial)) is not None
    }
    return {
        trial
        for trial in logs
        if (process := facts.processes.get(trial)) is not None
        if at_work[process.node, process.process] != process.name
    }


def _pace(logs: Mapping[str, int], facts: Facts) -> float | None:
    """What an epoch lasts, of the trials that have logs; None where none tells."""
    processes = (facts.processes[trial] for trial in logs if trial in facts.processes)
    paces = [process.epoch_seconds for process in processes if process.epoch_seconds is not None]
    return statistics.median(paces) if paces else None


def _allowed(process: LastProcess, pace: float | None, epochs: int | None) -> float:
    """Seconds without a sign of life of a process that lives.

    Args:
        pace: of the run's trials; epochs: that the trial trains.
    """
    pace = process.epoch_seconds or pace
    if process.doing == "scoring" or (epochs is not None and process.epoch >= epochs):
        seconds = (process.photographs or 0) / (process.images_per_second or math.inf)
        return max(_STARTING, _SEVERAL * seconds)
    if process.doing == "training":
        if process.finished:
            return _longest(pace)
        if pace is None:
            return _UNKNOWN
    return max(_STARTING, _longest(pace))


def _longest(pace: float | None) -> float:
    """Seconds without a sign of life."""
    return max(_SHORTEST, _SEVERAL * (pace or 0.0))


def _planned_epochs(run: Run, mark: Mark | None, member: Member | None) -> int | None:
    """How many epochs a trial trains; older plans do not tell, unless the command did."""
    if mark is not None:
        return mark.epochs
    if member is not None:
        fixed = (member.given | member.values).get("epochs")
        return member.segments[-1].until if member.segments else fixed if isinstance(fixed, int) else None
    pinned = _PINNED_EPOCHS.findall(run.command)
    return int(pinned[-1]) if pinned else None


def _is_silent_member(one: TrialStatus, asked: Asked) -> bool:
    """Whether a trial is a member of a population in which others run: it waits for them at the end of its round."""
    return one.state == "silent" and one.trial in asked.members and bool(asked.members[one.trial].segments)


def _paused(one: TrialStatus) -> TrialStatus:
    if one.state not in {"running", "silent"}:
        return one
    return one.model_copy(update={"state": "waiting", "last_line": None})
