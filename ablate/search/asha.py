"""Tune's successive halving, which learns from earlier runs too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

from ray.tune.experiment import Trial
from ray.tune.schedulers import ASHAScheduler, FIFOScheduler, TrialScheduler

from ablate.spaces.search import Asha


class Halving(FIFOScheduler):  # type: ignore[misc]
    """Tune's ASHA for each cell by itself: a cell whose network learns slowly is not stopped for another's sake.

    Args:
        rule: None stops nothing.
        epochs: of the trials of each cell.
    """

    def __init__(self, rule: Asha | None, epochs: Sequence[int], objective: str) -> None:
        super().__init__()
        self.stopped: set[str] = set()  # Tune's ids
        self._objective = objective
        self._of = [_asha(rule, each, objective) for each in epochs] if rule else []

    def replay(self, cell: int, name: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Takes in the epochs of a trial of an earlier run."""
        if not self._of:
            return
        stand_in = SimpleNamespace(trial_id=name)  # all that Tune's scheduler asks of a trial
        self._of[cell].on_trial_add(None, stand_in)
        for row in rows:
            if row.get(self._objective) is None:
                continue  # an oracle's, of photographs that are no longer there
            if self._of[cell].on_trial_result(None, stand_in, row) == TrialScheduler.STOP:
                break
        self._of[cell].on_trial_remove(None, stand_in)

    def on_trial_add(self, controller: Any, trial: Trial) -> None:  # noqa: ANN401 - Tune's controller
        if self._of:
            self._of[trial.config["cell"]].on_trial_add(controller, trial)

    def on_trial_result(self, controller: Any, trial: Trial, result: Mapping[str, Any]) -> str:  # noqa: ANN401
        if not self._of or result.get(self._objective) is None:  # an attempt that failed before its first epoch
            return str(TrialScheduler.CONTINUE)
        decision = str(self._of[trial.config["cell"]].on_trial_result(controller, trial, result))
        if decision == TrialScheduler.STOP:
            self.stopped.add(trial.trial_id)
        return decision

    def on_trial_complete(self, controller: Any, trial: Trial, result: Mapping[str, Any]) -> None:  # noqa: ANN401
        if self._of and result.get(self._objective) is not None:
            self._of[trial.config["cell"]].on_trial_complete(controller, trial, result)

    def on_trial_remove(self, controller: Any, trial: Trial) -> None:  # noqa: ANN401
        if self._of:
            self._of[trial.config["cell"]].on_trial_remove(controller, trial)


def _asha(rule: Asha, epochs: int, objective: str) -> ASHAScheduler:
    return ASHAScheduler(
        time_attr="epoch",
        metric=objective,
        mode="max",
        grace_period=rule.grace,
        reduction_factor=rule.reduction,
        max_t=max(rule.grace, epochs) + 1,  # the last epoch ends a trial by itself
    )
