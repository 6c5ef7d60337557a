"""What a search has tried: `<out>/searches/<search>/<trial>.json`, written before a trial starts.

Its result is where every trial's is: in `trials` and `epochs`. So a search that was killed knows all that it suggested.
"""

from __future__ import annotations

import contextlib
import shlex
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pydantic

from ablate import interruption, storage
from ablate.errors import UsageError
from ablate.results.reader import read_rows
from ablate.storage import leases, origins, working_copy
from ablate.storage.locks import Lock, NoLocksError

FINISHED = frozenset({"done", "stopped", "diverged"})  # what a search learns from, and does not try again

_DIVERGED = "NonFiniteLossError"
_OUT_OF_MEMORY = ("OutOfMemoryError", "killed: out of memory")


def diverged(reason: str | None) -> bool:
    """Whether a failure says that the values were bad: that a rate was too high is a result, a lost node is none."""
    return str(reason).startswith(_DIVERGED)


def out_of_memory(reason: str | None) -> bool:
    """Whether a failure says that a trial was too large for the memory: others, that are smaller, may fit."""
    return str(reason).startswith(_OUT_OF_MEMORY)


class Segment(pydantic.BaseModel):
    """A part of the training of a population's member; the next one begins where it continues with another's network.

    Attributes:
        training: names its checkpoint, or, of the last one, its weights.
        parent: the number of the member whose network it began with; the member's own where there was no other.
        after: epochs that its network had behind it when it began; until: when it ends.
        values: of the fields that are searched.
        score: at its end; None of the last one.
    """

    model_config = pydantic.ConfigDict(frozen=True)

    training: str
    parent: int
    after: int
    until: int
    values: dict[str, Any]
    score: float | None = None


class Member(pydantic.BaseModel):
    """A trial that a search suggested.

    Attributes:
        space: the name that the search was started by.
        number: from 0, in its cell.
        is_default: its values are the cell's own, with which every search begins unless they are outside the domains.
        code: digest of the code that was to train it.
        given: fields that the cell or the command line fixed.
        values: of the fields that are searched.
        domains: of these fields, described.
        data: as the command line named it, without credentials.
        segments: of a member of a population, whose `values` are those of the last one; `legs` in the file.
    """

    model_config = pydantic.ConfigDict(frozen=True, populate_by_name=True)

    search: str
    space: str
    objective: str
    cell: int
    number: int
    is_default: bool
    trial: str
    name: str
    code: str = ""
    given: dict[str, Any]
    values: dict[str, Any]
    domains: dict[str, str]
    data: str
    segments: tuple[Segment, ...] = pydantic.Field(default=(), alias="legs")


class Found(pydantic.BaseModel):
    """A member and how it went: its row in `trials`, None where it has none, and its epochs."""

    model_config = pydantic.ConfigDict(frozen=True)

    member: Member
    row: dict[str, Any] | None
    epochs: list[dict[str, Any]]

    @property
    def status(self) -> str:
        """done, stopped (early), diverged (the loss was not finite), failed (otherwise), or unfinished."""
        if self.row is None:
            return "unfinished"
        if self.row["status"] == "failed" and diverged(self.row["reason"]):
            return "diverged"
        return str(self.row["status"])

    @property
    def score(self) -> float | None:
        """What was maximised, at the last epoch."""
        if self.status not in FINISHED or not self.epochs:
            return None
        value: float | None = self.epochs[-1][self.member.objective]
        return value

    @property
    def sampler_score(self) -> float | None:
        """What the sampler is given: the score or, where the values made the training diverge, the lowest there is."""
        return 0.0 if self.status == "diverged" else self.score


def write(out: Path, member: Member) -> None:
    """Publishes a member."""
    record = member.model_dump_json(indent=2, by_alias=True).encode()
    storage.publish(folder(out, member.search) / f"{member.trial}.json", record)


@contextlib.contextmanager
def held(out: Path, search: str, space: str) -> Iterator[None]:
    """Holds a search: two runs of it at once would suggest the same trials twice.

    By a lock, which ends with its process; by a lease in object stores and on disks that have no locks. A process that
    has lost its lease is asked to end, see `interruption`.

    Raises:
        UsageError: another run holds it, or may have taken it over meanwhile.
    """
    lost = threading.Event()

    def end() -> None:
        lost.set()
        interruption.ask()

    place = working_copy.place_of(out)
    try:
        with contextlib.ExitStack() as holding:
            try:
                _take(out, folder(out, search), holding, end)
            except leases.HeldError as error:
                raise UsageError(
                    f"space={space}: another run is at work on this very search in out={place}: "
                    f"{error}; wait for it, or give another out="
                ) from None
            yield
    except KeyboardInterrupt:
        if not lost.is_set():
            raise
    if lost.is_set():
        raise UsageError(
            f"space={space}: ended, as its hold on this search in out={place} is gone: it was suspended or cut off; "
            "another run may be at work on it; what is finished is kept; when that run has ended, repeat the command"
        )


def _take(out: Path, own: Path, holding: contextlib.ExitStack, lost: Callable[[], None]) -> None:
    if origins.public(out) is None:
        with contextlib.suppress(NoLocksError):
            if holding.enter_context(Lock(own / ".held", "")).exclusive(wait=False):
                return
            raise leases.HeldError("its process is alive")
    holding.enter_context(leases.lease(working_copy.origin(own / "held"), lost))


def searches(out: Path) -> dict[str, list[Member]]:
    """All members of all searches, by search, in the order of their cells and numbers.

    Raises:
        UsageError: a record is not of the trial that its file is named after.
    """
    found: dict[str, list[Member]] = {}
    for path in sorted(folder(out, "").glob("*/[!.]*.json")):
        member = Member.model_validate_json(path.read_bytes())
        if (member.search, member.trial) != (path.parent.name, path.stem):
            raise UsageError(f"{path}: the record of another trial than its name says; remove it")
        found.setdefault(member.search, []).append(member)
    return {search: sorted(members, key=lambda one: (one.cell, one.number)) for search, members in found.items()}


def found(out: Path, members: Sequence[Member]) -> list[Found]:
    """How members went, in their order."""
    wanted = [member.trial for member in members]
    rows = {row["trial"]: row for row in read_rows(out, "trials", wanted).to_pylist()}
    epochs: dict[str, list[dict[str, Any]]] = {}
    for row in read_rows(out, "epochs", wanted).sort_by("epoch").to_pylist():
        epochs.setdefault(row["trial"], []).append(row)
    return [Found(member=member, row=rows.get(member.trial), epochs=epochs.get(member.trial, [])) for member in members]


def best(of: Sequence[Found]) -> Found | None:
    """The finished member with the highest score, the first of equal ones; stopped ones are not finished."""
    done = [one for one in of if one.status == "done" and one.score is not None]
    return max(done, key=lambda one: (one.score, -one.member.number), default=None)


def command(member: Member) -> str:
    """What repeats a member as a trial of its own, which is the same trial."""
    fields = {**member.given, **member.values}
    pins = [f"trial.{field}={_typed(value)}" for field, value in fields.items()]
    return shlex.join(["python", "-m", "ablate.run", "space=one", f"data={member.data}", *pins])


def _typed(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def folder(out: Path, search: str) -> Path:
    """Where what belongs to a search lies."""
    return out / "searches" / search
