"""What Prometheus and Ray's dashboard see of a run. Ray exports the names of metrics with `ray_` before them.

Ray 2.60 exports a value once, and forgets it two of its report intervals later: a gauge that is not set again is gone.
So values are set again as long as they hold, and a trial that has ended leaves none, whatever its process does next.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ablate.runner.plan import TrainingJob

Report = dict[str, Any]

_TRIAL_TAGS = ("trial", "name", "model", "arm", "augment", "seed", "run", "out")
_TRIAL = {
    "epoch": "Finished epochs of a trial that runs",
    "epochs": "Epochs that it is to train",
    "loss": "Training loss of its last epoch",
    "val_iou": "IoU on validation images after its last epoch, 0 to 1",
    "images_per_second": "Training images per second in its last epoch",
    "epoch_seconds": "Seconds of its last epoch, validation included",
    "gpu_memory_mib": "Memory of its GPU that PyTorch holds for it, MiB",
}
_RUN_TAGS = ("state", "space", "run", "out")
_STATES = "Trials of a run by state: waiting, running, done or failed"

_AGAIN = 1.0  # seconds; Ray reports every 10 unless told otherwise, and never more often than once a second


class Gauges:
    """Gauges of one set of tags in this process. Whatever goes wrong with them is told once and disturbs nobody."""

    def __init__(self, described: Mapping[str, str], tags: tuple[str, ...]) -> None:
        self._described, self._tags = described, tags
        self._gauges: dict[str, Any] | None = None
        self._broken = False

    @contextlib.contextmanager
    def guarded(self) -> Iterator[None]:
        """Ends quietly at an exception, after which nothing more is tried."""
        try:
            yield
        except Exception as error:  # noqa: BLE001 - no trial is to fail of its metrics
            if not self._broken:
                logging.getLogger(__name__).warning("no metrics from here: %s: %s", type(error).__name__, error)
            self._broken = True

    def set(self, values: Mapping[str, float], tags: Mapping[str, str]) -> None:
        """Sets those that are given."""
        if self._broken:
            return
        with self.guarded():
            gauges = self._made()
            shown = {key: _ascii(tag) for key, tag in tags.items()}
            for name, value in values.items():
                gauges[name].set(value, shown)

    def _made(self) -> dict[str, Any]:
        if self._gauges is None:
            from ray.util.metrics import Gauge  # the board, which imports this module, starts without Ray

            self._gauges = {name: Gauge(f"ablate_{name}", text, self._tags) for name, text in self._described.items()}
        return self._gauges


class TrialMetrics:
    """A trial, as its process knows it: gauges, and the process's title."""

    def __init__(self, job: TrainingJob) -> None:
        self._job, self._gauges = job, Gauges(_TRIAL, _TRIAL_TAGS)
        first = job.trials[0]
        self._tags = first.config.model_dump(include={"model", "arm", "augment"}) | {
            "trial": first.trial,
            "name": job.name,
            "seed": str(first.config.seed),
            "out": job.results,
        }
        self._values: dict[str, float] = {"epoch": 0, "epochs": first.config.epochs}

    def watched(self, step: Callable[[], Report]) -> Report:
        """Carries out a step of the trial, and shows meanwhile what was known before it; in an actor of Ray only."""
        if not self._begins():
            return step()
        ended = threading.Event()
        again = threading.Thread(target=self._until, args=(ended,), daemon=True)
        try:
            with self._gauges.guarded():
                again.start()
            report = step()
        finally:
            ended.set()
            with self._gauges.guarded():
                again.join()
        with self._gauges.guarded():
            self._take(report)
        return report

    def _begins(self) -> bool:
        """Names the process after its trial, as `ps` and the dashboard's nodes show it, until Ray names it again."""
        import ray

        if not ray.is_initialized():
            return False
        with self._gauges.guarded():
            context = ray.get_runtime_context()
            self._tags["run"] = context.get_job_id()
            if context.get_actor_id() is not None:
                ray._raylet.setproctitle(f"ray::{self._job.name}")
        return True

    def _until(self, ended: threading.Event) -> None:
        while True:
            self._gauges.set(self._values, self._tags)
            if ended.wait(_AGAIN):
                return

    def _take(self, report: Report) -> None:
        last = report["rows"][-1] if report["rows"] else {}
        known = {
            "epoch": report["epoch"],
            "loss": last.get("train_loss"),
            "val_iou": last.get("val_iou"),
            "images_per_second": last.get("images_per_second"),
            "epoch_seconds": last.get("seconds"),
            "gpu_memory_mib": _gpu_memory() if self._job.gpu else None,
        }
        self._values |= {name: value for name, value in known.items() if value is not None}
        self._gauges.set(self._values, self._tags)


class RunMetrics:
    """The trials of a run by state, as its driver knows them."""

    def __init__(self, space: str, out: str) -> None:
        """Args: out: the place of the results, without credentials."""
        self._gauges, self._tags = Gauges({"trials": _STATES}, _RUN_TAGS), {"space": space, "out": out}
        self._shown: tuple[float, dict[str, int]] = (0.0, {})

    def show(self, states: dict[str, int]) -> None:
        """Shows how many trials are in each state; to be called again and again, at no cost."""
        before, shown = self._shown
        if shown == states and time.monotonic() - before < _AGAIN:
            return
        self._shown = (time.monotonic(), states)
        with self._gauges.guarded():
            import ray

            self._tags["run"] = ray.get_runtime_context().get_job_id()
            for state, count in states.items():
                self._gauges.set({"trials": count}, self._tags | {"state": state})


def _gpu_memory() -> float:
    import torch

    return torch.cuda.memory_reserved() / 2**20


def _ascii(tag: str) -> str:
    """As Ray can send it."""
    return tag.encode("ascii", "backslashreplace").decode()
