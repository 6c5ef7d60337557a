"""How far a download is: a live bar in a terminal, a plain line every few seconds everywhere else."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

_QUIET_SECONDS = 5.0  # between two plain lines


class Meter:
    """Counts bytes and files; may be told by any thread.

    Args:
        total: what there is to do, in `unit`, which is `bytes` or what the files are called.
        quiet: seconds between two lines.
    """

    def __init__(self, total: int, unit: str, console: Console, quiet: float) -> None:
        self.total, self.unit, self._quiet = total, unit, quiet
        self._bytes = self._files = 0
        self._console = console
        self._lock = threading.Lock()
        self._began = self._told = time.monotonic()

    def grown(self, count: int) -> None:
        """So many bytes more have come (less than 0: they had to be thrown away)."""
        with self._lock:
            self._bytes += count
            self._changed()

    def finished(self) -> None:
        """One file more has come to its end."""
        with self._lock:
            self._files += 1
            self._changed()

    @property
    def done(self) -> int:
        return self._bytes if self.unit == "bytes" else self._files

    def speed(self) -> float:
        """Bytes a second since the beginning."""
        return max(0.0, self._bytes / max(time.monotonic() - self._began, 1e-3))

    def count(self) -> str:
        """How much is done, in words."""
        if self.unit == "bytes":
            return f"{self._bytes / 1e6:,.0f} of {self.total / 1e6:,.0f} MB"
        return f"{self._files:,} of {self.total:,} {self.unit}, {self._bytes / 1e6:,.0f} MB"

    def _changed(self) -> None:
        now = time.monotonic()
        if now - self._told < self._quiet:
            return
        self._told = now
        left = (self.total - self.done) * (now - self._began) / max(self.done, 1)
        self._console.print(
            f"{self.count()}, {self.speed() / 1e6:.1f} MB/s, {left / 60:.0f} minutes left",
            highlight=False,
            soft_wrap=True,
        )


class _Bar(Meter):
    def __init__(self, total: int, unit: str, shown: Progress) -> None:
        super().__init__(total, unit, shown.console, quiet=0.0)
        self._shown = shown
        self._task = shown.add_task("", total=total)

    def _changed(self) -> None:
        said = f"{self.count()}, {self.speed() / 1e6:.1f} MB/s"
        self._shown.update(self._task, completed=self.done, description=said)


@contextlib.contextmanager
def metered(total: int, unit: str, console: Console, quiet: float = _QUIET_SECONDS) -> Iterator[Meter]:
    """Shows a meter for as long as the block runs."""
    if not console.is_terminal:
        yield Meter(total, unit, console, quiet)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn(), TextColumn("left"))
    with Progress(*columns, console=console, transient=True, speed_estimate_period=60) as shown:
        yield _Bar(total, unit, shown)
