"""`python -m ablate.run space=paper_grid`: plan the missing trials, run them with Ray Tune, collect, report."""

from __future__ import annotations

import contextlib
import datetime
import importlib
import json
import os
import secrets
import shlex
import signal
import statistics
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import FrameType, ModuleType

from rich.console import Console

from ablate import parts, results, storage
from ablate.cli import run_command
from ablate.collect import collect
from ablate.config import RunConfig, TrialConfig
from ablate.data import Data
from ablate.errors import UsageError
from ablate.plan import PlannedTrial, Progress, jobs, load_space, plan, progress
from ablate.report import print_tables
from ablate.shards import REAL, Manifest
from ablate.storage import urls


def main(run: RunConfig) -> int:
    """Runs what is missing and prints the tables; 0 all done, 1 some failed, 130 interrupted."""
    _hide_credentials(run.data)
    with _terminated_like_interrupted():
        return _run(run, Console())


def _run(run: RunConfig, console: Console) -> int:
    out = storage.local(run.out, "out")
    space = load_space(run.space)
    data = data_root(run.data)
    trials = plan(run, space, data.manifest)
    found = progress(out, trials)
    missing = _to_run(run, trials, found)
    _print_plan(console, run, data.manifest, trials, found, missing)
    if run.dry_run:
        _print_trials(console, out, trials, found, missing)
        return 0
    status = 0
    if missing:
        _check(data, missing)
        _write_run(out, run, data, trials, missing)
        status = _run_trials(console, run, data, out, missing)
    collect(out)
    print_tables(out, [trial.trial for trial in trials], trials)
    unfinished = _tell_unfinished(console, out, trials)
    return status or unfinished


def _hide_credentials(data: str) -> None:
    """Begins this process anew without the password in its arguments, which `ps` and Ray's dashboard show."""
    if urls.has_credentials(data):
        urls.remember(data)
        os.execv(sys.executable, [sys.executable, *_public(sys.orig_argv[1:])])


def data_root(data: str) -> Data:
    """The data root that `data=` names, built first where it is an embedded data set."""
    found: Data = _data_sets().find(data)
    return found


def _data_sets() -> ModuleType:
    # By name, and only here: the rest of the runner knows shards, no raw images.
    return importlib.import_module("datasets.roots")


def _to_run(run: RunConfig, trials: Sequence[PlannedTrial], found: Progress) -> list[PlannedTrial]:
    changed = found.changed if run.rerun == "changed" else ()
    wanted = {trial.trial for trial in (*found.missing, *found.failed, *changed)}
    return [trial for trial in trials if trial.trial in wanted]


def _check(data: Data, missing: Sequence[PlannedTrial]) -> None:
    """Everything that can be found wrong before Ray is started: the cache, the shards, and pretrained weights."""
    arms = sorted({trial.config.arm for trial in missing})
    for arm in arms:
        if not data.manifest.arm(arm).counts.get("train"):
            raise UsageError(f"trial.arm={arm}: the data has no training images in it; repeat datasets.prepare")
    data.require_room((arm, trial.config.image_size) for trial in missing for arm in (REAL, trial.config.arm))
    data.verify([REAL, *arms], print)
    for model, weights in {(trial.config.model, trial.config.encoder_weights) for trial in missing}:
        if weights == "imagenet" and "encoder_weights" in parts.reads("ablate.models", model):
            # Fetched once, before trials ask for them all at the same time.
            parts.load("ablate.models", model, "trial.model").prefetch(encoder_weights=weights)


def _run_trials(console: Console, run: RunConfig, data: Data, out: Path, missing: Sequence[PlannedTrial]) -> int:
    from ablate import cluster, tuning  # Ray is slow to start: not before everything has been checked
    from ablate.console import Board

    with console.status("starting Ray"):
        ray = cluster.connect(run.ray.address)
    try:
        each = cluster.resources(run, ray)
        console.print(f"dashboard  {ray.dashboard or 'none'}   {ray.way_in}", highlight=False, soft_wrap=True)
        work = jobs(run, data, out, missing, each)
        with Board(work, console) as board:
            interrupted = tuning.fit(run, work, each, board)
    finally:
        cluster.shutdown()
    if interrupted:
        console.print(
            f"interrupted; what is finished is kept. To continue: {_command()}", highlight=False, soft_wrap=True
        )
    return 130 if interrupted else 0


def _write_run(
    out: Path, run: RunConfig, data: Data, trials: Sequence[PlannedTrial], missing: Sequence[PlannedTrial]
) -> None:
    now = datetime.datetime.now(datetime.UTC)
    identity = f"r{now:%Y%m%dT%H%M%S}-{secrets.token_hex(2)}"
    record = {
        "run": identity,
        "started_at": now.isoformat(timespec="seconds"),
        "space": run.space,
        "command": _command(),
        "data": data.place,
        "trials": [trial.trial for trial in trials],
        "to_run": [trial.trial for trial in missing],
    }
    storage.publish(out / "runs" / f"{identity}.json", (json.dumps(record, indent=2) + "\n").encode())


def _tell_unfinished(console: Console, out: Path, trials: Sequence[PlannedTrial]) -> int:
    """Names the trials that failed; 1 if any trial of the plan is not done."""
    found = progress(out, trials)
    for trial in found.failed:
        log = out / "logs" / f"{trial.trial}.log"
        console.print(f"failed: {trial.name}, see {log}", highlight=False, soft_wrap=True)
    return 1 if found.failed or found.missing else 0


@contextlib.contextmanager
def _terminated_like_interrupted() -> Iterator[None]:
    """Within, SIGTERM ends the run as Ctrl-C does: in order, with Ray shut down and the way to continue told."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        os.kill(os.getpid(), signal.SIGINT)

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _print_plan(
    console: Console,
    run: RunConfig,
    manifest: Manifest,
    trials: Sequence[PlannedTrial],
    found: Progress,
    missing: Sequence[PlannedTrial],
) -> None:
    done = len(found.done) + len(found.changed)
    lines = [
        f"{run.space} on {urls.without_credentials(run.data)}: {len(trials)} trials, {done} done, {len(missing)} to run"
    ]
    if found.failed:
        lines.append(f"of these {len(found.failed)} failed before: {', '.join(trial.name for trial in found.failed)}")
    if found.changed and run.rerun == "missing":
        lines.append(f"{len(found.changed)} done by other code than today's; rerun=changed repeats them")
    differences = _differences(manifest)
    if differences:
        lines.append(f"the data's defaults differ from the paper's: {differences}")
    for line in lines:
        console.print(line, highlight=False, markup=False, soft_wrap=not console.is_terminal)


def _differences(manifest: Manifest) -> str:
    paper = TrialConfig()
    return ", ".join(
        f"{field} {value} (paper {getattr(paper, field)})"
        for field, value in manifest.trial_defaults.items()
        if getattr(paper, field, None) != value
    )


def _print_trials(
    console: Console, out: Path, trials: Sequence[PlannedTrial], found: Progress, missing: Sequence[PlannedTrial]
) -> None:
    state = {trial.trial: name for name in ("done", "changed", "failed", "missing") for trial in getattr(found, name)}
    for trial in trials:
        console.print(f"  {state[trial.trial]:8}{trial.name}  {trial.trial}", highlight=False, soft_wrap=True)
    console.print(_estimate(out, missing), highlight=False, soft_wrap=True)


def _estimate(out: Path, missing: Sequence[PlannedTrial]) -> str:
    """What the missing trials occupy, and how long they take, judged by trials of their kind that have run here."""
    if not missing:
        return "nothing to run"
    rows = results.read(out, "trials").to_pylist()
    each = "each takes one core, or one GPU where there is any (trial_resources.*)"
    seconds = []
    for trial in missing:
        seen = [row["train_seconds"] + row["score_seconds"] for row in rows if _same_work(row, trial.config)]
        if not seen:
            return f"{each}; how long is known once one of each kind has run"
        seconds.append(statistics.median(seen))
    return f"{each}; {sum(seconds) / 60:.1f} minutes one after the other"


def _same_work(row: dict[str, object], config: TrialConfig) -> bool:
    fields = ("model", "image_size", "epochs", "width")
    return row["status"] == "done" and all(row[field] == getattr(config, field) for field in fields)


def _command() -> str:
    return shlex.join(["python", "-m", "ablate.run", *_public(sys.argv[1:])])


def _public(arguments: Iterable[str]) -> list[str]:
    given = (argument.partition("=") for argument in arguments)
    return [f"{key}{equals}{urls.without_credentials(value)}" for key, equals, value in given]


def _choices() -> str:
    return "\n".join(
        [
            f"spaces: {', '.join(parts.names('search_spaces'))}",
            f"data:   {', '.join(_data_sets().names())}, a folder, or a URL",
            f"models: {', '.join(parts.names('ablate.models'))}",
        ]
    )


if __name__ == "__main__":
    run_command(RunConfig, main, _choices)
