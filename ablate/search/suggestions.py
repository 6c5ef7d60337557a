"""Ray Tune's searcher: which trial comes next, and what is learned from it, in this run and in earlier ones."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ray.tune.search import Searcher

from ablate.identity import PlannedTrial
from ablate.results import search_record
from ablate.results.search_record import FINISHED, Found, diverged
from ablate.runner.board import Board
from ablate.runner.commit import commit_stopped
from ablate.runner.plan import TrainingJob
from ablate.search.asha import CellAsha
from ablate.search.planned_search import PlannedSearch
from ablate.search.samplers import Random, Sampler, Tpe

_ATTEMPTS = 100  # suggestions in a row that are known already, after which there are no others


class _Cell:
    """What is known of one cell while its search runs."""

    def __init__(self, planned: PlannedSearch, cell: int, found: Sequence[Found]) -> None:
        self.known = {one.member.trial: one for one in found}
        self.exhausted = False
        finished = [one for one in found if one.status in FINISHED]
        self.unfinished = {one.member.trial for one in found} - {one.member.trial for one in finished}
        first = [one.member.values for one in found if one.member.trial in self.unfinished]
        if not found:
            first += planned.first(cell)
        drawn = sum(not one.member.is_default for one in found)
        self.sampler: Sampler = (
            Random(planned.search, first, drawn)
            if planned.search.sampler == "random"
            else Tpe(planned.search, first, len(finished))
        )
        for one in finished:
            if one.sampler_score is not None:
                self.sampler.add_known(one.member.values, one.sampler_score)


class Suggestions(Searcher):  # type: ignore[misc]
    """Suggests trials of a search, of every cell in turn, until each has as many as it was asked for.

    Tune saves its searchers; this one is never restored, for what it knows is in the results.

    Args:
        found: the members that earlier runs left.
        resources: what a trial occupies.
        asha: stops trials early, and learns of those of earlier runs; None where none is stopped.
    """

    def __init__(
        self,
        planned: PlannedSearch,
        found: Sequence[Found],
        resources: Mapping[str, float],
        board: Board,
        asha: CellAsha | None,
    ) -> None:
        super().__init__(metric=planned.search.objective, mode="max")
        self._planned, self._resources, self._board, self._asha = planned, resources, board, asha
        self._cells = [
            _Cell(planned, number, [one for one in found if one.member.cell == number])
            for number in range(len(planned.cells))
        ]
        for one in found:
            if one.status in FINISHED:
                self._replay(one)
        self._running: dict[str, tuple[int, str, PlannedTrial]] = {}
        self._keys = itertools.count()

    def suggest(self, trial_id: str) -> Any:  # noqa: ANN401 - a configuration, or Tune's word for the end
        while (cell := self._next_cell()) is not None:
            job = self._next_job(cell, trial_id)
            if job is not None:
                return {"job": job.model_dump_json(), "cell": cell}
        return self.FINISHED

    def on_trial_complete(self, trial_id: str, result: Mapping[str, Any] | None = None, error: bool = False) -> None:
        """Learns how a trial did, from its last report; records where it was stopped early."""
        report = result or {}
        rows = list(report.get("rows") or [])
        failed = str(report.get("failed") or "") or ("its process died" if error or not rows else None)
        cell, key, trial = self._running.pop(trial_id)
        score = None if failed else rows[-1][self._planned.search.objective]
        self._cells[cell].sampler.tell(key, 0.0 if diverged(failed) else score)
        if self._asha is not None and trial_id in self._asha.stopped and not failed:
            reason = f"stopped early after epoch {len(rows)} of {trial.config.epochs}: others of its cell did better"
            commit_stopped(self._planned.job(trial, self._resources), rows, reason)

    def __getstate__(self) -> dict[str, object]:
        return {}

    def save(self, checkpoint_path: str) -> None:
        """Leaves the file that Tune moves on, with nothing in it."""
        Path(checkpoint_path).touch()

    def restore(self, checkpoint_path: str) -> None:
        """See `save`."""

    def _replay(self, found: Found) -> None:
        if self._asha is not None:
            self._asha.replay(found.member.cell, found.member.trial, found.epochs)

    def _next_cell(self) -> int | None:
        """The cell that is furthest behind, of those that need more trials."""
        needing = [
            (len(cell.known) - len(cell.unfinished), number)
            for number, cell in enumerate(self._cells)
            if cell.unfinished or (len(cell.known) < self._planned.search.samples and not cell.exhausted)
        ]
        return min(needing)[1] if needing else None

    def _next_job(self, number: int, trial_id: str) -> TrainingJob | None:
        """The next trial to train in a cell; None where it was trained already, or there is no other."""
        cell = self._cells[number]
        for _ in range(_ATTEMPTS):
            key = f"{trial_id}-{next(self._keys)}"
            values = cell.sampler.ask(key)
            trial = self._planned.trial(number, len(cell.known), values)
            if trial.trial in cell.unfinished:  # of an earlier run
                cell.unfinished.discard(trial.trial)
                named = trial.model_copy(update={"name": cell.known[trial.trial].member.name})
                return self._started(number, key, trial_id, named)
            if trial.trial in cell.known:
                cell.sampler.tell(key, cell.known[trial.trial].score)
                continue
            member = self._planned.member(number, len(cell.known), trial, values)
            search_record.write(self._planned.out, member)
            [found] = search_record.found(self._planned.out, [member])
            cell.known[trial.trial] = found
            if found.status == "done":  # a grid has it, or another search
                cell.sampler.tell(key, found.score)
                self._replay(found)
                self._board.skip(f"{trial.name}  was done before, as {found.row and found.row['name']}")
                return None
            return self._started(number, key, trial_id, trial)
        cell.exhausted = True
        self._board.say(f"{_ATTEMPTS} suggestions in a row were known: {len(cell.known)} of this cell is all there is")
        return None

    def _started(self, cell: int, key: str, trial_id: str, trial: PlannedTrial) -> TrainingJob:
        job = self._planned.job(trial, self._resources)
        self._running[trial_id] = (cell, key, trial)
        self._board.add(job)
        return job
