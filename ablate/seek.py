"""A run of a space that searches: what it has tried, what is left to try, and how it went."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from ablate import launch, members, storage
from ablate.collect import collect
from ablate.config import RunConfig
from ablate.data import Data
from ablate.members import FINISHED, Found
from ablate.plan import Job, PlannedTrial, basic_name, jobs, sought
from ablate.report import print_search
from ablate.search import Asha, Cell, Search, cells_of, described, search_id
from ablate.storage import urls

if TYPE_CHECKING:
    from ablate.cluster import Cluster


def run(run: RunConfig, search: Search, console: Console) -> int:
    """Looks for the best values and prints the search's history; 0 all done, 1 some failed, 130 interrupted."""
    out = storage.local(run.out, "out")
    data = launch.data_root(run.data)
    cells = cells_of(run, search, data.manifest)
    identity = search_id(search, cells, data.manifest)
    found = members.found(out, members.searches(out).get(identity, []))
    launch.tell(console, [*_told(run, search, cells, found), *launch.differences(data.manifest)])
    if run.dry_run:
        launch.tell(console, _plan(search, cells))
        return 0
    status = 0
    if _left(search, cells, found):
        launch.check(data, [cell.config({}) for cell in cells])
        launch.write_run(out, run, data, trials=[], search=identity)
        sought_for = _Sought(run, search, cells, identity, data, out, found)
        status = launch.with_ray(console, run, lambda ray, each: sought_for.work(console, ray, each))
    collect(out)
    print_search(out, identity)
    found = members.found(out, members.searches(out).get(identity, []))
    return status or int(any(one.status not in FINISHED for one in found))


class _Sought:
    """What the work needs to know of a search."""

    def __init__(
        self,
        run: RunConfig,
        search: Search,
        cells: Sequence[Cell],
        identity: str,
        data: Data,
        out: Path,
        found: Sequence[Found],
    ) -> None:
        self._run, self._search, self._cells, self._identity = run, search, cells, identity
        self._data, self._out, self._found = data, out, found

    def work(self, console: Console, ray: Cluster, each: dict[str, float]) -> bool:
        """Trains what the search suggests; says whether it was interrupted."""
        from ablate import suggest, tuning  # Ray is slow to start: not before everything has been checked
        from ablate.console import Board

        def job(trial: PlannedTrial) -> Job:
            [only] = jobs(self._run, self._data, self._out, [trial], each)
            return only

        at_a_time = self._run.max_concurrent or ray.room_for(each)
        epochs = [cell.config({}).epochs for cell in self._cells]
        halving = suggest.Halving(self._search.scheduler, epochs, self._search.objective)
        began = time.monotonic()
        with Board([], console, _left(self._search, self._cells, self._found)) as board:
            suggestions = suggest.Suggestions(
                out=self._out,
                identity=self._identity,
                space=self._run.space,
                data=urls.without_credentials(self._run.data),
                search=self._search,
                cells=self._cells,
                found=self._found,
                plan=self._planned,
                job=job,
                halving=halving,
                board=board,
            )
            interrupted = tuning.seek(suggestions, halving, at_a_time, each, board)
        busy = suggestions.busy_seconds / (at_a_time * (time.monotonic() - began))
        launch.tell(console, [f"{at_a_time} at a time, training or scoring {100 * busy:.0f} % of that time"])
        return interrupted

    def _planned(self, cell: int, name: str, values: dict[str, Any]) -> PlannedTrial:
        return sought(self._cells[cell], values, name, self._identity, self._data.manifest)


def _told(run: RunConfig, search: Search, cells: Sequence[Cell], found: Sequence[Found]) -> Iterator[str]:
    done, stopped = (sum(one.status == status for one in found) for status in ("done", "stopped"))
    which = f"{len(cells)} cells of {search.samples}" if len(cells) > 1 else f"{search.samples}"
    yield (
        f"{run.space} on {urls.without_credentials(run.data)}: a search, {which} trials, {done} done, "
        f"{stopped} stopped early, {_left(search, cells, found)} to run"
    )
    if search.objective == "oracle_iou":
        yield "ORACLE: what is maximised is the IoU on the photographs; the result says nothing of unseen ones"


def _plan(search: Search, cells: Sequence[Cell]) -> Iterator[str]:
    rule = _rule(search.scheduler)
    yield f"  sampler {search.sampler}, seed {search.seed}; {rule}"
    for field, domain in search.domains.items():
        yield f"  {field}: {described(domain)}"
    for number, cell in enumerate(cells):
        config = cell.config({})
        yield f"  cell {number}: {basic_name(config)}, {config.epochs} epochs"


def _rule(scheduler: Asha | None) -> str:
    if scheduler is None:
        return "none is stopped early"
    return f"ASHA from epoch {scheduler.grace} on, the best 1/{scheduler.reduction} go on"


def _left(search: Search, cells: Sequence[Cell], found: Sequence[Found]) -> int:
    """Trials that are not finished, or not suggested yet."""
    finished = [one.member.cell for one in found if one.status in FINISHED]
    begun = [one.member.cell for one in found]
    new = sum(max(0, search.samples - begun.count(number)) for number in range(len(cells)))
    return len(begun) - len(finished) + new
