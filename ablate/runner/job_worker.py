"""Carries out one job in a process: trains its network, scores it for every trial, and writes their rows."""

from __future__ import annotations

import contextlib
import datetime
import json
import logging
import time
import traceback
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ablate.data import arrays, training_sources
from ablate.data.arrays import Pictures
from ablate.data.devices import device, device_name, precision_used, prepare_process, require_whole
from ablate.data.manifest import REAL, scored_on
from ablate.data.root import Data
from ablate.errors import UsageError
from ablate.identity import PlannedTrial, code_digest, looks_at
from ablate.runner import node_data, node_faults, process_state, results_token
from ablate.runner.commit import commit_done, commit_failure, trained_on
from ablate.runner.gpu_place import CROWDED_OUT, GpuPlace, reason
from ablate.runner.log_files import LogFiles
from ablate.runner.plan import TrainingJob
from ablate.runner.results_token import UnfitNodeError
from ablate.runner.store_patience import StorePatience
from ablate.runner.watchdog import Watchdog
from ablate.storage import UnreachableError
from ablate.training import checkpoint, evaluate, oracle
from ablate.training.loop import EpochRow, NonFiniteLossError, Training
from ablate.training.parts import weights_license
from ablate.training.step import RecordingError

# Of the last epoch, what boards show and searches maximise.
_SHOWN = ("val_iou", "oracle_iou", "images_per_second", "seconds")


class JobWorker:
    """A job's training and scoring, an epoch at a time; continues from its checkpoint wherever it died.

    Attributes:
        expects_checkpoint: whether a scheduler has paused this job, so that nobody need be told that it continues.
        leaves_disorder: whether the process can do nothing more on its GPU when this job has ended.
    """

    def __init__(self, job: TrainingJob, token: str | None = None) -> None:
        """Args: token: see `results_token`; None where there is no other node."""
        self._job, self._token, self._alone = job, token, token is None
        self.expects_checkpoint = self.leaves_disorder = False
        self._started = datetime.datetime.now(datetime.UTC)
        self._failures = 0
        self._peak_known = False  # whether what this process needs at most is counted from the beginning of this job
        self._training: Training | None = None
        self._data: Data | None = None
        self._log = logging.getLogger(f"{__name__}.{_first(job).trial}")
        self._log_files = LogFiles(self._log)
        self._code: str | None = None
        self._notice: str | None = None  # where it began, for the board
        self._device = torch.device("cpu")
        self._gpu = GpuPlace(job.gpu)
        self._saver = checkpoint.Saver()
        self._held = contextlib.ExitStack()  # the node's copy of `out`, where that lies in a store
        self._patience, self._watchdog = StorePatience(), Watchdog(job.timeout)

    def step(self) -> dict[str, Any]:
        """One epoch, or what is left to do after the last one. An exception counts as a failure of the trial.

        Returns:
            What the driver shows, always of the same keys; `done` says that there is nothing left to do.
        """
        self._watchdog.start(self._log_files.of_crashes)
        try:
            report = self._attempt()
        finally:
            self._watchdog.stop()
        self._log_files.send(at_once=bool(report["done"]))
        if report["done"]:  # this process may wait for another job
            self._training = None
            self._gpu.leave()
        return report

    def begin_again(self) -> None:
        """The next step begins at the checkpoint, which may be another training's by now."""
        self._training = None

    def close(self) -> None:
        """Gives the memory of the training back, leaves the GPU, and closes the log files."""
        self._saver.close()
        self._training = self._data = None
        if not self.leaves_disorder:
            process_state.free(self._device)
        self._gpu.leave()
        self._log_files.close()
        self._held.close()

    def _attempt(self) -> dict[str, Any]:
        try:
            report = self._advance()
            self._patience.works()
            return report
        except UnfitNodeError:  # Tune tries this job elsewhere
            raise
        except Exception as error:
            self._log.error("%s", traceback.format_exc())
            if self._gpu.crowded_out(error):
                self._training, self._notice = None, CROWDED_OUT
                self._log.warning(CROWDED_OUT)
                return self._report()
            if not self._alone and node_faults.is_of_disk(error, self._job.out):
                raise node_faults.unfit(error) from error
            require_whole(self._device, error)  # or this process ends: all that it tried again would fail too
            self.leaves_disorder |= isinstance(error, RecordingError)
            if self._patience.lasts(error):
                self._training, self._notice = None, f"waits for its storage: {error}"
                return self._report()
            self._failures += 1
            if self._failures > self._job.max_failures or _is_final(error):
                return self._give_up(error)
            self._training = None  # begin again at the checkpoint
            return self._report()

    def _prepare(self) -> str:
        """Opens the log, takes the device that was given, and finds out which code lies here: perhaps not the driver's.

        Not in `__init__`, whose exceptions Ray would take for a death of the process.
        """
        if self._code is not None:
            return self._code
        with node_faults.blaming_node(self._alone):
            self._held.enter_context(results_token.folder(self._job.results, self._token))
            if not self._alone:
                self._planned_data  # noqa: B018 - found, or built
        self._log_files.open(self._job)
        self._watchdog.start(self._log_files.of_crashes)
        prepare_process(self._job.threads)
        with node_faults.blaming_node(self._alone):
            self._device = device(self._job.gpu)
        self._peak_known = process_state.reset_peak(self._device)
        first = _first(self._job)
        arithmetic, self._code = precision_used(first.config, self._device), code_digest(first.config)
        self._log.info("on %s, %s", device_name(self._device), arithmetic)
        if self._code != first.code:
            self._log.warning("other code lies here (%s) than where the run was planned (%s)", self._code, first.code)
        return self._code

    def _advance(self) -> dict[str, Any]:
        job, code = self._job, self._prepare()
        self._watchdog.stop()  # others may be there for hours
        self._gpu.take()
        self._watchdog.start(self._log_files.of_crashes)
        record = checkpoint.weights_record(job.out, _first(job).training)
        if record is not None and not (job.code_must_match and record[0] != code):
            self._log.info("the network is trained already; scoring it")
            return self._finish(record[1], record[0])
        if self._training is None:
            self._training = self._begin(code)
            return self._report()  # so that the driver knows, should this process die, that it had come so far
        if not self._training.finished:
            row = self._training.run_epoch(self._oracle())
            self._watchdog.learn()
            row |= {"code_digest": code, oracle.PHOTOS: self._photos if row["oracle_iou"] is not None else None}
            self._log.info("%s", json.dumps(row))
        if not self._training.finished:
            self._saver.save(job.out, _first(job).training, code, self._training)
            if _first(job).search is not None:
                self._saver.wait()  # a search may give this checkpoint to another trial at once
            return self._report()
        self._saver.close()  # or a checkpoint could appear after it was discarded
        checkpoint.save_weights(job.out, _first(job).training, code, self._training)
        return self._finish(self._training.rows, code)

    def _begin(self, code: str) -> Training:
        config, out = _first(self._job).config, self._job.out
        whole, val = self._pictures(config.arm, "train"), self._pictures(config.arm, "val")
        train = training_sources.chosen(whole, config)
        if len(train) < len(whole):
            self._log.info("chosen by name and number: %d of %d training pictures", len(train), len(whole))
        photographs = {kind: self._pictures(*place) for kind, place in looks_at(config).items()}
        training = Training(config, train, val, self._device, self._gpu.share, self._job.execution, photographs)
        self._log.info("the pictures that it trains on lie %s", training.pictures_on)
        self._saver.close()  # of an attempt that failed while it was writing
        epoch, made_by = self._restored(out, code, training)
        if made_by != code:
            self._notice = f"begins anew: its checkpoint after epoch {epoch} is of other code"
            self._log.warning(
                "beginning anew: the checkpoint after epoch %d is of other code (%s) than this (%s), and a training by "
                "both would be the result of neither",
                *(epoch, made_by, code),
            )
        elif epoch:
            if not self.expects_checkpoint:  # by Tune, which had paused it
                self._notice = f"continues after epoch {epoch}"
            self._log.info("continuing after epoch %d", epoch)
        if config.oracle:
            training.rows = oracle.only_of(training.rows, self._photos)  # the photographs may have changed meanwhile
        return training

    def _restored(self, out: Path, code: str, training: Training) -> tuple[int, str]:
        """The epochs of the checkpoint from which a training continues, and the code that made it."""
        try:
            return checkpoint.restore(out, _first(self._job).training, code, training) or (0, code)
        except checkpoint.UnreadableError as error:
            self._notice = "begins anew: its checkpoint cannot be read"
            self._log.warning("beginning anew: %s", error)
            return 0, code

    def _finish(self, rows: list[EpochRow], code: str) -> dict[str, Any]:
        """Scores the network for every trial; `code` is the digest of the code that trained it."""
        rows = self._on_these_photographs(rows)
        for trial in self._job.trials:
            self._watchdog.start(self._log_files.of_crashes, epoch=False)
            started = time.perf_counter()
            photographs = scored_on(trial.config.direction)
            pictures = [self._pictures(photographs, split) for split in ("test", "empty")]
            self._log.info("scoring %d photographs", sum(map(len, pictures)))
            self._log_files.send(at_once=True)
            network = checkpoint.load_network(self._job.out, trial.training, trial.config, self._device)
            scored = [row for each in pictures for row in evaluate.score(network, each, trial.config, self._device)]
            about = {
                **trained_on(rows),
                "code_digest": code,
                "score_device": device_name(self._device),
                "score_precision": precision_used(trial.config, self._device),
                "score_code": self._code,
                "weights_license": weights_license(trial.config),
                "parameters": sum(each.numel() for each in network.parameters() if each.requires_grad),
                "score_seconds": time.perf_counter() - started,
            }
            commit_done(self._job, trial, rows, scored, self._circumstances() | about)
            self._log.info("%s done", trial.name)
        checkpoint.discard(self._job.out, _first(self._job).training)
        checkpoint.forget(self._job.out, _first(self._job).training)
        return self._report(rows, done=True)

    def _give_up(self, error: Exception) -> dict[str, Any]:
        why = reason(error)
        try:
            commit_failure(self._job, why, self._circumstances())
        except (OSError, UsageError):  # a full disk, a store that refuses: the driver still hears of the failure
            self._log.error("%s", traceback.format_exc())
        return self._report(failed=why, done=True)

    def _report(self, rows: list[EpochRow] | None = None, **more: object) -> dict[str, Any]:
        """What the driver shows of this trial; always the same keys."""
        rows = rows if rows is not None else (self._training.rows if self._training else [])
        last = rows[-1] if rows else dict.fromkeys(_SHOWN)
        shown = {key: last[key] for key in _SHOWN}
        about = {"epoch": len(rows), "failed": None, "done": False, "rows": rows}
        return about | {"code_digest": self._code, "notice": self._notice} | shown | more

    @property
    def _planned_data(self) -> Data:
        if self._data is None:
            job = self._job
            self._data = node_data.planned(job.data, job.manifest, job.embedded, self._log.info)
        return self._data

    def _pictures(self, arm: str, split: str) -> Pictures:
        size = _first(self._job).config.image_size
        return arrays.load(self._planned_data, arm, split, size, report=self._log.info)

    @property
    def _photos(self) -> str:
        return self._planned_data.manifest.photographs(REAL).digest

    def _oracle(self) -> oracle.Score | None:
        config = _first(self._job).config
        # The photographs as they are: a training knows no direction of its scoring.
        return oracle.score(config, self._pictures(REAL, "test"), self._device) if config.oracle else None

    def _on_these_photographs(self, rows: list[EpochRow]) -> list[EpochRow]:
        config, score = _first(self._job).config, self._oracle()
        if score is None:
            return rows

        def network(selection: str) -> nn.Module:
            selected = config.model_copy(update={"selection": selection})
            return checkpoint.load_network(self._job.out, _first(self._job).training, selected, self._device)

        return oracle.on(rows, self._photos, network, score)

    def _circumstances(self) -> dict[str, Any]:
        peak = process_state.peak(self._device) if self._peak_known else None
        name = device_name(self._device) if self._code else None  # it never got that far
        return {"device": name, "code_digest": self._code, "started_at": self._started, "peak_memory_mb": peak}


def _is_final(error: Exception) -> bool:
    """Whether repeating a step would repeat its failure."""
    return isinstance(error, NonFiniteLossError | UsageError) and not isinstance(error, UnreachableError)


def _first(job: TrainingJob) -> PlannedTrial:
    return job.trials[0]  # the trials of a job share everything that decides the training
