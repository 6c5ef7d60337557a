"""Population based training through Ray Tune: each cell's members train side by side and are bred between rounds.

A member's way is cut into legs, each a job of its own that begins with a checkpoint. Who goes on with what follows from
the scores and from (seed, cell, epoch) alone and is recorded before a leg starts, so that a search that was killed goes
on where it was and ends as if it had not been.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ablate import identity
from ablate.results import search_record
from ablate.results.search_record import Found, Leg, Member
from ablate.runner.plan import Job
from ablate.search.exploit import next_round
from ablate.search.samplers import Random
from ablate.search.searcher import JobSearcher, SearchRun
from ablate.spaces.search import Pbt
from ablate.training import checkpoint


class Population(JobSearcher):
    """Suggests the legs of all members of all cells, a round after the other.

    Args:
        found: the members that earlier runs left.
    """

    def __init__(self, run: SearchRun, rule: Pbt, found: Sequence[Found]) -> None:
        super().__init__(run.search.objective)
        self._run = run
        self._cells = [
            _Cell(run, rule, number, [one for one in found if one.member.cell == number])
            for number in range(len(run.cells))
        ]
        self._running: dict[str, tuple[_Cell, int]] = {}

    def suggest(self, trial_id: str) -> Any:  # noqa: ANN401 - a configuration, or Tune's word for the end
        busy = {(id(cell), number) for cell, number in self._running.values()}
        for cell in sorted(self._cells, key=lambda cell: cell.behind):
            for number in cell.ready():
                if (id(cell), number) not in busy:
                    self._running[trial_id] = cell, number
                    job = cell.job(number)
                    self._run.board.add(job)
                    return self.suggestion(job, cell.number)
        if self._running:
            return None  # a round is not over: Tune asks again
        self.ended = True
        return self.FINISHED

    def over(self, trial_id: str, rows: list[dict[str, Any]], failed: str | None) -> None:
        """Records how a leg did; the last one of a round begins the next."""
        cell, number = self._running.pop(trial_id)
        cell.end(number, None if failed else float(rows[-1][self._run.search.objective]), failed)


class _Cell:
    """The population of one cell."""

    def __init__(self, run: SearchRun, rule: Pbt, number: int, found: Sequence[Found]) -> None:
        self._run, self._rule, self.number = run, rule, number
        self._epochs = run.cells[number].config({}).epochs
        self._members = [one.member for one in sorted(found, key=lambda one: one.member.number)]
        sampler = Random(run.search, run.first(number))
        drawn = [sampler.next("") for _ in range(run.search.samples)]
        for missing in range(len(self._members), run.search.samples):
            self._members.append(self._begun(missing, drawn[missing]))
        for member in self._members:
            if member.legs[-1].retryable:
                self._write(member.number, member.legs[-1].model_copy(update={"failed": None}))
        self._breed()

    @property
    def behind(self) -> int:
        """Epochs that all members have behind them."""
        return min(member.legs[-1].after for member in self._members)

    def ready(self) -> Iterator[int]:
        """The members whose leg has not ended."""
        return (member.number for member in self._members if not member.legs[-1].over)

    def job(self, number: int) -> Job:
        """A member's leg."""
        member = self._members[number]
        leg = member.legs[-1]
        planned = self._run.plan(self.number, number, leg.values)
        trial = planned.model_copy(update={"trial": member.trial, "training": leg.training})
        name = f"{member.name}-{leg.after + 1}to{leg.until}"
        trial = trial.model_copy(update={"name": member.name if leg.until == self._epochs else name})
        origin = self._members[leg.parent].legs[len(member.legs) - 2].training if leg.after else None
        until = None if leg.until == self._epochs else leg.until
        return self._run.job(trial).model_copy(update={"origin": origin, "until": until})

    def end(self, number: int, score: float | None, failed: str | None) -> None:
        """A leg has ended."""
        leg = self._members[number].legs[-1].model_copy(update={"score": score, "failed": failed})
        self._write(number, leg)
        self._breed()

    def _breed(self) -> None:
        """Begins the next round where one is over; a kill in between leaves some members without their leg."""
        done = min(len(member.legs) for member in self._members)
        legs = [member.legs[done - 1] for member in self._members]
        if not all(leg.over for leg in legs):
            return
        after = legs[0].until
        if after >= self._epochs or all(leg.score is None for leg in legs):
            if not any(leg.retryable for leg in legs):
                self._forget(done)
            return
        # The only kind of generator that Tune's domains take.
        rng = np.random.RandomState([self._run.search.seed, self.number, after])
        scores, values = [leg.score for leg in legs], [leg.values for leg in legs]
        for number, (parent, new) in enumerate(
            next_round(scores, values, self._rule.quantile, self._run.search.domains, rng)
        ):
            if len(self._members[number].legs) == done:
                self._append(number, self._leg(number, parent, after, new))
        self._forget(done - 1)

    def _begun(self, number: int, values: dict[str, Any]) -> Member:
        trial = self._run.plan(self.number, number, values)
        trial = trial.model_copy(update={"trial": identity.member_id(self._run.identity, self.number, number)})
        member = self._run.member(self.number, number, trial, values)
        member = member.model_copy(update={"legs": (self._leg(number, number, 0, values),)})
        search_record.write(self._run.out, member)
        return member

    def _leg(self, number: int, parent: int, after: int, values: dict[str, Any]) -> Leg:
        training = identity.leg_id(self._run.identity, self.number, number, after)
        until = min(after + self._rule.every, self._epochs)
        return Leg(training=training, parent=parent, after=after, until=until, values=values)

    def _append(self, number: int, leg: Leg) -> None:
        member = self._members[number]
        self._members[number] = member.model_copy(
            update={
                "legs": (*member.legs, leg),
                "values": leg.values,
                "is_default": member.is_default and leg.parent == number,
            }
        )
        search_record.write(self._run.out, self._members[number])

    def _write(self, number: int, last: Leg) -> None:
        member = self._members[number]
        self._members[number] = member.model_copy(update={"legs": (*member.legs[:-1], last)})
        search_record.write(self._run.out, self._members[number])

    def _forget(self, rounds: int) -> None:
        """Removes the checkpoints of the first rounds, with which nobody goes on any more."""
        for member in self._members:
            for leg in member.legs[:rounds]:
                checkpoint.discard(self._run.out, leg.training)
