"""How far preparation is: a live bar in a terminal, a plain line now and then everywhere else."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

_QUIET_SECONDS = 15.0  # between two plain lines

Advance = Callable[[int], None]


class _Speed(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:,.0f} images/s" if task.speed else "")


@contextlib.contextmanager
def progress(label: str, total: int, done: int, console: Console) -> Iterator[Advance]:
    """Shows `label` with a count of images; the function that it gives is told how many more are done.

    Args:
        done: how many were done before, by an earlier try; they do not count as fast work.
    """
    if console.is_terminal:
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            _Speed(),
            TimeRemainingColumn(),
            TextColumn("left"),
        )
        with Progress(*columns, console=console, transient=True, speed_estimate_period=60) as shown:
            task = shown.add_task(label, total=total, completed=done)
            yield lambda count: shown.update(task, advance=count)
    else:
        yield _Plain(label, total, done, console).advance


class _Plain:
    def __init__(self, label: str, total: int, done: int, console: Console) -> None:
        self._label, self._total, self._before, self._done = label, total, done, done
        self._console = console
        self._began = self._told = time.monotonic()

    def advance(self, count: int) -> None:
        self._done += count
        now = time.monotonic()
        if now - self._told < _QUIET_SECONDS:
            return
        self._told = now
        rate = max(self._done - self._before, 1) / (now - self._began)
        left = (self._total - self._done) / rate
        self._console.print(
            f"{self._label}: {self._done:,} of {self._total:,}, {rate:,.0f} images/s, {left / 60:.1f} minutes left",
            highlight=False,
            soft_wrap=True,
        )
