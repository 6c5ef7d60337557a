"""Ends a process whose trial hangs: Python's watchdog, which needs neither interpreter nor GPU to answer."""

from __future__ import annotations

import faulthandler
import time
from typing import TextIO

ENDED = "Timeout ("  # how faulthandler's report begins, in the trial's log

_FIRST = 24 * 3600.0  # seconds for the first epoch of an unknown trial
_LEAST = 1800.0
_TIMES = 20.0  # as long as the longest epoch so far


class Watchdog:
    """Allows a time for each step of a trial, after which the process writes where it was and ends."""

    def __init__(self, limit: float | None) -> None:
        """Args: limit: seconds; None: a day at first, then twenty times the longest step, and half an hour at least."""
        self._limit, self._longest, self._began = limit, 0.0, 0.0

    @property
    def seconds(self) -> float:
        """What the next step may take."""
        if self._limit is not None:
            return self._limit
        return max(_LEAST, _TIMES * self._longest) if self._longest else _FIRST

    def start(self, log: TextIO) -> None:
        """The time of a step begins, anew where it has begun: at its end the process ends.

        Args:
            log: an open file, into which the process writes where it was.
        """
        self._began = time.monotonic()
        faulthandler.dump_traceback_later(self.seconds, exit=True, file=log)

    def stop(self) -> None:
        """The step is done."""
        faulthandler.cancel_dump_traceback_later()
        self._longest = max(self._longest, time.monotonic() - self._began)
