"""Deaths of a trial's process: what each was, in a line, and whether another try is worth it.

Losing a process, a node or its memory to others is not the trial's fault: it continues from its checkpoint. What ends a
process by itself does so again: a second death of that kind, with nothing achieved in between, is the trial's end. Who
has killed a process is not known: of those that had reported nothing, the fourth in a row is the end.
"""

from __future__ import annotations

import pickle
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from ray.air.execution._internal.actor_manager import RayActorManager
from ray.exceptions import OutOfMemoryError, RayActorError, RayTaskError
from ray.tune.experiment import Trial

from ablate.errors import last_line
from ablate.results.trial_log import BEGINS
from ablate.runner import unfit_nodes, watchdog

# Deaths, with no epoch finished in between, after which even an innocent trial is given up.
MOST = 10

# The same of unknown deaths in a row, of processes that had reported nothing.
UNKNOWN = 4

# What a process raises that an earlier trial has spoiled.
SPOILED = "the trial before has left this process's GPU memory in disorder"

_MEMORY = "killed: out of memory; lower max_concurrent=, or train on less (trial.image_size=, trial.batch_size=)"
_CRASH = re.compile(r"^Fatal Python error: (.+)$", re.MULTILINE)  # faulthandler's
_EXIT_CODE = re.compile(r"exit code (-?\d+)")
_LARGEST = re.compile(r"Top \d+ memory users:[^\n]*\n(\d+)\s")  # of Ray's memory monitor
_PID = re.compile(r": (\d+) ")
_TAIL = 2**20  # bytes of a log; a process rarely writes more, and a crash's report is short


@dataclass(frozen=True)
class Death:
    """One death.

    Attributes:
        reason: what it was, in a line.
        own: whether the trial's own doing is what ended its process; None where that cannot be told.
        unfit_node: Ray's id of the node that lacked what the trial needs, where that was it.
    """

    reason: str
    own: bool | None
    unfit_node: str | None = None


@dataclass
class _Life:
    """A trial's processes so far.

    Attributes:
        epoch: the last one that was reported; forgiven: the deaths before it.
        begun: whether the process that lives has reported anything; unknown: deaths of unknown cause since one had.
        death: of the process before, while nothing has been achieved since.
    """

    epoch: int = 0
    forgiven: int = 0
    begun: bool = False
    unknown: int = 0
    death: Death | None = None


class KilledForMemoryError(RayActorError):  # type: ignore[misc]
    """Ray's memory monitor has ended a trial's process."""

    def __init__(self, said: str) -> None:
        super().__init__(error_msg=said)
        self.said = said

    def __reduce__(self) -> tuple[type[KilledForMemoryError], tuple[str]]:
        return KilledForMemoryError, (self.said,)


@contextmanager
def memory_kills_as_deaths() -> Iterator[None]:
    """Within, a process that Ray's memory monitor has killed is to Tune what any other dead one is.

    Tune knows two kinds of failure, of an actor and of a task. The monitor's is neither, and ends the whole experiment.
    """
    original = RayActorManager._actor_task_failed

    def failed(manager: RayActorManager, tracked_actor_task: object, exception: Exception) -> None:
        if isinstance(exception, OutOfMemoryError):
            exception = KilledForMemoryError(str(exception))
        original(manager, tracked_actor_task, exception)

    RayActorManager._actor_task_failed = failed
    try:
        yield
    finally:
        RayActorManager._actor_task_failed = original


class Deaths:
    """Counts each trial's deaths, and tells Tune when there is no point in another try."""

    def __init__(self) -> None:
        self._lives: dict[str, _Life] = {}  # by Tune's ids

    def reported(self, trial: Trial, result: dict[str, object]) -> None:
        """A process lives; once it has achieved what the one before did not, that one's death counts no more."""
        life = self._lives.setdefault(trial.trial_id, _Life())
        epoch = int(str(result.get("epoch") or 0))
        achieved = epoch > life.epoch
        if achieved:
            life.forgiven = trial.num_failures
        if life.death is not None and (achieved or not life.death.own):
            trial.max_failures = life.forgiven + MOST
            life.death = None
        life.epoch, life.begun, life.unknown = max(epoch, life.epoch), True, 0

    def died(self, trial: Trial, log: Path) -> Death:
        """What a process died of; `log` is its trial's, where all that Ray says of it is kept."""
        life = self._lives.setdefault(trial.trial_id, _Life())
        error = _error(trial)
        death = cause_of_death(error, log)
        life.unknown += death.own is None and not life.begun
        if death.own or life.unknown >= UNKNOWN - 1:
            trial.max_failures = trial.num_failures  # the next one is the last
        life.death, life.begun = death, False
        with suppress(OSError), log.open("a") as file:
            file.write(f"{death.reason}\n{error}\n")
        return death


def cause_of_death(error: Exception | None, log: Path) -> Death:
    """What an exception says that Ray gives for a dead process, and the end of its trial's log."""
    said, last = str(error or "").strip(), _last_process(log)
    if isinstance(error, KilledForMemoryError):
        largest, pid = _LARGEST.search(said), _PID.match(last)
        return Death(_MEMORY, own=largest[1] == pid[1] if largest and pid else None)
    if isinstance(error, RayTaskError) and SPOILED in said:
        return Death(SPOILED, own=False)
    of_python = isinstance(error, RayTaskError) or (isinstance(error, RayActorError) and error.actor_init_failed)
    if of_python and (node := unfit_nodes.named(said)):
        return Death(last_line(said).partition(f"{node}: ")[2], own=False, unfit_node=node)
    if of_python:
        return Death(f"its process was ended: {last_line(said)}", own=True)
    return _of_process(said, last)


def _of_process(said: str, last: str) -> Death:
    """What Ray and the log tell of a process that was not ended by an exception."""
    if watchdog.ENDED in last:
        return Death("its process hung, and was ended after trial_timeout=; its log tells where", own=True)
    if crash := _CRASH.search(last):
        return Death(f"its process crashed: {crash[1]}", own=True)
    if "SIGTERM" in said:
        return Death("its process was terminated", own=False)
    if code := _EXIT_CODE.search(said):
        return Death(f"its process ended itself with exit code {code[1]}", own=True)
    if "node" in said.partition("The actor is dead because")[2].partition(".")[0]:
        return Death("its node was lost", own=False)
    return Death("its process was killed", own=None)


def _error(trial: Trial) -> Exception | None:
    if not trial.pickled_error_file:
        return None
    try:
        found = pickle.loads(Path(trial.pickled_error_file).read_bytes())
    except Exception:  # noqa: BLE001 - whatever it was, the death is recorded without its cause
        return None
    return found if isinstance(found, Exception) else None


def _last_process(log: Path) -> str:
    """What the last process has left in a trial's log, behind the words by which it began; empty where nothing is."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - _TAIL))
            return file.read().decode(errors="replace").rpartition(BEGINS)[2]
    except OSError:
        return ""
