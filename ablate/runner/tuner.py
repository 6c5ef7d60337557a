"""Trains jobs with Ray Tune, in the order of a grid or as a searcher and a scheduler say."""

from __future__ import annotations

import contextlib
import datetime
import logging
import tempfile
import traceback
from collections.abc import Sequence
from pathlib import Path

from ray import tune
from ray.tune import Callback, CheckpointConfig, FailureConfig, Stopper
from ray.tune.experiment import Trial

from ablate import interruption, invocation
from ablate.config import RunConfig
from ablate.errors import UsageError, last_line
from ablate.results.search_record import diverged, out_of_memory
from ablate.runner import actor_deaths, cluster, credentials, log_files, ray_folder
from ablate.runner.actor_deaths import Deaths, memory_kills_as_deaths
from ablate.runner.board import Board
from ablate.runner.commit import commit_failure
from ablate.runner.plan import TrainingJob
from ablate.runner.trainable import GridTrial
from ablate.runner.unfit_nodes import UnfitNodes
from ablate.storage import working_copy

_LOG = "ray.log"


def fit_grid(
    run: RunConfig, jobs: Sequence[TrainingJob], each: dict[str, float], board: Board, token: str | None
) -> None:
    """Works through the jobs. Failures are rows in `trials`, not exceptions here."""
    plan = tune.TuneConfig(max_concurrent_trials=run.max_concurrent, reuse_actors=True)
    fit(plan, jobs, each, board, SameFailure(first=3, divergence=True), jobs[0].out, token)


def fit(
    plan: tune.TuneConfig,
    jobs: Sequence[TrainingJob],
    each: dict[str, float],
    board: Board,
    stopper: SameFailure,
    out: Path,
    token: str | None,
    storage: Path | None = None,
) -> float:
    """Trains with Ray Tune; returns the seconds of training and scoring, over all trials.

    Args:
        plan: Tune's searcher and scheduler, if any.
        jobs: the trials, where no searcher suggests them.
        each: what a trial occupies.
        token: of the cluster, if it was joined.
        storage: a folder that all nodes reach, for schedulers that pause trials: Tune then keeps checkpoints too.
    """
    logging.getLogger("ray.tune").setLevel(logging.CRITICAL)  # what its errors say, ours do in a line
    plan.trial_name_creator, plan.trial_dirname_creator = _name, _folder
    watch = _Watch(board, stopper, UnfitNodes(each))
    trainable = tune.with_parameters(GridTrial, given=credentials.of_driver(), token=token)
    parent = storage or ray_folder.root()
    # Trials that are ending may still write there.
    folder = tempfile.TemporaryDirectory(prefix="ablate-tune-", dir=parent, ignore_cleanup_errors=True)
    # As texts: Tune copies all values of a grid for each of its trials; a thousand objects took it a minute and a half.
    space = {"job": tune.grid_search([job.model_dump_json() for job in jobs])} if jobs else {}
    with folder as scratch, memory_kills_as_deaths():
        tuner = tune.Tuner(
            tune.with_resources(trainable, each),
            param_space=space,
            tune_config=plan,
            run_config=tune.RunConfig(
                name="run",
                storage_path=scratch,  # holds names of our own checkpoints at most, and ends with the run
                verbose=0,
                stop=_Interruptible(stopper, board, watch.unfit),
                callbacks=[watch],
                failure_config=FailureConfig(max_failures=actor_deaths.MOST),
                checkpoint_config=CheckpointConfig(checkpoint_at_end=False),
            ),
        )
        try:
            tuner.fit()
        except Exception as error:  # noqa: BLE001 - Ray's own end: what is finished is kept, and its trace with it
            _log_trace(out / "logs" / _LOG)
            if not interruption.asked():
                reason = f"{type(error).__name__}: {last_line(str(error))}"
                trace = f"its trace is in {working_copy.shown(out / 'logs' / _LOG)}"
                board.say(f"Ray has given up: {reason}; {trace}. To continue: {invocation.command()}")
    for job, reason in watch.given_up:
        try:
            commit_failure(job, reason, {})
        except UsageError as error:  # a store that refuses: the others may still be recorded
            board.say(f"{job.name}  failed, which cannot be recorded: {error}")
    if stopper.reason is not None:
        board.say(f"stopped early: the first {stopper.first} trials all failed in the same way: {stopper.reason}")
    return watch.busy_seconds


class _Watch(Callback):  # type: ignore[misc]
    """Tells the board what happens. An exception in a callback would fail the trial.

    Attributes:
        given_up: jobs whose processes died too often, each with the last death's reason.
        busy_seconds: of training and scoring, over all trials.
        unfit: nodes that get no more trials.
    """

    def __init__(self, board: Board, stopper: SameFailure, unfit: UnfitNodes) -> None:
        self.unfit = unfit
        self.given_up: list[tuple[TrainingJob, str]] = []
        self.busy_seconds = 0.0
        self._board, self._stopper, self._deaths = board, stopper, Deaths()

    def __getstate__(self) -> dict[str, object]:
        return {}  # Tune saves its callbacks; this one is never restored

    def on_trial_start(self, iteration: int, trials: list[Trial], trial: Trial, **info: object) -> None:
        self._board.started(str(trial))

    def on_trial_result(
        self, iteration: int, trials: list[Trial], trial: Trial, result: dict[str, object], **info: object
    ) -> None:
        self.busy_seconds += float(str(result["time_this_iter_s"]))
        self._deaths.reported(trial, result)
        self._board.reported(str(trial), result)

    def on_trial_recover(self, iteration: int, trials: list[Trial], trial: Trial, **info: object) -> None:
        if reason := self._died(trial):
            self._board.say(f"{trial}  {reason}; it is tried again")

    def on_trial_error(self, iteration: int, trials: list[Trial], trial: Trial, **info: object) -> None:
        if reason := self._died(trial):
            reason = f"{reason}, again and with nothing achieved in between"
            self.given_up.append((_job(trial), reason))
            report = {"failed": reason, "done": True}
            self._board.reported(str(trial), report)
            self._stopper(trial.trial_id, {"epoch": 0} | report)

    def _died(self, trial: Trial) -> str | None:
        """What a process died of; nothing where this run is being ended, and its processes with it."""
        job = _job(trial)
        log = job.out / "logs" / f"{job.trials[0].trial}.log"
        log_files.take_over(log)
        death = self._deaths.died(trial, log)
        with contextlib.suppress(OSError, UsageError):
            working_copy.push(log)
        if interruption.asked():
            return None
        if death.unfit_node is not None and self.unfit.close(death.unfit_node):
            self._board.say(f"no more trials on this node: {death.reason}")
        return death.reason


class _Interruptible(Stopper):  # type: ignore[misc]
    """Ends a run when another rule says so, or the process has been asked to end."""

    def __init__(self, rule: SameFailure, board: Board, unfit: UnfitNodes) -> None:
        self._rule, self._board, self._unfit = rule, board, unfit

    def __call__(self, trial_id: str, result: dict[str, object]) -> bool:
        return self._rule(trial_id, result)

    def stop_all(self) -> bool:
        if interruption.asked() and interruption.to_be_announced():  # at once: whoever asked may not wait for the end
            self._board.say(f"interrupted; what is finished is kept. To continue: {invocation.command()}")
        if (process := cluster.dead()) is not None:
            raise RuntimeError(f"its process {process} has died")  # Tune would wait for it, and for ever
        if self._unfit.none_left():
            raise RuntimeError("no node is left that has what the trials need")
        return interruption.asked() or self._rule.stop_all()

    def __getstate__(self) -> dict[str, object]:
        return {}  # see `_Watch`


class SameFailure(Stopper):  # type: ignore[misc]
    """Ends the run when its first trials all fail for one reason and none gets anywhere: no other would either.

    Memory is no such reason: the largest trials come first, and smaller ones may fit.
    """

    def __init__(self, first: int, divergence: bool) -> None:
        """Args: divergence: whether a loss that is not finite counts as a failure."""
        self.first, self._divergence = first, divergence
        self.reason: str | None = None
        self._reasons: list[str | None] = []
        self._one_works = False

    def __call__(self, trial_id: str, result: dict[str, object]) -> bool:
        failed = None if result["failed"] is None else str(result["failed"])
        self._one_works |= (failed is None and result["epoch"] != 0) or (diverged(failed) and not self._divergence)
        if result["done"] and len(self._reasons) < self.first and not out_of_memory(failed):
            self._reasons.append(failed)
        return False

    def stop_all(self) -> bool:
        if not self._one_works and len(self._reasons) == self.first and len(set(self._reasons)) == 1:
            self.reason = self._reasons[0]
        return self.reason is not None


def _log_trace(log: Path) -> None:
    with contextlib.suppress(OSError):
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("a") as file:
            file.write(f"{datetime.datetime.now(datetime.UTC).isoformat()}\n{traceback.format_exc()}\n")
    with contextlib.suppress(OSError, UsageError):
        working_copy.push(log)


def _job(trial: Trial) -> TrainingJob:
    return TrainingJob.model_validate_json(trial.config["job"])


def _name(trial: Trial) -> str:
    return _job(trial).name


def _folder(trial: Trial) -> str:
    return _job(trial).trials[0].trial  # a name may hold what no folder's may, such as a path
