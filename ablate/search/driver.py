"""A run of a space that searches: what it has tried, what is left to try, and how it went."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich.console import Console

from ablate import archive, interruption, storage
from ablate.config import RunConfig, TrialConfig
from ablate.data.manifest import Manifest
from ablate.errors import UsageError
from ablate.identity import code_digest
from ablate.report import print_search
from ablate.results import search_record
from ablate.results.search_record import FINISHED, Found
from ablate.runner import preflight
from ablate.runner.plan import basic_name, jobs, sought
from ablate.spaces.search import Asha, Cell, Pbt, Search, cells_of, described, search_id
from ablate.stats.collector import collect
from ablate.storage import urls

_PARTS = ("model", "arm", "augment", "encoder_weights")  # fields whose values may not be there

if TYPE_CHECKING:
    from ablate.runner.cluster import Cluster
    from ablate.search.searcher import JobSearcher, SearchRun


def run(run: RunConfig, search: Search, console: Console) -> int:
    """Looks for the best values and prints the search's history; 0 all done, 1 some failed, 130 interrupted."""
    out = storage.local(run.out, "out")
    data = preflight.data_root(run.data)
    cells = cells_of(run, search, data.manifest)
    identity = search_id(search, cells, data.manifest)
    found = search_record.found(out, search_record.searches(out).get(identity, []))
    preflight.tell(console, [*_told(run, search, cells, found), *preflight.differences(data.manifest)])
    if not found:
        preflight.tell(console, archive.restore_search_hint(out, identity))
    if run.dry_run:
        preflight.tell(console, _plan(search, cells))
        return 0
    interrupted = False
    if _left(search, cells, found):
        preflight.check(data, _configs(search, cells, data.manifest))
        if search.objective == "val_iou":
            for cell in cells:
                preflight.require_validation(data.manifest, cell.config({}).arm, f"space={run.space}")
        _require_own_code(run, cells, found)

        def work(ray: Cluster, each: dict[str, float]) -> None:
            from ablate.runner.board import Board
            from ablate.search.searcher import SearchRun

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
                _search(searched, found, each, at_a_time)

        with search_record.held(out, identity, run.space):
            found = search_record.found(
                out, search_record.searches(out).get(identity, [])
            )  # another run may just have ended
            preflight.write_run(out, run, data, trials=[], search=identity)
            interrupted = preflight.with_ray(console, run, work)
    collect(out)
    if interrupted:
        return interruption.STATUS
    print_search(out, identity)
    found = search_record.found(out, search_record.searches(out).get(identity, []))
    return int(any(one.status not in FINISHED for one in found))


def _search(searched: SearchRun, found: Sequence[Found], each: dict[str, float], at_a_time: int) -> None:
    """Trains what the search suggests."""
    from ablate.runner import tuner  # Ray is slow to start: not before all has been checked
    from ablate.search import asha, suggestions
    from ablate.search import pbt as population

    search, cells = searched.search, searched.cells
    rule = search.scheduler
    epochs = [cell.config({}).epochs for cell in cells]
    stopping = asha.Halving(rule if isinstance(rule, Asha) else None, epochs, search.objective)
    searcher: JobSearcher
    if isinstance(rule, Pbt):
        searcher = population.Population(searched, rule, found)
    else:
        searcher = suggestions.Suggestions(searched, found, stopping)
    began = time.monotonic()
    tuner.seek(searcher, stopping, at_a_time, each, searched.board, searched.out)
    if interruption.asked():
        return
    busy = searcher.busy_seconds / (at_a_time * (time.monotonic() - began))
    searched.board.say(f"{at_a_time} at a time, training or scoring {100 * busy:.0f} % of that time")


def _configs(search: Search, cells: Sequence[Cell], manifest: Manifest) -> Iterator[TrialConfig]:
    """Every configuration that differs from others in a part or in pretrained weights, found wrong before Ray starts.

    Raises:
        UsageError: a part that is looked for is not there, or the data lacks an arm.
    """
    categories = {field: search.domains[field].categories for field in _PARTS if field in search.domains}  # type: ignore[attr-defined]
    for cell in cells:
        for values in itertools.product(*categories.values()):
            yield sought(cell, dict(zip(categories, values, strict=True)), "", "", manifest).config


def _require_own_code(run: RunConfig, cells: Sequence[Cell], found: Sequence[Found]) -> None:
    """A population's networks are gone on with, which other code's are not."""
    for one in found:
        if one.member.legs and one.status not in FINISHED and one.member.code != _code(cells, one):
            raise UsageError(
                f"space={run.space}: other code than today's began this population, and its networks are not gone on "
                "with; give it a new out=, or go back to that code"
            )


def _code(cells: Sequence[Cell], one: Found) -> str:
    """Digest of today's code for a member's configuration."""
    return code_digest(cells[one.member.cell].config(one.member.values))


def _told(run: RunConfig, search: Search, cells: Sequence[Cell], found: Sequence[Found]) -> Iterator[str]:
    done, stopped = (sum(one.status == status for one in found) for status in ("done", "stopped"))
    which = f"{len(cells)} cells of {search.samples}" if len(cells) > 1 else f"{search.samples}"
    left = f"{_left(search, cells, found)} {'parts of trials ' if isinstance(search.scheduler, Pbt) else ''}to run"
    where = urls.without_credentials(run.data)
    yield f"{run.space} on {where}: a search, {which} trials, {done} done, {stopped} stopped early, {left}"
    others = sum(one.row is not None and one.row["code_digest"] != _code(cells, one) for one in found)
    if others:
        yield f"{others} of these by other code than today's, from which it learns all the same; a new out= begins anew"
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
        rounds = [-(-cell.config({}).epochs // search.scheduler.every) for cell in cells]
        return sum(
            _legs_left([one for one in found if one.member.cell == number], search.samples, rounds[number])
            for number in range(len(cells))
        )
    finished = [one.member.cell for one in found if one.status in FINISHED]
    begun = [one.member.cell for one in found]
    new = sum(max(0, search.samples - begun.count(number)) for number in range(len(cells)))
    return len(begun) - len(finished) + new


def _legs_left(population: Sequence[Found], samples: int, rounds: int) -> int:
    """Legs of a cell's population that have not ended, or are tried again; 0 where all members have diverged."""
    last = [one.member.legs[-1] for one in population]
    if len(last) == samples and all(leg.failed and not leg.retryable for leg in last):
        return 0
    over = sum(
        len(one.member.legs) - 1 + (leg.over and not leg.retryable) for one, leg in zip(population, last, strict=True)
    )
    return samples * rounds - over
