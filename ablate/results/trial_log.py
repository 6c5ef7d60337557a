"""What a trial's log tells of its last process: which one it is, and how far it has come.

The lines are those of `ablate.runner.log_files` and `ablate.runner.job_worker`; all others in a log are passed over.
"""

from __future__ import annotations

import datetime
import itertools
import math
import re
import statistics
from collections.abc import Sequence
from typing import Literal

import pydantic

BEGINS = "begins in process"

_BEGINS = re.compile(rf"^\S+ \S+ (.+) {BEGINS}: (\d+) on (.+)$", re.MULTILINE)
_LINE = re.compile(r"^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d),(\d{3}) (.*)$", re.MULTILINE)
_CONTINUES = re.compile(r"^continuing after epoch (\d+)$")
_SCORING = re.compile(r"^scoring (\d+) photographs$")
_TRAINS = "the pictures that it trains on lie "
_TRAINED = "the network is trained already; scoring it"

Doing = Literal["starting", "training", "scoring"]


class LastProcess(pydantic.BaseModel):
    """The last process that worked on a trial.

    Attributes:
        name: of its job: of a trial whose network others score too, that of the first of them.
        process: its number on its node.
        doing: what it began last.
        photographs: that it scores; None where it does not, or does not tell.
        epoch: the last one that was finished, by it or by an earlier process that it goes on from; 0 before the first.
        finished: how many epochs it has finished itself.
        val_iou, images_per_second: of that epoch.
        epoch_seconds: from the end of one epoch to the end of the next, also of an earlier process if this one has
            finished none; None before the first.
        last_line: that was written, if it is not of an epoch.
    """

    model_config = pydantic.ConfigDict(frozen=True)

    name: str
    process: int
    node: str
    doing: Doing = "starting"
    photographs: int | None = None
    epoch: int = 0
    finished: int = 0
    val_iou: float | None = None
    images_per_second: float | None = None
    epoch_seconds: float | None = None
    last_line: str | None = None


class _Epoch(pydantic.BaseModel):
    epoch: int
    seconds: float
    val_iou: float | None = None
    images_per_second: float | None = None

    @pydantic.field_validator("val_iou", "images_per_second")
    @classmethod
    def _finite(cls, value: float | None) -> float | None:
        return value if value is not None and math.isfinite(value) else None


def last_process(log: str) -> LastProcess | None:
    """The last process of which a log, or the end of one, tells; None where it tells of none."""
    begins = [*_BEGINS.finditer(log)]
    if not begins:
        return None
    before, after = log[: begins[-1].start()], log[begins[-1].end() :]
    name, process, node = begins[-1].groups()
    epochs, earlier = _epochs(after), _last_epochs(before)
    doing, photographs = _doing(after)
    last = epochs[-1][1] if epochs else _continued(before, after)
    if last is None and doing == "scoring" and earlier:  # it has not trained
        last = earlier[-1][1]
    written = [line.strip() for line in log.splitlines() if line.strip()]
    return LastProcess(
        name=name,
        process=int(process),
        node=node,
        doing=doing,
        photographs=photographs,
        finished=len(epochs),
        epoch=last.epoch if last else 0,
        val_iou=last.val_iou if last else None,
        images_per_second=last.images_per_second if last else None,
        epoch_seconds=_pace(epochs or earlier),
        last_line=_without_time(written[-1]) if _epoch(_without_time(written[-1])) is None else None,
    )


def _epochs(log: str) -> list[tuple[datetime.datetime, _Epoch]]:
    """The epochs of a part of a log, each with the time, on its node's clock, when it ended."""
    found = []
    for line in _LINE.finditer(log):
        if (epoch := _epoch(line[3])) is not None:
            time = datetime.datetime.fromisoformat(line[1]) + datetime.timedelta(milliseconds=int(line[2]))
            found.append((time, epoch))
    return found


def _last_epochs(log: str) -> list[tuple[datetime.datetime, _Epoch]]:
    """The epochs of the last process that has finished any: between two processes any time may have passed."""
    starts = [0, *(found.start() for found in _BEGINS.finditer(log)), len(log)]
    parts = (log[start:end] for start, end in reversed([*itertools.pairwise(starts)]))
    return next((epochs for part in parts if (epochs := _epochs(part))), [])


def _doing(log: str) -> tuple[Doing, int | None]:
    """What a process began last, and how many photographs it scores, by its part of a log."""
    doing: Doing = "starting"
    photographs = None
    for line in _LINE.finditer(log):
        said = line[3]
        if said == _TRAINED:
            doing, photographs = "scoring", None
        elif found := _SCORING.match(said):
            doing, photographs = "scoring", int(found[1])
        elif said.startswith(_TRAINS) or _CONTINUES.match(said) or _epoch(said) is not None:
            doing, photographs = "training", None
    return doing, photographs


def _epoch(said: str) -> _Epoch | None:
    if not said.startswith("{"):
        return None
    try:
        return _Epoch.model_validate_json(said)
    except pydantic.ValidationError:  # cut where a process was killed, or not ours
        return None


def _continued(before: str, after: str) -> _Epoch | None:
    """The epoch that the last process continues after, as an earlier one has left it in the log."""
    said = [found for line in _LINE.finditer(after) if (found := _CONTINUES.match(line[3]))]
    if not said:
        return None
    number = int(said[-1][1])
    known = [epoch for _, epoch in _epochs(before) if epoch.epoch == number]
    return known[-1] if known else _Epoch(epoch=number, seconds=0.0)


def _pace(epochs: Sequence[tuple[datetime.datetime, _Epoch]]) -> float | None:
    if not epochs:
        return None
    gaps = [(later - earlier).total_seconds() for (earlier, _), (later, _) in itertools.pairwise(epochs)]
    return statistics.median([gap for gap in gaps if gap >= 0] or [epochs[-1][1].seconds])


def _without_time(line: str) -> str:
    found = _LINE.match(line)
    return found[3] if found else line
