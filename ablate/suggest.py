"""Ray Tune's side of a search: which trial comes next, which one is stopped, and what both learn from earlier runs."""

from __future__ import annotations

import hashlib
import itertools
import logging
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Protocol

import numpy as np
import optuna
from ray.tune.experiment import Trial
from ray.tune.schedulers import ASHAScheduler, FIFOScheduler, TrialScheduler
from ray.tune.search import Searcher
from ray.tune.search.optuna import OptunaSearch

from ablate import members
from ablate.config import Layer
from ablate.console import Board
from ablate.members import FINISHED, Found, Member
from ablate.plan import Job, PlannedTrial
from ablate.search import Asha, Cell, Search, contains, described
from ablate.trial import commit_stopped

_ATTEMPTS = 100  # suggestions in a row that are known already, after which there are no others
_STARTUP = 4  # random samples of a cell before the model of the sampler decides

Values = dict[str, Any]


class _Sampler(Protocol):
    """Where the values of one cell come from."""

    def next(self, key: str) -> Values:
        """Values to try; `key` is what `learn` calls them."""

    def learn(self, key: str, score: float | None) -> None:
        """How well they did; None where the trial failed."""

    def known(self, values: Values, score: float) -> None:
        """Takes in what an earlier run found."""


class _Random:
    """The n-th values depend on the seed and on n alone."""

    def __init__(self, search: Search, first: Sequence[Values]) -> None:
        self._search, self._first = search, list(first)
        self._number = 0

    def next(self, key: str) -> Values:
        if self._first:
            return self._first.pop(0)
        rng = np.random.RandomState([self._search.seed, self._number])  # the only kind that Tune's domains take
        self._number += 1
        drawn = {field: domain.sample(random_state=rng) for field, domain in self._search.domains.items()}  # type: ignore[attr-defined]
        return {field: value.item() if isinstance(value, np.generic) else value for field, value in drawn.items()}

    def learn(self, key: str, score: float | None) -> None:
        pass

    def known(self, values: Values, score: float) -> None:
        pass


class _Tpe:
    """Optuna's sampler, through Tune's searcher."""

    def __init__(self, search: Search, first: Sequence[Values], finished: int) -> None:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        logging.getLogger("ray.tune.search.optuna.optuna_search").setLevel(logging.ERROR)
        # With the seed alone, a search that goes on would repeat its first suggestions.
        seed = int.from_bytes(hashlib.sha256(f"{search.seed} {finished}".encode()).digest()[:4])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            # The liar: what runs at the same time is not suggested again.
            sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=_STARTUP, constant_liar=True)
        self._optuna = OptunaSearch(
            OptunaSearch.convert_search_space(dict(search.domains)),
            metric=search.objective,
            mode="max",
            sampler=sampler,
            points_to_evaluate=list(first) or None,
        )

    def next(self, key: str) -> Values:
        return dict(self._optuna.suggest(key) or {})

    def learn(self, key: str, score: float | None) -> None:
        result = None if score is None else {self._optuna.metric: score}
        self._optuna.on_trial_complete(key, result, error=score is None)

    def known(self, values: Values, score: float) -> None:
        self._optuna.add_evaluated_point(values, score)


class _Cell:
    """What is known of one cell while its search runs."""

    def __init__(self, search: Search, cell: Cell, found: Sequence[Found]) -> None:
        self.known = {one.member.trial: one for one in found}
        self.exhausted = False
        finished = [one for one in found if one.status in FINISHED]
        self.open = {one.member.trial for one in found} - {one.member.trial for one in finished}
        first = [one.member.values for one in found if one.member.trial in self.open]
        self.default = {field: getattr(cell.config({}), field) for field in search.domains}
        if not found and all(contains(domain, self.default[field]) for field, domain in search.domains.items()):
            first.append(self.default)
        self.sampler: _Sampler = (
            _Random(search, first) if search.sampler == "random" else _Tpe(search, first, len(finished))
        )
        for one in finished:
            if one.score is not None:
                self.sampler.known(one.member.values, one.score)


class Suggestions(Searcher):  # type: ignore[misc]
    """Suggests trials of a search, of every cell in turn, until each has as many as it was asked for.

    Args:
        space: the name that the search was started by.
        data: as the command line names it, without credentials.
        found: the members that earlier runs left.
        plan: the trial of a cell's number and values.
        job: what works on a trial.
        halving: told of what earlier runs found.
    """

    def __init__(
        self,
        out: Path,
        identity: str,
        space: str,
        data: str,
        search: Search,
        cells: Sequence[Cell],
        found: Sequence[Found],
        plan: Callable[[int, str, Values], PlannedTrial],
        job: Callable[[PlannedTrial], Job],
        halving: Halving,
        board: Board,
    ) -> None:
        super().__init__(metric=search.objective, mode="max")
        self._out, self._identity, self._space, self._data = out, identity, space, data
        self._search, self._cells, self._plan, self._job = search, cells, plan, job
        self._halving, self._board = halving, board
        self._states = [
            _Cell(search, cell, [one for one in found if one.member.cell == number])
            for number, cell in enumerate(cells)
        ]
        for one in found:
            if one.status in FINISHED:
                halving.replay(one.member.cell, one.member.trial, one.epochs)
        self._running: dict[str, tuple[int, str, PlannedTrial]] = {}
        self.ended = False  # nothing is left to suggest
        self.busy_seconds = 0.0  # of training and scoring, over all trials
        self._keys = itertools.count()

    def set_search_properties(self, metric: str | None, mode: str | None, config: Layer, **spec: object) -> bool:
        return True  # they are the search's own

    def suggest(self, trial_id: str) -> Any:  # noqa: ANN401 - a configuration, or Tune's word for the end
        while (cell := self._next_cell()) is not None:
            job = self._next_job(cell, trial_id)
            if job is not None:
                return {"job": job.model_dump(mode="json"), "cell": cell}
        self.ended = True
        return Searcher.FINISHED

    def on_trial_result(self, trial_id: str, result: Mapping[str, Any]) -> None:
        """Nothing is learned before a trial's end."""

    def on_trial_complete(self, trial_id: str, result: Mapping[str, Any] | None = None, error: bool = False) -> None:
        """Learns how a trial did; records where it was stopped early."""
        cell, key, trial = self._running.pop(trial_id)
        state = self._states[cell]
        self.busy_seconds += float((result or {}).get("time_total_s") or 0.0)
        rows = list((result or {}).get("rows") or [])
        failed = error or not rows or bool((result or {}).get("failed"))
        state.sampler.learn(key, None if failed else rows[-1][self._search.objective])
        if trial_id in self._halving.stopped and not failed:
            reason = f"stopped early after epoch {len(rows)} of {trial.config.epochs}: others of its cell did better"
            commit_stopped(self._job(trial), rows, reason)

    def __getstate__(self) -> dict[str, object]:
        return {}  # Tune saves its searcher; this one is never restored, what it knows is in the results

    def save(self, checkpoint_path: str) -> None:
        """Leaves the file that Tune moves on, with nothing in it."""
        Path(checkpoint_path).touch()

    def restore(self, checkpoint_path: str) -> None:
        """See `save`."""

    def _next_cell(self) -> int | None:
        """The cell that is furthest behind, of those that need more trials."""
        wanting = [
            (len(state.known) - len(state.open), number)
            for number, state in enumerate(self._states)
            if state.open or (len(state.known) < self._search.samples and not state.exhausted)
        ]
        return min(wanting)[1] if wanting else None

    def _next_job(self, cell: int, trial_id: str) -> Job | None:
        """The next trial to train in a cell; None where it was trained already, or there is no other."""
        state = self._states[cell]
        for _ in range(_ATTEMPTS):
            key = f"{trial_id}-{next(self._keys)}"
            values = state.sampler.next(key)
            number = len(state.known)
            trial = self._plan(cell, self._name(cell, number), values)
            if trial.trial in state.open:  # of an earlier run, which did not finish it
                state.open.discard(trial.trial)
                named = trial.model_copy(update={"name": state.known[trial.trial].member.name})
                return self._started(cell, key, trial_id, named)
            if trial.trial in state.known:
                state.sampler.learn(key, state.known[trial.trial].score)
                continue
            member = self._member(cell, number, trial, values)
            members.write(self._out, member)
            [found] = members.found(self._out, [member])
            state.known[trial.trial] = found
            if found.status == "done":  # a grid has it, or another search
                state.sampler.learn(key, found.score)
                self._halving.replay(cell, trial.trial, found.epochs)
                self._board.skip(f"{trial.name}  was done before, as {found.row and found.row['name']}")
                return None
            return self._started(cell, key, trial_id, trial)
        state.exhausted = True
        self._board.say(f"{_ATTEMPTS} suggestions in a row were known: {len(state.known)} of this cell is all there is")
        return None

    def _started(self, cell: int, key: str, trial_id: str, trial: PlannedTrial) -> Job:
        job = self._job(trial)
        self._running[trial_id] = (cell, key, trial)
        self._board.add(job)
        return job

    def _member(self, cell: int, number: int, trial: PlannedTrial, values: Values) -> Member:
        below, above = self._cells[cell].below[-1], self._cells[cell].above
        return Member(
            search=self._identity,
            space=self._space,
            objective=self._search.objective,
            cell=cell,
            number=number,
            is_default=values == self._states[cell].default,
            trial=trial.trial,
            name=trial.name,
            given={**below, **above},
            values=values,
            domains={field: described(domain) for field, domain in self._search.domains.items()},
            data=self._data,
        )

    def _name(self, cell: int, number: int) -> str:
        which = f"{cell}-" if len(self._cells) > 1 else ""
        return f"{Path(self._space).stem}-{which}{number:02d}"


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
