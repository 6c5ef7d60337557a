"""The jobs' way through Ray Tune."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence

from ray import tune
from ray.tune import Callback, CheckpointConfig, FailureConfig, Stopper
from ray.tune.experiment import Trial

from ablate.commit import commit_failure
from ablate.config import RunConfig
from ablate.console import Board
from ablate.halving import Halving
from ablate.job_searcher import JobSearcher
from ablate.members import diverged
from ablate.plan import Job
from ablate.trial import GridTrial

# Deaths of a trial's process (out of memory, a lost node) after which even an innocent trial is given up.
_MAX_DEATHS = 10


def fit(run: RunConfig, jobs: Sequence[Job], each: dict[str, float], board: Board) -> bool:
    """Works through the jobs; says whether it was interrupted. Failures are rows in `trials`, not exceptions here."""
    plan = tune.TuneConfig(max_concurrent_trials=run.max_concurrent)
    stopper = SameFailure(first=3, divergence=True)
    _fit(plan, {"job": tune.grid_search([job.model_dump(mode="json") for job in jobs])}, each, board, stopper)
    return stopper.reason is None and board.unfinished


def seek(searcher: JobSearcher, halving: Halving, at_a_time: int, each: dict[str, float], board: Board) -> bool:
    """Trains what a search suggests, until it has no more; says whether it was interrupted.

    Args:
        at_a_time: trials; a search that had suggested more would know less when it did.
    """
    plan = tune.TuneConfig(
        search_alg=searcher,
        scheduler=halving,
        num_samples=-1,
        max_concurrent_trials=at_a_time,
        reuse_actors=True,  # trials that are stopped early are short: a process for each would take longer than they
    )
    stopper = SameFailure(first=3, divergence=False)  # values with which training diverges are what it looks for
    _fit(plan, {}, each, board, stopper)
    return stopper.reason is None and (board.unfinished or not searcher.ended)


def _fit(
    plan: tune.TuneConfig, space: dict[str, object], each: dict[str, float], board: Board, stopper: SameFailure
) -> None:
    plan.trial_name_creator = plan.trial_dirname_creator = _name
    with tempfile.TemporaryDirectory(prefix="ablate-tune-") as scratch:
        tuner = tune.Tuner(
            tune.with_resources(GridTrial, each),
            param_space=space,
            tune_config=plan,
            run_config=tune.RunConfig(
                name="run",
                storage_path=scratch,  # never read back
                verbose=0,
                stop=stopper,
                callbacks=[_Watch(board)],
                failure_config=FailureConfig(max_failures=_MAX_DEATHS),
                checkpoint_config=CheckpointConfig(checkpoint_at_end=False),
            ),
        )
        for result in tuner.fit():
            job = Job.model_validate(result.config["job"])
            if result.error is not None and board.failed(job.name):  # not one that was interrupted while it recovered
                _record_death(job, result.error)
    if stopper.reason is not None:
        board.say(f"stopped early: the first {stopper.first} trials all failed in the same way: {stopper.reason}")


class _Watch(Callback):  # type: ignore[misc]
    """Tells the board what happens. No I/O here: an exception in a callback would fail the trial."""

    def __init__(self, board: Board) -> None:
        self._board = board

    def __getstate__(self) -> dict[str, object]:
        return {}  # Tune saves its callbacks; this one is never restored

    def on_trial_start(self, iteration: int, trials: list[Trial], trial: Trial, **info: object) -> None:
        self._board.started(str(trial))

    def on_trial_result(
        self, iteration: int, trials: list[Trial], trial: Trial, result: dict[str, object], **info: object
    ) -> None:
        self._board.reported(str(trial), result)

    def on_trial_error(self, iteration: int, trials: list[Trial], trial: Trial, **info: object) -> None:
        self._board.reported(str(trial), {"failed": "its process died", "done": True})


class SameFailure(Stopper):  # type: ignore[misc]
    """Ends the run when its first trials all fail for one reason and none gets anywhere: no other would either."""

    def __init__(self, first: int, divergence: bool) -> None:
        """Args: divergence: whether a loss that is not finite counts as a failure."""
        self.first, self._divergence = first, divergence
        self.reason: str | None = None
        self._reasons: list[str | None] = []
        self._one_works = False

    def __call__(self, trial_id: str, result: dict[str, object]) -> bool:
        failed = None if result["failed"] is None else str(result["failed"])
        self._one_works |= (failed is None and result["epoch"] != 0) or (diverged(failed) and not self._divergence)
        if result["done"] and len(self._reasons) < self.first:
            self._reasons.append(failed)
        return False

    def stop_all(self) -> bool:
        if not self._one_works and len(self._reasons) == self.first and len(set(self._reasons)) == 1:
            self.reason = self._reasons[0]
        return self.reason is not None


def _name(trial: Trial) -> str:
    return Job.model_validate(trial.config["job"]).name


def _record_death(job: Job, error: Exception) -> None:
    said = str(error).strip().splitlines() or [type(error).__name__]
    commit_failure(job, f"its process died again and again, last: {said[-1]}", {})
