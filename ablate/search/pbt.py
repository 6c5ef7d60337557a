"""Ray Tune's population based training of one cell of a search; what it decides is recorded in our own files.

Jaderberg et al., Population Based Training of Neural Networks (2017). Synchronous: at each round all members wait for
the last one, so that who continues with whose network follows from the scores and the search's seed alone. A member's
network lies in our own checkpoint, never in Tune's, and is copied and recorded before it trains on: a search that was
killed continues from each member's last epoch, and ends as if undisturbed unless it was killed while it recorded a
round, of which then only a part has taken place. A member that diverges leaves the population, one that fails leaves
it until the next run.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from ray.tune.experiment import Trial
from ray.tune.schedulers import PopulationBasedTraining
from ray.tune.search.sample import Categorical, Quantized

from ablate import identity
from ablate.errors import UsageError
from ablate.results import search_record
from ablate.results.search_record import FINISHED, Found, Member, Segment
from ablate.runner.board import Board
from ablate.runner.plan import TrainingJob
from ablate.search.planned_search import PlannedSearch
from ablate.search.samplers import Random, Values, plain
from ablate.spaces.search import Pbt, highest
from ablate.training import checkpoint


class Population(PopulationBasedTraining):  # type: ignore[misc]
    """Tune's scheduler of the members of a cell that are not finished.

    Args:
        found: the members of the cell that earlier runs left.
        resources: what a member occupies.

    Attributes:
        jobs: of these members.

    Raises:
        UsageError: the checkpoint is gone of a member that was to continue with another's network.
    """

    def __init__(
        self,
        planned: PlannedSearch,
        rule: Pbt,
        cell: int,
        found: Sequence[Found],
        resources: Mapping[str, float],
        board: Board,
    ) -> None:
        domains: Mapping[str, Any] = planned.search.domains
        super().__init__(
            time_attr="epoch",
            metric=planned.search.objective,
            mode="max",
            perturbation_interval=rule.every,
            # A choice that is given as a domain would be multiplied, as a number is.
            hyperparam_mutations={
                field: list(domain.categories) if isinstance(domain, Categorical) else domain
                for field, domain in domains.items()
            },
            quantile_fraction=rule.quantile,
            custom_explore_fn=self._inside_domains,
            log_config=False,
            synch=True,
        )
        self._planned, self._cell, self._resources, self._board = planned, cell, resources, board
        self._epochs = planned.cells[cell].config({}).epochs
        everyone = {one.member.number: one.member for one in found}
        sampler = Random(planned.search, planned.first(cell))
        for number in range(planned.search.samples):
            values = sampler.ask("")
            if number not in everyone:
                everyone[number] = self._begin(number, values)
        finished = {one.member.number for one in found if one.status in FINISHED}
        self._members = {one.trial: one for number, one in everyone.items() if number not in finished}
        self._next_perturbation_sync = self._last_round() + rule.every
        self.jobs = [self._job(member) for member in self._members.values()]

    def on_trial_add(self, tune_controller: Any, trial: Trial) -> None:  # noqa: ANN401 - Tune's controller
        """A member begins, or begins again after its process died: not at round 0, where Tune would have it."""
        trial.config.update(self._member(trial).values)  # where Tune reads and changes them
        super().on_trial_add(tune_controller, trial)
        last_round = self._next_perturbation_sync - self._perturbation_interval
        self._trial_state[trial].last_perturbation_time = last_round

    def on_trial_result(self, tune_controller: Any, trial: Trial, result: dict[str, Any]) -> str:  # noqa: ANN401
        """Tune draws from the global generators: what a round draws is to follow from its epoch alone."""
        seed = [self._planned.search.seed, self._cell, result["epoch"]]
        random.seed(str(seed))
        np.random.seed(seed)
        return str(super().on_trial_result(tune_controller, trial, result))

    def choose_trial_to_run(self, tune_controller: Any) -> Trial | None:  # noqa: ANN401 - Tune's controller
        """As Tune does; begins the round where the last member that it would wait for has ended without a result."""
        trials = tune_controller.get_trials()
        live = [trial for trial in trials if not trial.is_finished()]
        if live and all(map(self._waits, live)):
            for trial in set(trials) - set(live):
                self._trial_state[trial].last_train_time = self._next_perturbation_sync
            self.on_trial_result(tune_controller, live[0], self._trial_state[live[0]].last_result)
        return super().choose_trial_to_run(tune_controller)

    def _waits(self, trial: Trial) -> bool:
        state = self._trial_state[trial]
        return bool(trial.status == Trial.PAUSED and state.last_train_time >= self._next_perturbation_sync)

    def _inside_domains(self, config: dict[str, Any]) -> dict[str, Any]:
        return config | {field: inside(domain, config[field]) for field, domain in self._planned.search.domains.items()}

    def _get_new_config(self, trial: Trial, trial_to_clone: Trial) -> tuple[dict[str, Any], dict[str, Any]]:
        """The parent's configuration with new values, and with the job of the member itself."""
        config, operations = super()._get_new_config(trial, trial_to_clone)
        values = {field: plain(config[field]) for field in self._planned.search.domains}
        member, parent = self._exploit_in_records(trial, trial_to_clone, values)
        shown = ", ".join(f"{k} {v:.3g}" if isinstance(v, float) else f"{k} {v}" for k, v in values.items())
        self._board.say(f"{member.name}  continues with the network of {parent.name}: {shown}")
        return config | values | {"job": self._job(member).model_dump_json()}, operations

    def __getstate__(self) -> dict[str, object]:
        return {}  # Tune saves its schedulers; this one is never restored

    def _member(self, trial: Trial) -> Member:
        return self._members[TrainingJob.model_validate_json(trial.config["job"]).trials[0].trial]

    def _job(self, member: Member) -> TrainingJob:
        last = member.segments[-1]
        trial = self._planned.trial(self._cell, member.number, last.values)
        own = {"trial": member.trial, "training": last.training, "name": member.name}
        return self._planned.job(trial.model_copy(update=own), self._resources)

    def _begin(self, number: int, values: Values) -> Member:
        trial = self._planned.trial(self._cell, number, values)
        trial = trial.model_copy(update={"trial": identity.member_id(self._planned.identity, self._cell, number)})
        member = self._planned.member(self._cell, number, trial, values)
        first = self._segment(member, number, 0, values)
        return self._recorded(member.model_copy(update={"segments": (first,)}))

    def _exploit_in_records(self, trial: Trial, trial_to_clone: Trial, values: Values) -> tuple[Member, Member]:
        """Gives a member the network of another: first the copy, under an id of its own, then the record of it."""
        member, parent = self._member(trial), self._member(trial_to_clone)
        state, epoch = self._trial_state[trial], self._trial_state[trial_to_clone].last_train_time
        new = self._segment(member, parent.number, epoch, values)
        checkpoint.copy(self._planned.out, parent.segments[-1].training, new.training)
        ended = member.segments[-1].model_copy(update={"until": state.last_train_time, "score": state.last_score})
        segments = (*member.segments[:-1], ended, new)
        changed = {"segments": segments, "values": values, "is_default": False}
        self._members[member.trial] = self._recorded(member.model_copy(update=changed))
        checkpoint.discard(self._planned.out, ended.training)
        return self._members[member.trial], parent

    def _segment(self, member: Member, parent: int, after: int, values: Values) -> Segment:
        training = identity.segment_id(self._planned.identity, self._cell, member.number, len(member.segments))
        return Segment(training=training, parent=parent, after=after, until=self._epochs, values=values)

    def _recorded(self, member: Member) -> Member:
        search_record.write(self._planned.out, member)
        return member

    def _last_round(self) -> int:
        """The epoch of the last round that has taken place, or 0."""
        behind = []
        for member in self._members.values():
            epochs, last = checkpoint.epochs(self._planned.out, member.segments[-1].training), member.segments[-1]
            if epochs < last.after:
                raise UsageError(f"the checkpoint of {member.name} is gone ({last.training}); give it a new out=")
            for segment in member.segments[:-1]:
                checkpoint.discard(self._planned.out, segment.training)
            behind.append(epochs)
        every: int = self._perturbation_interval
        last_round = min(behind, default=0) // every * every
        recorded = any(member.segments[-1].after == last_round for member in self._members.values())
        return last_round if recorded or max(behind, default=0) > last_round else last_round - every


def inside(domain: Any, value: Any) -> Any:  # noqa: ANN401 - Tune's domains
    """The value of a domain that is nearest to a changed one."""
    if isinstance(domain, Categorical):
        return value
    sampler = domain.get_sampler()
    if isinstance(sampler, Quantized):
        value = round(value / sampler.q) * sampler.q
    return min(max(value, domain.lower), highest(domain))
