"""The one Ray trainable: a job in, rows out. A step is an epoch; the last one also scores the photographs."""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING, Any

import ray
from ray import tune

from ablate.runner import credentials, unfit_nodes
from ablate.runner.actor_deaths import SPOILED
from ablate.runner.credentials import Credentials
from ablate.runner.monitoring import TrialMetrics
from ablate.runner.plan import TrainingJob
from ablate.runner.results_token import UnfitNodeError

if TYPE_CHECKING:
    from ablate.runner.job_worker import JobWorker


class GridTrial(tune.Trainable):  # type: ignore[misc]
    """What Ray Tune sees of a job. The work is `JobWorker`'s, which only the processes that train import."""

    def setup(self, config: dict[str, Any], given: Credentials | None = None, token: str | None = None) -> None:
        """Begins a job.

        Args:
            given: the driver's credentials; token: by which `out` is known again, where there are several nodes.

        Raises:
            RuntimeError: this node lacks libraries.
        """
        credentials.take(given or {})
        try:
            from ablate.runner.job_worker import JobWorker  # torch: the driver, which imports this module, needs none
        except ImportError as error:
            raise _unfit(f"{error} (on {platform.node()})") from error

        self._job, self._spoiled = TrainingJob.model_validate_json(config["job"]), False
        self._metrics = TrialMetrics(self._job)
        self._worker: JobWorker = JobWorker(self._job, token)

    def __init_subclass__(cls, **options: object) -> None:
        """Tune wraps this class; Ray's dashboard lists its actors by this name all the same."""
        super().__init_subclass__(**options)
        cls.__qualname__ = GridTrial.__qualname__

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Begins another job in this process, of which the former one has left nothing but imported modules."""
        spoiled = self._worker.leaves_disorder
        self.cleanup()
        self.setup(new_config)
        self._spoiled = spoiled  # not an error here, where Tune would give the job up
        return True

    def cleanup(self) -> None:
        self._worker.close()

    def save_checkpoint(self, checkpoint_dir: str) -> dict[str, Any]:
        """Gives Tune the name of our own checkpoint, which every epoch leaves: Tune's own is never the truth."""
        return {"training": self._job.trials[0].training}

    def load_checkpoint(self, checkpoint: dict[str, Any] | None) -> None:
        """Begins again at our own checkpoint, into which a scheduler has copied another's where it wanted that."""
        self._worker.begin_again()

    def __repr__(self) -> str:
        # The dashboard's list of actors shows it as it was at first, whichever trials follow in this process.
        return f"first trial: {self._job.name}"

    def step(self) -> dict[str, Any]:
        """An epoch of the job, see `JobWorker.step`.

        Raises:
            RuntimeError: the job before has spoiled this process, or its node is unfit; Tune tries this one elsewhere.
        """
        if self._spoiled:
            raise RuntimeError(SPOILED)
        self._worker.expects_checkpoint = self._restored
        try:
            return self._metrics.watched(self._worker.step)
        except UnfitNodeError as error:
            raise _unfit(str(error)) from error


def _unfit(reason: str) -> RuntimeError:
    return RuntimeError(unfit_nodes.described(ray.get_runtime_context().get_node_id(), reason))
