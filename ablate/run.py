"""`python -m ablate.run space=paper_grid`: plan the missing trials, run them with Ray Tune, collect, report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from ablate import archive, interruption, invocation, plugins
from ablate.cli import run_command
from ablate.config import RunConfig
from ablate.data import training_sources
from ablate.identity import Identities, PlannedTrial
from ablate.report import print_search, print_tables
from ablate.report.layout import plural
from ablate.results import mirror, runs
from ablate.results.reader import read_rows
from ablate.results.search_record import FINISHED
from ablate.runner import preflight, time_estimate
from ablate.runner.board import Board, duration
from ablate.runner.monitoring import RunMetrics
from ablate.runner.node_data import data_sets
from ablate.runner.plan import Progress, asked, jobs, plan, progress
from ablate.search import driver
from ablate.spaces.loader import load_space
from ablate.spaces.search import Search
from ablate.spaces.space import Space
from ablate.stats.collector import collect
from ablate.storage import urls, working_copy

if TYPE_CHECKING:
    from ablate.runner.cluster import Cluster


def main(run: RunConfig) -> int:
    """Runs what is missing and prints the results; 0 all done, 1 some failed, 130 interrupted."""
    space = load_space(run.space)
    with mirror.writable(run.out) as out:
        if isinstance(space, Search):
            return _run_search(run, space, out, Console())
        return _run_grid(run, space, out, Console())


def _run_search(run: RunConfig, search: Search, out: Path, console: Console) -> int:
    planned = driver.plan(run, search, out)
    found = planned.found()
    preflight.print_lines(console, [*driver.summary(planned, found), *preflight.differences(planned.data.manifest)])
    if not found:
        preflight.print_lines(console, archive.restore_search_hint(planned.out, planned.identity))
    if run.dry_run:
        if not planned.data.remote:  # else `check` asks, when the shards have been copied
            training_sources.require(planned.data, driver.configs(planned))
        preflight.print_lines(console, driver.details(planned))
        return 0
    interrupted = driver.run(planned, console) if planned.left(found) else False
    collect(out)
    if interrupted:
        return interruption.STATUS
    print_search(planned.out, planned.identity)
    return int(any(one.status not in FINISHED for one in planned.found()))


def _run_grid(run: RunConfig, space: Space, out: Path, console: Console) -> int:
    data = preflight.data_root(run.data)
    trials = plan(run, space, data.manifest)
    found = progress(out, trials)
    missing = _to_run(run, trials, found)
    configs = [trial.config for trial in missing]
    if run.dry_run and not data.remote:  # else `check` asks, when the shards have been copied
        training_sources.require(data, configs)
    preflight.print_lines(console, [*_summary(run, trials, found, missing), *preflight.differences(data.manifest)])
    preflight.print_lines(console, archive.restore_hint(out, [trial.trial for trial in missing]))
    if run.dry_run:
        _print_trials(console, out, trials, found, missing)
        return 0

    def write_plan() -> None:
        ids, by_space = [trial.trial for trial in trials], [one.model_dump() for one in spaces]
        to_run = {trial.trial: {"name": trial.name, "epochs": trial.config.epochs} for trial in missing}
        preflight.write_run(out, run, data, trials=ids, to_run=to_run, spaces=by_space)

    def work(ray: Cluster, each: dict[str, float]) -> None:
        from ablate.runner import tuner  # Ray is slow to start: not before everything has been checked

        preflight.require_precision(configs, each)
        write_plan()
        todo = jobs(run, data, out, missing, each)
        metrics = RunMetrics(run.space, working_copy.place_of(out))
        with Board(todo, console, metrics=metrics) as board:
            tuner.fit_grid(run, todo, each, board, ray.token)

    if missing:
        preflight.check(data, configs)
    spaces = asked(run, data.manifest, trials)
    # Tables show what plans ask for, and by them what is compared: a new plan is written, though nothing is to run.
    recorded = [one for known in runs.read(out) for one in known.asked]
    if not missing and any(one not in recorded for one in spaces):
        write_plan()
    interrupted = preflight.with_ray(console, run, data, out, configs, work) if missing else False
    collect(out)
    if interrupted:
        return interruption.STATUS
    print_tables(out, [trial.trial for trial in trials], trials)
    found = progress(out, trials)
    if any(one.judges for one in spaces):
        _print_one_seed(console, run, trials, found)
    _print_other_code(console, out, missing)
    return _print_unfinished(console, out, found)


def _to_run(run: RunConfig, trials: Sequence[PlannedTrial], found: Progress) -> list[PlannedTrial]:
    changed = found.changed if run.rerun == "changed" else ()
    wanted = {trial.trial for trial in (*found.missing, *found.failed, *changed)}
    return [trial for trial in trials if trial.trial in wanted]


def _summary(
    run: RunConfig, trials: Sequence[PlannedTrial], found: Progress, missing: Sequence[PlannedTrial]
) -> Iterator[str]:
    """The plan in short."""
    done = len(found.done) + len(found.changed)
    where = urls.without_credentials(run.data)
    yield f"{run.space} on {where}: {plural(len(trials), 'trial')}, {done} done, {len(missing)} to run"
    if found.failed:
        yield f"of these {len(found.failed)} failed before: {', '.join(trial.name for trial in found.failed)}"
    identities = Identities()
    for field in run.trial:
        if all(field in identities.ignored(trial.config) for trial in trials):
            models = ", ".join(dict.fromkeys(trial.config.model for trial in trials))
            yield f"trial.{field}: has no effect here; none of these trials ({models}) reads it"
    if found.changed and run.rerun == "missing":
        yield f"{len(found.changed)} done by other code than today's (shown as they are); rerun=changed repeats them"


def _print_trials(
    console: Console, out: Path, trials: Sequence[PlannedTrial], found: Progress, missing: Sequence[PlannedTrial]
) -> None:
    state = {trial.trial: name for name in ("done", "changed", "failed", "missing") for trial in getattr(found, name)}
    lines = (f"  {state[trial.trial]:8}{trial.name}  {trial.trial}" for trial in trials)
    console.out("\n".join(lines), highlight=False)  # one by one, a hundred thousand take ten seconds
    console.print(_estimate(out, missing), highlight=False, soft_wrap=True)


def _estimate(out: Path, missing: Sequence[PlannedTrial]) -> str:
    """What the missing trials occupy, and how long they take."""
    if not missing:
        return "nothing to run"
    each = "each takes one core, or one GPU and its share of the cores where there is any (trial_resources.*)"
    seconds = time_estimate.seconds(out, missing)
    if seconds is None:
        return f"{each}; how long is known once one of each kind has run"
    return f"{each}; {duration(seconds)} one after the other"


def _print_one_seed(console: Console, run: RunConfig, trials: Sequence[PlannedTrial], found: Progress) -> None:
    """How to ask more seeds, where something is done and the command has not chosen one."""
    chosen = run.seeds is not None or "seed" in run.trial or "seed" in (run.where or "")
    if not chosen and (found.done or found.changed) and len({trial.config.seed for trial in trials}) == 1:
        hint = f"One seed decides nothing about a setting. To ask three: {invocation.command()} seeds=3"
        console.print(hint, highlight=False, markup=False, soft_wrap=True)


def _print_other_code(console: Console, out: Path, run_now: Sequence[PlannedTrial]) -> None:
    """Names the trials whose worker had other code than they were planned with."""
    code = {trial.trial: trial.code for trial in run_now}
    rows = read_rows(out, "trials", [*code]).to_pylist()
    others = [row["name"] for row in rows if row["score_code"] not in {None, code[row["trial"]]}]
    if others:
        what = "by other code than was planned with, which changed meanwhile or differs between nodes"
        line = f"{what}: {', '.join(others)}; rerun=changed repeats them"
        console.print(line, highlight=False, markup=False, soft_wrap=True)


def _print_unfinished(console: Console, out: Path, found: Progress) -> int:
    """Names the trials that failed; 1 if any trial of the plan is not done."""
    for trial in found.failed:
        log = working_copy.shown(out / "logs" / f"{trial.trial}.log")
        console.print(f"failed: {trial.name}, see {log}", highlight=False, markup=False, soft_wrap=True)
    return 1 if found.failed or found.missing else 0


def _choices() -> str:
    return "\n".join(
        [
            f"spaces: {', '.join(plugins.names('search_spaces'))}",
            f"data:   {', '.join(data_sets().names())}, a folder, or a URL",
            f"models: {', '.join(plugins.names('ablate.models'))}",
            "*: our choice; the paper does not say",
        ]
    )


if __name__ == "__main__":
    run_command(RunConfig, main, _choices)
