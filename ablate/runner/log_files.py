"""Where a job's trials write what they do: a log file for each of them, which also lies in the store of `out`."""

from __future__ import annotations

import contextlib
import faulthandler
import logging
import os
import platform
import sys
import time
from pathlib import Path
from typing import TextIO

from ablate.errors import UsageError
from ablate.results.trial_log import BEGINS
from ablate.runner.plan import TrainingJob
from ablate.storage import working_copy

_SECONDS = 15.0  # between two uploads of logs that grow


class LogFiles:
    """The log files of a job's trials. Every attempt appends to them, and so does a crash."""

    def __init__(self, log: logging.Logger) -> None:
        self._log = log
        self._crashes: TextIO | None = None
        self._paths: list[Path] = []
        self._sent = 0.0

    def open(self, job: TrainingJob) -> None:
        """From now on the files receive what this logger and those of other modules of `ablate` are given."""
        logging.getLogger("ablate").setLevel(logging.INFO)
        self._log.propagate = False
        self.close()  # of an attempt that did not get beyond this
        logs = job.out / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        self._paths = [logs / f"{trial.trial}.log" for trial in job.trials]
        for path in self._paths:
            take_over(path)
            handler = logging.FileHandler(path)
            handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
            self._log.addHandler(handler)
            logging.getLogger("ablate").addHandler(handler)
        self._log.info("%s %s: %d on %s", job.name, BEGINS, os.getpid(), platform.node())
        self._crashes = (logs / f"{job.trials[0].trial}.log").open("a")
        faulthandler.enable(self._crashes)

    @property
    def of_crashes(self) -> TextIO:
        """Where a crash is written: the log of the job's first trial, once that is open."""
        return self._crashes or sys.__stderr__ or sys.stderr

    def send(self, at_once: bool = False) -> None:
        """Lets the store of `out`, if it lies in one, have the logs as they are, now and then; no failure of a trial.

        Args:
            at_once: whether or not it has just been done.
        """
        if not at_once and time.monotonic() - self._sent < _SECONDS:
            return
        self._sent = time.monotonic()
        for path in self._paths:
            with contextlib.suppress(OSError, UsageError):
                working_copy.push(path)

    def close(self) -> None:
        """Closes the files, if they are open."""
        self.send(at_once=True)
        self._paths = []
        if self._crashes is not None:
            faulthandler.enable(sys.__stderr__ or sys.stderr)
            with contextlib.suppress(OSError):  # a full disk: what was not written is lost
                self._crashes.close()
            self._crashes = None
        for handler in [*self._log.handlers]:
            self._log.removeHandler(handler)
            logging.getLogger("ablate").removeHandler(handler)
            with contextlib.suppress(OSError):
                handler.close()


def take_over(path: Path) -> None:
    """Gets what another node has written of a log, where `out` lies in a store, unless it is the beginning of ours."""
    if not working_copy.is_copied(path):
        return
    with contextlib.suppress(OSError, UsageError):
        there = working_copy.read(path)
        ours = path.read_bytes() if path.is_file() else b""
        if not ours.startswith(there):
            path.write_bytes(there)
