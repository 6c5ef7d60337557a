"""Ray Tune's side of a search: which trial comes next, and what is learned from it, in this run and in earlier ones."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

from ablate.results import search_record
from ablate.results.search_record import FINISHED, Found, diverged
from ablate.runner.commit import commit_stopped
from ablate.runner.plan import Job, PlannedTrial
from ablate.search.asha import Halving
from ablate.search.samplers import Random, Sampler, Tpe
from ablate.search.searcher import JobSearcher, SearchRun

_ATTEMPTS = 100  # suggestions in a row that are known already, after which there are no others


class _Cell:
    """What is known of one cell while its search runs."""

    def __init__(self, run: SearchRun, cell: int, found: Sequence[Found]) -> None:
        self.known = {one.member.trial: one for one in found}
        self.exhausted = False
        finished = [one for one in found if one.status in FINISHED]
        self.open = {one.member.trial for one in found} - {one.member.trial for one in finished}
        first = [one.member.values for one in found if one.member.trial in self.open]
        if not found:
            first += run.first(cell)
        drawn = sum(not one.member.is_default for one in found)
        self.sampler: Sampler = (
            Random(run.search, first, drawn)
            if run.search.sampler == "random"
            else Tpe(run.search, first, len(finished))
        )
        for one in finished:
            if one.lesson is not None:
                self.sampler.known(one.member.values, one.lesson)


class Suggestions(JobSearcher):
    """Suggests trials of a search, of every cell in turn, until each has as many as it was asked for.

    Args:
        found: the members that earlier runs left.
        halving: told of what earlier runs found.
    """

    def __init__(self, run: SearchRun, found: Sequence[Found], halving: Halving) -> None:
        super().__init__(run.search.objective)
        self._run, self._halving = run, halving
        self._states = [
            _Cell(run, number, [one for one in found if one.member.cell == number]) for number in range(len(run.cells))
        ]
        for one in found:
            if one.status in FINISHED:
                halving.replay(one.member.cell, one.member.trial, one.epochs)
        self._running: dict[str, tuple[int, str, PlannedTrial]] = {}
        self._keys = itertools.count()

    def suggest(self, trial_id: str) -> Any:  # noqa: ANN401 - a configuration, or Tune's word for the end
        while (cell := self._next_cell()) is not None:
            job = self._next_job(cell, trial_id)
            if job is not None:
                return self.suggestion(job, cell)
        self.ended = True
        return self.FINISHED

    def over(self, trial_id: str, rows: list[dict[str, Any]], failed: str | None) -> None:
        """Learns how a trial did; records where it was stopped early."""
        cell, key, trial = self._running.pop(trial_id)
        score = None if failed else rows[-1][self._run.search.objective]
        self._states[cell].sampler.learn(key, 0.0 if diverged(failed) else score)
        if trial_id in self._halving.stopped and not failed:
            reason = f"stopped early after epoch {len(rows)} of {trial.config.epochs}: others of its cell did better"
            commit_stopped(self._run.job(trial), rows, reason)

    def _next_cell(self) -> int | None:
        """The cell that is furthest behind, of those that need more trials."""
        wanting = [
            (len(state.known) - len(state.open), number)
            for number, state in enumerate(self._states)
            if state.open or (len(state.known) < self._run.search.samples and not state.exhausted)
        ]
        return min(wanting)[1] if wanting else None

    def _next_job(self, cell: int, trial_id: str) -> Job | None:
        """The next trial to train in a cell; None where it was trained already, or there is no other."""
        state = self._states[cell]
        for _ in range(_ATTEMPTS):
            key = f"{trial_id}-{next(self._keys)}"
            values = state.sampler.next(key)
            number = len(state.known)
            trial = self._run.plan(cell, number, values)
            if trial.trial in state.open:  # of an earlier run, which did not finish it
                state.open.discard(trial.trial)
                named = trial.model_copy(update={"name": state.known[trial.trial].member.name})
                return self._started(cell, key, trial_id, named)
            if trial.trial in state.known:
                state.sampler.learn(key, state.known[trial.trial].score)
                continue
            member = self._run.member(cell, number, trial, values)
            search_record.write(self._run.out, member)
            [found] = search_record.found(self._run.out, [member])
            state.known[trial.trial] = found
            if found.status == "done":  # a grid has it, or another search
                state.sampler.learn(key, found.score)
                self._halving.replay(cell, trial.trial, found.epochs)
                self._run.board.skip(f"{trial.name}  was done before, as {found.row and found.row['name']}")
                return None
            return self._started(cell, key, trial_id, trial)
        state.exhausted = True
        self._run.board.say(
            f"{_ATTEMPTS} suggestions in a row were known: {len(state.known)} of this cell is all there is"
        )
        return None

    def _started(self, cell: int, key: str, trial_id: str, trial: PlannedTrial) -> Job:
        job = self._run.job(trial)
        self._running[trial_id] = (cell, key, trial)
        self._run.board.add(job)
        return job
