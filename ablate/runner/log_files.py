"""Where a job's trials write what they do: a log file for each of them."""

from __future__ import annotations

import faulthandler
import logging
import os
import platform
import sys
from typing import TextIO

from ablate.runner.actor_deaths import BEGINS
from ablate.runner.plan import TrainingJob


class LogFiles:
    """The log files of a job's trials. Every attempt appends to them, and so does a crash."""

    def __init__(self, log: logging.Logger) -> None:
        self._log = log
        self._crashes: TextIO | None = None

    def open(self, job: TrainingJob) -> None:
        """From now on the files receive what this logger and those of other modules of `ablate` are given."""
        logging.getLogger("ablate").setLevel(logging.INFO)
        self._log.propagate = False
        self.close()  # of an attempt that did not get beyond this
        logs = job.out / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        for trial in job.trials:
            handler = logging.FileHandler(logs / f"{trial.trial}.log")
            handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
            self._log.addHandler(handler)
            logging.getLogger("ablate").addHandler(handler)
        self._log.info("%s %s: %d on %s", job.name, BEGINS, os.getpid(), platform.node())
        self._crashes = (logs / f"{job.trials[0].trial}.log").open("a")
        faulthandler.enable(self._crashes)

    def close(self) -> None:
        """Closes the files, if they are open."""
        if self._crashes is not None:
            faulthandler.enable(sys.__stderr__ or sys.stderr)
            self._crashes.close()
            self._crashes = None
        for handler in [*self._log.handlers]:
            self._log.removeHandler(handler)
            logging.getLogger("ablate").removeHandler(handler)
            handler.close()
