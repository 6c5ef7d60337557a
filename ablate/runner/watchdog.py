"""Ends a process whose trial hangs: Python's watchdog, which needs neither interpreter nor GPU to answer."""

from __future__ import annotations

import faulthandler
import time
from typing import TextIO

ENDED = "Timeout ("  # how faulthandler's report begins, in the trial's log

_UNKNOWN = 24 * 3600.0  # seconds for what nobody can estimate: the first epoch, and scoring
_LEAST = 1800.0
_TIMES = 20.0  # as long as the longest epoch so far


class Watchdog:
    """Allows a time for each step of a trial, after which the process writes where it was and ends."""

    def __init__(self, limit: float | None) -> None:
        """Args: limit: seconds; None: a day, of an epoch twenty times the longest one, and half an hour at least."""
        self._limit, self._longest, self._began = limit, 0.0, 0.0

    def seconds(self, epoch: bool = True) -> float:
        """What the next step may take; `epoch`: whether it is an epoch at most."""
        if self._limit is not None:
            return self._limit
        return max(_LEAST, _TIMES * self._longest) if self._longest and epoch else _UNKNOWN

    def start(self, log: TextIO, epoch: bool = True) -> None:
        """The time of a step begins, anew where it has begun: at its end the process ends.

        Args:
            log: an open file, into which the process writes where it was.
        """
        self._began = time.monotonic()
        faulthandler.dump_traceback_later(self.seconds(epoch), exit=True, file=log)

    def learn(self) -> None:
        """What has passed since the start was an epoch."""
        self._longest = max(self._longest, time.monotonic() - self._began)

    def stop(self) -> None:
        """The step is done, or waits for what is no fault of its own."""
        faulthandler.cancel_dump_traceback_later()
