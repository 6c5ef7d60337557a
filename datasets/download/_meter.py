"""How far a download is, in bytes or in files."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator

from rich.console import Console

from datasets.progress_line import Show, progress_line


class Meter:
    """Counts bytes and files, in any thread.

    Args:
        total: what there is to do, in `unit`, which is `bytes` or what the files are called.
    """

    def __init__(self, total: int, unit: str, show: Show) -> None:
        self._total, self._unit, self._show = total, unit, show
        self._bytes = self._files = 0
        self._lock = threading.Lock()
        self._began = time.monotonic()

    def grown(self, count: int) -> None:
        """So many bytes more have come (less than 0: they had to be thrown away)."""
        self._count(count, 0)

    def finished(self) -> None:
        """One file more has come to its end."""
        self._count(0, 1)

    def _count(self, size: int, files: int) -> None:
        with self._lock:
            self._bytes += size
            self._files += files
            megabytes = f"{self._bytes / 1e6:,.0f}"
            speed = f"{max(0.0, self._bytes / 1e6 / max(time.monotonic() - self._began, 1e-3)):.1f} MB/s"
            if self._unit == "bytes":
                self._show(self._bytes, f"{megabytes} of {self._total / 1e6:,.0f} MB, {speed}")
            else:
                self._show(self._files, f"{self._files:,} of {self._total:,} {self._unit}, {megabytes} MB, {speed}")


@contextlib.contextmanager
def metered(total: int, unit: str, console: Console, quiet: float = 5.0) -> Iterator[Meter]:
    """Shows a meter for as long as the block runs."""
    with progress_line(total, console, quiet) as show:
        yield Meter(total, unit, show)
