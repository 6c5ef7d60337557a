"""The one Ray trainable: a job in, rows out. A step is an epoch; the last one also scores the photographs."""

from __future__ import annotations

import datetime
import importlib.metadata
import json
import logging
import platform
import resource
import statistics
import time
import traceback
from typing import Any

import torch
from ray import tune

from ablate import checkpoint, data, evaluate, pictures, results
from ablate.data import Data
from ablate.errors import UsageError
from ablate.pictures import Pictures
from ablate.plan import Job, PlannedTrial
from ablate.shards import REAL, scored_on
from ablate.storage import UnreachableError
from ablate.train import EpochRow, NonFiniteLossError, Training, best_epoch

_LIBRARIES = ("ablate", "torch", "timm", "kornia", "ray", "webdataset", "numpy", "opencv-python-headless")

# Repeating these repeats the failure.
_FINAL = (NonFiniteLossError, UsageError)


# Of the last epoch, what boards show and searches maximise.
_SHOWN = ("val_iou", "oracle_iou", "images_per_second", "seconds")


class GridTrial(tune.Trainable):  # type: ignore[misc]
    """Trains one network and scores it for every trial of its job; goes on from its checkpoint wherever it died."""

    def setup(self, config: dict[str, Any]) -> None:
        self._job = Job.model_validate(config["job"])
        self._started = datetime.datetime.now(datetime.UTC)
        self._failures = 0
        self._fresh = True  # no other trial was in this process before
        self._training: Training | None = None
        self._data: Data | None = None
        self._log = _log(self._job)
        _make_deterministic(self._job.threads)
        self._device = torch.device("cuda" if self._job.gpu and torch.cuda.is_available() else "cpu")
        if self._device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(self._device)
        self._log.info("%s on %s", self._job.name, device_name(self._device))

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Begins another job in this process."""
        for handler in [*self._log.handlers]:
            self._log.removeHandler(handler)
            handler.close()
        self.setup(new_config)
        self._fresh = False
        return True

    def __repr__(self) -> str:
        return self._job.name  # what the dashboard's list of actors shows

    def step(self) -> dict[str, Any]:
        """One epoch, or what is left to do after the last one. An exception counts as a failure of the trial."""
        try:
            return self._advance()
        except Exception as error:  # noqa: BLE001 - recorded below, with its trace in the log
            self._log.error("%s", traceback.format_exc())
            self._failures += 1
            final = isinstance(error, _FINAL) and not isinstance(error, UnreachableError)
            if final or self._failures > self._job.max_failures:
                return self._give_up(error)
            self._training = None  # begin again at the checkpoint
            return self._report()

    def _advance(self) -> dict[str, Any]:
        job = self._job
        record = checkpoint.weights_record(job.out, _first(job).training)
        if record is not None and not (job.code_must_match and record[0] != _first(job).code):
            self._log.info("the network is trained already; scoring it")
            return self._finish(record[1], record[0])
        if self._training is None:
            self._training = self._begin()
        if not self._training.finished and self._training.epoch != job.until:
            row = self._training.run_epoch(self._oracle())
            self._log.info("%s", json.dumps(row))
            checkpoint.save(job.out, _first(job).training, _first(job).code, self._training)
        if self._training.epoch == job.until:
            return self._report(done=True)
        if not self._training.finished:
            return self._report()
        checkpoint.save_weights(job.out, _first(job).training, _first(job).code, self._training)
        return self._finish(self._training.rows, _first(job).code)

    def _begin(self) -> Training:
        config = _first(self._job).config
        train, val = self._pictures(config.arm, "train"), self._pictures(config.arm, "val")
        training = Training(config, train, val, self._device)
        if checkpoint.restore(self._job.out, _first(self._job).training, _first(self._job).code, training):
            self._log.info("going on after epoch %d", training.epoch)
        elif self._job.origin is not None:
            if not checkpoint.restore(self._job.out, self._job.origin, _first(self._job).code, training):
                raise UsageError(f"the network of {self._job.origin} is gone, or other code's; repeat with a new out=")
            self._log.info("going on with the network of %s after epoch %d", self._job.origin, training.epoch)
        return training

    def _finish(self, rows: list[EpochRow], code: str) -> dict[str, Any]:
        """Scores the network for every trial; `code` is the digest of the code that trained it."""
        for trial in self._job.trials:
            started = time.perf_counter()
            photographs = scored_on(trial.config.direction)
            network = checkpoint.load_network(self._job.out, trial.training, trial.config, self._device)
            scored = [
                row
                for split in ("test", "empty")
                for row in evaluate.score(network, self._pictures(photographs, split), trial.config, self._device)
            ]
            about = {
                "code_digest": code,
                "parameters": sum(each.numel() for each in network.parameters() if each.requires_grad),
                "score_seconds": time.perf_counter() - started,
            }
            self._commit(trial, rows, scored, about)
        checkpoint.discard(self._job.out, _first(self._job).training)
        return self._report(rows, done=True)

    def _commit(
        self, trial: PlannedTrial, rows: list[EpochRow], scored: list[dict[str, Any]], about: dict[str, Any]
    ) -> None:
        """Writes a trial's rows; the row in `trials`, which makes the others visible, last."""
        ids = {"trial": trial.trial, "training": trial.training}
        known = ids | trial.config.model_dump(include={"model", "arm", "augment", "seed", "selection"})
        out = self._job.out
        results.withdraw(out, trial.trial)  # rows of other code must not show behind the old commit mark
        results.write(out, "images", trial.trial, [known | row for row in scored], results.images_schema())
        results.write(out, "epochs", trial.trial, [ids | row for row in rows], results.EPOCHS)
        row = rows[best_epoch(rows) - 1 if trial.config.selection == "best_val" else -1]
        outcome = {
            "status": "done",
            "train_seconds": sum(row["seconds"] for row in rows),
            "images_per_second": statistics.median(row["images_per_second"] for row in rows),
            "val_iou": row["val_iou"],
            "epoch": row["epoch"],
        }
        commit_row(self._job, trial, outcome | about | self._circumstances())
        self._log.info("%s done", trial.name)

    def _give_up(self, error: Exception) -> dict[str, Any]:
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        try:
            commit_failure(self._job, reason, self._circumstances())
        except OSError:
            self._log.error("%s", traceback.format_exc())  # a full disk: the driver still hears of the failure
        return self._report(failed=reason, done=True)

    def _report(self, rows: list[EpochRow] | None = None, **more: object) -> dict[str, Any]:
        """What the driver shows of this trial; always the same keys."""
        rows = rows if rows is not None else (self._training.rows if self._training else [])
        last = rows[-1] if rows else dict.fromkeys(_SHOWN)
        shown = {key: last[key] for key in _SHOWN}
        return {"epoch": len(rows), "failed": None, "done": False, "rows": rows} | shown | more

    def _pictures(self, arm: str, split: str) -> Pictures:
        self._data = self._data or data.planned(self._job.data, self._job.manifest)
        return pictures.load(self._data, arm, split, _first(self._job).config.image_size)

    def _oracle(self) -> Any:  # noqa: ANN401 - a function of the network, or None
        config = _first(self._job).config
        if not config.oracle:
            return None
        photographs = self._pictures(REAL, "test")  # as they are: a training knows no direction of its scoring
        return lambda network: evaluate.mean_iou(network, photographs, config, self._device)

    def _circumstances(self) -> dict[str, Any]:
        # What a process has needed at most, its trials before this one included, cannot be told apart on a CPU.
        peak = _peak(self._device) if self._fresh or self._device.type == "cuda" else None
        return {"device": device_name(self._device), "started_at": self._started, "peak_memory_mb": peak}


def commit_row(job: Job, trial: PlannedTrial, outcome: dict[str, Any]) -> None:
    """Writes a trial's row in `trials`: who it is, and how it went."""
    identity = trial.model_dump(
        include={"trial", "training", "name", "search", "arm_digest", "photos_digest", "transductive"}
    )
    row = trial.config.model_dump() | identity | {"code_digest": trial.code, "versions": _versions()} | outcome
    results.write(job.out, "trials", trial.trial, [row], results.trials_schema())


def commit_stopped(job: Job, rows: list[EpochRow], reason: str) -> None:
    """Records that a job was stopped early, with its epochs so far, for those of its trials that are not done."""
    for trial in _not_done(job):
        ids = {"trial": trial.trial, "training": trial.training}
        results.write(job.out, "epochs", trial.trial, [ids | row for row in rows], results.EPOCHS)
        last = {"val_iou": rows[-1]["val_iou"], "epoch": rows[-1]["epoch"]}
        seconds = {"train_seconds": sum(row["seconds"] for row in rows)}
        commit_row(job, trial, {"status": "stopped", "reason": reason} | last | seconds)


def _not_done(job: Job) -> list[PlannedTrial]:
    rows = results.read(job.out, "trials", [trial.trial for trial in job.trials]).to_pylist()
    done = {row["trial"] for row in rows if row["status"] == "done"}
    return [trial for trial in job.trials if trial.trial not in done]


def commit_failure(job: Job, reason: str, circumstances: dict[str, Any]) -> None:
    """Records that a job failed, for those of its trials that are not done, by this run or another."""
    for trial in _not_done(job):
        commit_row(job, trial, {"status": "failed", "reason": reason} | circumstances)


def device_name(device: torch.device) -> str:
    """What a person calls the device."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"cpu {platform.machine()}, {torch.get_num_threads()} thread(s)"


def _first(job: Job) -> PlannedTrial:
    return job.trials[0]  # the trials of a job share everything that decides the training


def _make_deterministic(threads: int) -> None:
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(True, warn_only=True)  # max-unpooling has no deterministic kernel on a GPU


def _peak(device: torch.device) -> float:
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10


def _versions() -> str:
    return json.dumps(
        {name: importlib.metadata.version(name) for name in _LIBRARIES} | {"python": platform.python_version()}
    )


def _log(job: Job) -> logging.Logger:
    """Writes to the log file of each of the job's trials; appended to by every attempt."""
    log = logging.getLogger(f"ablate.trial.{_first(job).trial}")
    log.setLevel(logging.INFO)
    log.propagate = False
    log.handlers.clear()
    (job.out / "logs").mkdir(parents=True, exist_ok=True)
    for trial in job.trials:
        handler = logging.FileHandler(job.out / "logs" / f"{trial.trial}.log")
        handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
        log.addHandler(handler)
    return log
