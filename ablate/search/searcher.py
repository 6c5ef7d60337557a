"""What all of our searchers are to Ray Tune: they hand out jobs, and remember nothing but what lies in the results."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ray.tune.search import Searcher

from ablate.data.manifest import Manifest
from ablate.results.search_record import Member
from ablate.runner.board import Board
from ablate.runner.plan import Job, PlannedTrial, sought
from ablate.search.samplers import Values
from ablate.spaces.search import Cell, Search, contains, described


@dataclass(frozen=True)
class SearchRun:
    """A search, and the run that goes on with it.

    Attributes:
        identity: of the search; space: the name that it was started by.
        data: as the command line names it, without credentials; manifest: what lies there.
        job: what works on a trial.
    """

    identity: str
    space: str
    search: Search
    cells: Sequence[Cell]
    data: str
    manifest: Manifest
    out: Path
    job: Callable[[PlannedTrial], Job]
    board: Board

    def plan(self, cell: int, number: int, values: Values) -> PlannedTrial:
        """The trial of a cell's values, by the name that the next member of that number would have."""
        which = f"{cell}-" if len(self.cells) > 1 else ""
        name = f"{Path(self.space).stem}-{which}{number:02d}"
        return sought(self.cells[cell], values, name, self.identity, self.manifest)

    def default(self, cell: int) -> Values:
        """A cell's own values of the fields that are looked for."""
        return {field: getattr(self.cells[cell].config({}), field) for field in self.search.domains}

    def first(self, cell: int) -> list[Values]:
        """What a cell's search begins with: its own values, unless they are outside the domains."""
        default = self.default(cell)
        inside = all(contains(domain, default[field]) for field, domain in self.search.domains.items())
        return [default] if inside else []

    def member(self, cell: int, number: int, trial: PlannedTrial, values: Values) -> Member:
        """What is recorded of a trial before it starts."""
        return Member(
            search=self.identity,
            space=self.space,
            objective=self.search.objective,
            cell=cell,
            number=number,
            is_default=values == self.default(cell),
            trial=trial.trial,
            name=trial.name,
            code=trial.code,
            given={**self.cells[cell].below[-1], **self.cells[cell].above},
            values=values,
            domains={field: described(domain) for field, domain in self.search.domains.items()},
            data=self.data,
        )


class JobSearcher(Searcher):  # type: ignore[misc]
    """Suggests jobs until there are no more.

    Attributes:
        ended: nothing is left to suggest.
        busy_seconds: of training and scoring, over all jobs.
    """

    def __init__(self, objective: str) -> None:
        super().__init__(metric=objective, mode="max")
        self.ended = False
        self.busy_seconds = 0.0

    def set_search_properties(
        self, metric: str | None, mode: str | None, config: Mapping[str, object], **spec: object
    ) -> bool:
        return True  # they are the search's own

    def on_trial_result(self, trial_id: str, result: Mapping[str, Any]) -> None:
        """Nothing is learned before a job's end."""

    def on_trial_complete(self, trial_id: str, result: Mapping[str, Any] | None = None, error: bool = False) -> None:
        """Takes in a job's last report; none where its process died."""
        told = result or {}
        self.busy_seconds += float(told.get("time_total_s") or 0.0)
        rows = list(told.get("rows") or [])
        failed = str(told.get("failed") or "its process died") if error or told.get("failed") or not rows else None
        self.over(trial_id, rows, failed)

    def over(self, trial_id: str, rows: list[dict[str, Any]], failed: str | None) -> None:
        """A job has ended.

        Args:
            rows: of its epochs so far.
            failed: why, where it did.
        """
        raise NotImplementedError

    @staticmethod
    def suggestion(job: Job, cell: int) -> dict[str, object]:
        """A job as Tune hands it to a trial."""
        return {"job": job.model_dump(mode="json"), "cell": cell}

    def __getstate__(self) -> dict[str, object]:
        return {}  # Tune saves its searcher; this one is never restored, what it knows is in the results

    def save(self, checkpoint_path: str) -> None:
        """Leaves the file that Tune moves on, with nothing in it."""
        Path(checkpoint_path).touch()

    def restore(self, checkpoint_path: str) -> None:
        """See `save`."""
