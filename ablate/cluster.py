"""Ray: starting or joining it, how to get into its dashboard, and the jobs' way through Ray Tune."""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Read when Ray is imported, and by its workers. Without the first one every worker would be started by `uv run`, in a
# copy of the working directory.
os.environ.setdefault("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
os.environ.setdefault("RAY_AIR_NEW_OUTPUT", "0")  # our own console shows the progress
os.environ.setdefault("TUNE_DISABLE_AUTO_CALLBACK_LOGGERS", "1")  # results are ours to write

import ray
from ray import tune
from ray.tune import Callback, CheckpointConfig, FailureConfig, Stopper
from ray.tune.experiment import Trial

from ablate.config import RunConfig
from ablate.console import Board
from ablate.errors import UsageError
from ablate.plan import Job
from ablate.trial import GridTrial, commit_failure

# Deaths of a trial's process (out of memory, a lost node) after which even an innocent trial is given up.
_MAX_DEATHS = 10

# Trials hand Ray nothing but small dictionaries; the default would reserve a third of the machine's memory.
_OBJECT_STORE_BYTES = 200 * 2**20


@dataclass(frozen=True)
class Cluster:
    """A Ray that is up.

    Attributes:
        dashboard: its address, or None where it has none.
        way_in: how a person gets past the dashboard's login.
        cpus, gpus: what all nodes have together.
    """

    dashboard: str | None
    way_in: str
    cpus: float
    gpus: float


def connect(address: str | None) -> Cluster:
    """Starts Ray on this machine, or joins the cluster at an address.

    Raises:
        UsageError: no Ray answers at the address, or none can be started.
    """
    logging.getLogger("ray").setLevel(logging.ERROR)
    options: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    if address is None:
        _ensure_token()
        options |= {
            "num_cpus": len(os.sched_getaffinity(0)),
            "include_dashboard": True,
            "dashboard_host": "127.0.0.1",
            "object_store_memory": _OBJECT_STORE_BYTES,
        }
    try:
        # `local`: whatever cluster runs on this machine, it was not asked for.
        context = ray.init(address=address or "local", **options)
    except (ConnectionError, RuntimeError, ValueError) as error:
        hint = "see the message" if address is None else "leave it out to start Ray on this machine"
        raise UsageError(f"ray.address={address or 'none'}: {error}; {hint}") from error
    total = ray.cluster_resources()
    dashboard = f"http://{context.dashboard_url}" if context.dashboard_url else None
    return Cluster(dashboard, _way_in(), total.get("CPU", 0.0), total.get("GPU", 0.0))


def resources(run: RunConfig, cluster: Cluster) -> dict[str, float]:
    """What one trial occupies: as asked for, else one core, and one GPU where there is any.

    Raises:
        UsageError: more than the cluster has.
    """
    cpu = run.trial_resources.cpu if run.trial_resources.cpu is not None else 1.0
    gpu = run.trial_resources.gpu if run.trial_resources.gpu is not None else float(cluster.gpus > 0)
    for name, wanted, there in (("cpu", cpu, cluster.cpus), ("gpu", gpu, cluster.gpus)):
        if wanted > there:
            raise UsageError(f"trial_resources.{name}={wanted:g}: the cluster has {there:g}; give at most that")
    return {"CPU": cpu, **({"GPU": gpu} if gpu else {})}


def fit(run: RunConfig, jobs: Sequence[Job], each: dict[str, float], board: Board) -> bool:
    """Works through the jobs; says whether it was interrupted. Failures are rows in `trials`, not exceptions here."""
    stopper = _SameFailure(first=3)
    with tempfile.TemporaryDirectory(prefix="ablate-tune-") as scratch:
        tuner = tune.Tuner(
            tune.with_resources(GridTrial, each),
            param_space={"job": tune.grid_search([job.model_dump(mode="json") for job in jobs])},
            tune_config=tune.TuneConfig(
                trial_name_creator=_name,
                trial_dirname_creator=_name,
                max_concurrent_trials=run.max_concurrent,
            ),
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
        return False
    return board.unfinished


def shutdown() -> None:
    """Ends the Ray that `connect` started, or leaves the cluster that it joined."""
    ray.shutdown()


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


class _SameFailure(Stopper):  # type: ignore[misc]
    """Ends the run when its first trials all fail for one reason and none gets anywhere: no other would either."""

    def __init__(self, first: int) -> None:
        self.first = first
        self.reason: str | None = None
        self._reasons: list[str | None] = []
        self._one_works = False

    def __call__(self, trial_id: str, result: dict[str, object]) -> bool:
        self._one_works |= result["failed"] is None and result["epoch"] != 0
        if result["done"] and len(self._reasons) < self.first:
            self._reasons.append(str(result["failed"]) if result["failed"] else None)
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


def _token_path() -> Path:
    return Path(os.environ.get("RAY_AUTH_TOKEN_PATH") or Path.home() / ".ray" / "auth_token")


def _ensure_token() -> None:
    """Makes the token, which Ray asks for by itself, readable by this user alone; Ray's own would be open to all."""
    path = _token_path()
    if os.environ.get("RAY_AUTH_TOKEN"):
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.is_file():
        # Of two first runs at once, the one that comes second takes the other's.
        with (
            contextlib.suppress(FileExistsError),
            os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file,
        ):
            file.write(secrets.token_hex(32))
    path.chmod(0o600)


def _way_in() -> str:
    if os.environ.get("RAY_AUTH_MODE") != "token":
        return "no token needed"
    return (
        "its token: the variable RAY_AUTH_TOKEN"
        if os.environ.get("RAY_AUTH_TOKEN")
        else f"its token: cat {_token_path()}"
    )
