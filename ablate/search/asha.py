"""Ray Tune's asynchronous successive halving, for each cell of a search by itself, over several runs."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping, Sequence
from typing import Any

from ray.tune.experiment import Trial
from ray.tune.schedulers import AsyncHyperBandScheduler, TrialScheduler

from ablate.spaces.search import Asha


class CellAsha(AsyncHyperBandScheduler):  # type: ignore[misc]
    """Tune's ASHA with a bracket for each cell: a cell whose network learns slowly is not stopped for another's sake.

    A trial that was under way when its run was killed is compared from the epoch on at which it continues.

    Args:
        epochs: of the trials of each cell.

    Attributes:
        stopped: Tune's ids of the trials that were stopped early.
    """

    def __init__(self, rule: Asha, epochs: Sequence[int], objective: str) -> None:
        super().__init__(
            time_attr="epoch",
            metric=objective,
            mode="max",
            grace_period=rule.grace,
            reduction_factor=rule.reduction,
            max_t=max(rule.grace, *epochs) + 1,  # the last epoch ends a trial by itself
        )
        self._brackets.extend(copy.deepcopy(self._brackets[0]) for _ in epochs[1:])
        self.stopped: set[str] = set()

    def replay(self, cell: int, trial: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Takes in the epochs of a trial of an earlier run."""
        for milestone, recorded in self._brackets[cell]._rungs:
            score = rows[math.ceil(milestone) - 1][self._metric] if milestone <= len(rows) else None
            if score is not None:  # an oracle's has none of photographs that are no longer there
                recorded[trial] = score

    def on_trial_add(self, tune_controller: Any, trial: Trial) -> None:  # noqa: ANN401 - Tune's controller
        """Tune would draw one of the brackets."""
        self._trial_info[trial.trial_id] = self._brackets[trial.config["cell"]]

    def on_trial_result(self, tune_controller: Any, trial: Trial, result: Mapping[str, Any]) -> str:  # noqa: ANN401
        if result.get(self._metric) is None:  # an attempt that failed before its first epoch
            return str(TrialScheduler.CONTINUE)
        decision = str(super().on_trial_result(tune_controller, trial, result))
        if decision == TrialScheduler.STOP:
            self.stopped.add(trial.trial_id)
        return decision

    def on_trial_complete(self, tune_controller: Any, trial: Trial, result: Mapping[str, Any]) -> None:  # noqa: ANN401
        if result.get(self._metric) is not None:
            super().on_trial_complete(tune_controller, trial, result)
