"""A run of a space that searches: what it has tried, what is left to try, and how it went."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich.console import Console

from ablate import launch, members, storage
from ablate.collect import collect
from ablate.config import RunConfig
from ablate.members import FINISHED, Found
from ablate.plan import basic_name, jobs
from ablate.report import print_search
from ablate.search import Asha, Cell, Pbt, Search, cells_of, described, search_id
from ablate.storage import urls

if TYPE_CHECKING:
    from ablate.cluster import Cluster
    from ablate.job_searcher import JobSearcher, SearchRun


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

        def work(ray: Cluster, each: dict[str, float]) -> bool:
            from ablate.console import Board
            from ablate.job_searcher import SearchRun

            at_a_time = run.max_concurrent or ray.room_for(each)
            with Board([], console, _left(search, cells, found)) as board:
                searched = SearchRun(
                    identity=identity,
                    space=run.space,
                    search=search,
                    cells=cells,
                    data=urls.without_credentials(run.data),
                    manifest=data.manifest,
                    out=out,
                    job=lambda trial: jobs(run, data, out, [trial], each)[0],
                    board=board,
                )
                return _search(searched, found, each, at_a_time)

        status = launch.with_ray(console, run, work)
    collect(out)
    print_search(out, identity)
    found = members.found(out, members.searches(out).get(identity, []))
    return status or int(any(one.status not in FINISHED for one in found))


def _search(searched: SearchRun, found: Sequence[Found], each: dict[str, float], at_a_time: int) -> bool:
    """Trains what the search suggests; says whether it was interrupted."""
    from ablate import halving, population, suggest, tuning  # Ray is slow to start: not before all has been checked

    search, cells = searched.search, searched.cells
    rule = search.scheduler
    epochs = [cell.config({}).epochs for cell in cells]
    stopping = halving.Halving(rule if isinstance(rule, Asha) else None, epochs, search.objective)
    searcher: JobSearcher
    if isinstance(rule, Pbt):
        searcher = population.Population(searched, rule, found)
    else:
        searcher = suggest.Suggestions(searched, found, stopping)
    began = time.monotonic()
    interrupted = tuning.seek(searcher, stopping, at_a_time, each, searched.board)
    busy = searcher.busy_seconds / (at_a_time * (time.monotonic() - began))
    searched.board.say(f"{at_a_time} at a time, training or scoring {100 * busy:.0f} % of that time")
    return interrupted


def _told(run: RunConfig, search: Search, cells: Sequence[Cell], found: Sequence[Found]) -> Iterator[str]:
    done, stopped = (sum(one.status == status for one in found) for status in ("done", "stopped"))
    which = f"{len(cells)} cells of {search.samples}" if len(cells) > 1 else f"{search.samples}"
    left = f"{_left(search, cells, found)} {'parts of trials ' if isinstance(search.scheduler, Pbt) else ''}to run"
    where = urls.without_credentials(run.data)
    yield f"{run.space} on {where}: a search, {which} trials, {done} done, {stopped} stopped early, {left}"
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


def _rule(scheduler: Asha | Pbt | None) -> str:
    if scheduler is None:
        return "none is stopped early"
    if isinstance(scheduler, Pbt):
        return f"every {scheduler.every} epochs the last {scheduler.quantile:.0%} go on with the first ones' networks"
    return f"ASHA from epoch {scheduler.grace} on, the best 1/{scheduler.reduction} go on"


def _left(search: Search, cells: Sequence[Cell], found: Sequence[Found]) -> int:
    """Trials, or legs of a population's, that are not finished or not suggested yet."""
    if isinstance(search.scheduler, Pbt):
        every = search.scheduler.every
        legs = sum(-(-cell.config({}).epochs // every) for cell in cells) * search.samples
        return legs - sum(leg.over for one in found for leg in one.member.legs)
    finished = [one.member.cell for one in found if one.status in FINISHED]
    begun = [one.member.cell for one in found]
    new = sum(max(0, search.samples - begun.count(number)) for number in range(len(cells)))
    return len(begun) - len(finished) + new
