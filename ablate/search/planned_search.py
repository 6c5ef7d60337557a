"""A search on some data: who its trials are, what is recorded of them, and how many are left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ablate.config import RunConfig
from ablate.data.root import Data
from ablate.identity import PlannedTrial
from ablate.results import search_record
from ablate.results.search_record import FINISHED, Found, Member
from ablate.runner.plan import TrainingJob, jobs, suggested
from ablate.spaces.search import Cell, Search, contains, described
from ablate.storage import urls

if TYPE_CHECKING:
    from ablate.search.samplers import Values


@dataclass(frozen=True)
class PlannedSearch:
    """A search, and the run that continues it.

    Attributes:
        run: what the command line asks for.
        identity: of the search.
    """

    run: RunConfig
    search: Search
    data: Data
    out: Path
    cells: Sequence[Cell]
    identity: str

    def found(self) -> list[Found]:
        """The members that earlier runs left, in the order of cells and numbers."""
        return search_record.found(self.out, search_record.searches(self.out).get(self.identity, []))

    def trial(self, cell: int, number: int, values: Values) -> PlannedTrial:
        """The trial of a cell's values, by the name that the next member of that number would have."""
        which = f"{cell}-" if len(self.cells) > 1 else ""
        name = f"{Path(self.run.space).stem}-{which}{number:02d}"
        return suggested(self.cells[cell], values, name, self.identity, self.data.manifest)

    def job(self, trial: PlannedTrial, resources: Mapping[str, float]) -> TrainingJob:
        """What trains one trial; `resources` are what it occupies."""
        [job] = jobs(self.run, self.data, self.out, [trial], resources)
        return job

    def default(self, cell: int) -> Values:
        """A cell's own values of the fields that are searched."""
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
            space=self.run.space,
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
            data=urls.without_credentials(self.run.data),
        )

    def left(self, found: Sequence[Found]) -> int:
        """How many trials are not finished or not suggested yet."""
        unfinished = sum(one.status not in FINISHED for one in found)
        begun = [one.member.cell for one in found]
        return unfinished + sum(max(0, self.search.samples - begun.count(cell)) for cell in range(len(self.cells)))
