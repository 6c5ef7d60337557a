"""How far a long step is: a live bar in a terminal, a plain line now and then everywhere else."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from ablate.report.layout import plural

Show = Callable[[int, str], None]  # takes how much of the total is done, and a text that says so


@contextlib.contextmanager
def progress_line(total: int, console: Console, quiet: float, before: int = 0) -> Iterator[Show]:
    """Gives a function that shows progress, with the time left.

    Args:
        quiet: seconds between two plain lines.
        before: how much was done by an earlier try; it does not count as fast work.
    """
    if console.is_terminal:
        columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn(), TextColumn("left"))
        with Progress(*columns, console=console, transient=True, speed_estimate_period=60) as shown:
            task = shown.add_task("", total=total, completed=before)
            yield lambda done, text: shown.update(task, completed=done, description=text)
        return
    began = printed = time.monotonic()

    def show(done: int, text: str) -> None:
        nonlocal printed
        now = time.monotonic()
        if now - printed >= quiet:
            printed = now
            left = (total - done) * (now - began) / max(done - before, 1)
            minutes = round(left / 60)
            told = plural(minutes, "minute") if minutes else "less than a minute"
            console.print(f"{text}, {told} left", highlight=False, soft_wrap=True)

    yield show
