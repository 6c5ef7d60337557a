"""Runs a search: plans it, trains what its searcher or scheduler asks for, and says how it went."""

from __future__ import annotations

import itertools
import shutil
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from ablate import interruption
from ablate.config import RunConfig, TrialConfig
from ablate.errors import UsageError
from ablate.identity import code_digest
from ablate.results import mirror, search_record
from ablate.results.search_record import FINISHED, Found
from ablate.runner import preflight
from ablate.runner.plan import TrainingJob, basic_name, suggested
from ablate.search.planned_search import PlannedSearch
from ablate.spaces.search import Asha, Pbt, Search, cells_of, described, parts, search_id
from ablate.storage import origins, urls, working_copy

if TYPE_CHECKING:
    from ray.tune import TuneConfig

    from ablate.runner.board import Board
    from ablate.runner.cluster import Cluster
    from ablate.runner.tuner import SameFailure


def plan(run: RunConfig, search: Search, out: Path) -> PlannedSearch:
    """A search on the data of a run, whose results lie in the folder `out`.

    Raises:
        UsageError: `data=` cannot be used, or the command line and the search exclude each other.
    """
    data = preflight.data_root(run.data)
    cells = cells_of(run, search, data.manifest)
    return PlannedSearch(run, search, data, out, cells, search_id(search, cells, data.manifest))


def run(planned: PlannedSearch, console: Console) -> bool:
    """Trains what is left of a search; says whether it was interrupted. Failures are rows in `trials`.

    Raises:
        UsageError: something is wrong with what is asked for, or another run is at work on this search.
    """
    run, search, manifest = planned.run, planned.search, planned.data.manifest
    preflight.check(planned.data, configs(planned))
    if search.objective == "val_iou":
        for cell in planned.cells:
            preflight.require_validation(manifest, cell.config({}).arm, f"space={run.space}")
    _require_own_code(planned, planned.found())

    def work(ray: Cluster, each: dict[str, float]) -> None:
        from ablate.runner.board import Board
        from ablate.runner.monitoring import RunMetrics

        if isinstance(search.scheduler, Pbt):
            _require_shared_folder(planned, ray)
        samples = search.samples * len(planned.cells)
        preflight.write_run(planned.out, run, planned.data, trials=[], search=planned.identity, samples=samples)
        mirror.refresh(planned.out)  # another run may just have ended
        found = planned.found()
        metrics = RunMetrics(run.space, working_copy.place_of(planned.out))
        with Board([], console, planned.left(found), metrics) as board:
            train = _train_populations if isinstance(search.scheduler, Pbt) else _train_suggestions
            train(planned, found, ray, each, board)

    with search_record.held(planned.out, planned.identity, run.space):
        return preflight.with_ray(console, run, planned.data, planned.out, configs(planned), work)


def summary(planned: PlannedSearch, found: Sequence[Found]) -> Iterator[str]:
    """The plan in short."""
    search, cells = planned.search, len(planned.cells)
    done, stopped = (sum(one.status == status for one in found) for status in ("done", "stopped"))
    which = f"{cells} cells of {search.samples}" if cells > 1 else f"{search.samples}"
    where = f"{planned.run.space} on {urls.without_credentials(planned.run.data)}"
    left = planned.left(found)
    yield f"{where}: a search, {which} trials, {done} done, {stopped} stopped early, {left} to run"
    others = sum(one.row is not None and one.row["code_digest"] != _code(planned, one) for one in found)
    if others:
        yield f"{others} of these by other code than today's; they count all the same; a new out= begins anew"
    if search.objective == "oracle_iou":
        yield "ORACLE: what is maximised is the IoU on the photographs; the result says nothing of unseen ones"


def details(planned: PlannedSearch) -> Iterator[str]:
    """How the search goes about it: what `dry_run` prints."""
    search = planned.search
    yield f"  sampler {search.sampler}, seed {search.seed}; {_rule(search.scheduler)}"
    for field, domain in search.domains.items():
        yield f"  {field}: {described(domain)}"
    for number, cell in enumerate(planned.cells):
        config = cell.config({})
        yield f"  cell {number}: {basic_name(config)}, {config.epochs} epochs"


def _train_suggestions(
    planned: PlannedSearch, found: Sequence[Found], ray: Cluster, each: dict[str, float], board: Board
) -> None:
    """Trains what the sampler suggests, in all cells; no more at a time than can run, for it would know less."""
    from ray import tune  # slow to start: not before all has been checked

    from ablate.search.asha import CellAsha
    from ablate.search.suggestions import Suggestions

    rule, objective = planned.search.scheduler, planned.search.objective
    epochs = [cell.config({}).epochs for cell in planned.cells]
    asha = CellAsha(rule, epochs, objective) if isinstance(rule, Asha) else None
    at_a_time = planned.run.max_concurrent or ray.room_for(each)
    plan = tune.TuneConfig(
        search_alg=Suggestions(planned, found, each, board, asha),
        scheduler=asha,
        num_samples=-1,
        max_concurrent_trials=at_a_time,
        reuse_actors=True,  # trials that are stopped early are short: a process for each would take longer than they
    )
    _fit(planned, plan, [], at_a_time, each, board, _stopper(), ray.token)


def _train_populations(
    planned: PlannedSearch, found: Sequence[Found], ray: Cluster, each: dict[str, float], board: Board
) -> None:
    """Trains the population of one cell after the other: Tune's scheduler takes all trials of a run for one."""
    from ray import tune

    from ablate.runner import cluster
    from ablate.search.pbt import Population

    rule = planned.search.scheduler
    assert isinstance(rule, Pbt)
    folder = search_record.folder(planned.out, planned.identity)
    at_a_time, occupied = ray.room_for(each), each
    if planned.run.max_concurrent and planned.run.max_concurrent < at_a_time:
        at_a_time = planned.run.max_concurrent
        occupied = ray.shared(at_a_time, each)
        at_a_time = ray.room_for(occupied)
    for left in folder.glob("ablate-tune-*"):  # by a run that was killed
        shutil.rmtree(left, ignore_errors=True)
    stopper = _stopper()
    for cell in range(len(planned.cells)):
        of_cell = [one for one in found if one.member.cell == cell]
        population = Population(planned, rule, cell, of_cell, each, board)
        if interruption.asked() or cluster.dead() or stopper.reason is not None:
            return
        if not population.jobs:
            continue
        for job in population.jobs:
            board.add(job)
        plan = tune.TuneConfig(scheduler=population, reuse_actors=True)
        _fit(planned, plan, population.jobs, at_a_time, occupied, board, stopper, ray.token, storage=folder)


def _stopper() -> SameFailure:
    from ablate.runner.tuner import SameFailure

    return SameFailure(first=3, divergence=False)  # values with which training diverges are a result


def _fit(
    planned: PlannedSearch,
    plan: TuneConfig,
    jobs: Sequence[TrainingJob],
    at_a_time: int,
    each: dict[str, float],
    board: Board,
    stopper: SameFailure,
    token: str | None,
    storage: Path | None = None,
) -> None:
    from ablate.runner import tuner

    began = time.monotonic()
    busy_seconds = tuner.fit(plan, jobs, each, board, stopper, planned.out, token, storage)
    if not interruption.asked():
        busy = busy_seconds / (at_a_time * (time.monotonic() - began))
        board.say(f"{at_a_time} at a time, training or scoring {100 * busy:.0f} % of that time")


def configs(planned: PlannedSearch) -> Iterator[TrialConfig]:
    """Every configuration that differs from others in a part or in pretrained weights, found wrong before Ray starts.

    Raises:
        UsageError: a part that is searched is not there, or the data lacks an arm.
    """
    for cell, values in itertools.product(planned.cells, parts(planned.search)):
        yield suggested(cell, values, "", "", planned.data.manifest).config


def _require_shared_folder(planned: PlannedSearch, ray: Cluster) -> None:
    """A population's trials are paused on one node and go on on another, by way of a folder of Ray Tune's."""
    if len(ray.nodes) > 1 and (place := origins.public(planned.out)) is not None:
        raise UsageError(
            f"space={planned.run.space}: a population on several nodes needs a folder of results, not out={place}; "
            "give one that all nodes share, or leave out ray.address= to train it on this machine"
        )


def _require_own_code(planned: PlannedSearch, found: Sequence[Found]) -> None:
    """A population continues with its own networks, which those of other code are not."""
    for one in found:
        if one.member.segments and one.status not in FINISHED and one.member.code != _code(planned, one):
            raise UsageError(
                f"space={planned.run.space}: this population was begun by other code than today's and cannot be "
                "continued; give it a new out=, or go back to that code"
            )


def _code(planned: PlannedSearch, one: Found) -> str:
    """Digest of today's code for a member's configuration."""
    return code_digest(planned.cells[one.member.cell].config(one.member.values))


def _rule(scheduler: Asha | Pbt | None) -> str:
    if scheduler is None:
        return "none is stopped early"
    if isinstance(scheduler, Pbt):
        return (
            f"every {scheduler.every} epochs the worst {scheduler.quantile:.0%} continue with the best ones' networks"
        )
    return f"ASHA from epoch {scheduler.grace} on, the best 1/{scheduler.reduction} continue"
