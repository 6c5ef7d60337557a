"""How far runs are, as text for a person and as JSON for a program."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import get_args

from rich.console import Console
from rich.text import Text

from ablate.errors import plain
from ablate.report.layout import plural
from ablate.report.text_grid import Cell, Grid
from ablate.results.run_status import RunStatus, State, TrialStatus
from ablate.runner.board import duration

_WORDS = {"stopped": "stopped early"}
_STYLES = {"failed": "red", "running": "cyan", "silent": "yellow", "waiting": "dim"}  # the others: green
_LISTED = 20  # failed trials at most, and as many silent ones
_JUST_NOW, _LONG = 2, 600  # seconds
_WIDTH = 64  # characters of the bar

_QUIET = "a process gives a sign of life after each epoch and when it begins to score; silent: one is long overdue"
_SILENT = "silent: the process hangs or has died, or what it does takes longer than expected"


def print_run(console: Console, run: RunStatus) -> None:
    """One run: how far it is, what runs, what has failed and why, and how to continue."""
    _print(console, Text.assemble(("run ", "dim"), (run.run, "bold"), (f"  space={plain(run.space)}", "")))
    _print(console, Text(plain(run.command)))
    _print(console, Text(f"{_started(run)}; last sign of life {ago(run.seen_seconds)}", style="dim"))
    console.print()
    if console.is_terminal and run.total:
        _print(console, _bar(run))
    _print(console, _counts(run))
    running, silent = (_by_process(run.of(state)) for state in ("running", "silent"))
    for lines in (_running(running), _silent(silent), _failed(run.of("failed"))):
        for number, line in enumerate(lines):
            if number == 0:
                console.print()
            _print(console, line)
    if how := _how_to_continue(run):
        console.print()
        _print(console, Text(how))
        _print(console, Text(f"  {plain(run.command)}", style="bold"))


def print_runs(console: Console, runs: Sequence[RunStatus]) -> None:
    """Every run in a line, the earliest first."""
    states = [state for state in get_args(State) if state in {"done", "failed"} or any(run.of(state) for run in runs)]
    headers = [
        "run",
        "started (UTC)",
        "space",
        "trials",
        *(_WORDS.get(state, state) for state in states),
        "last sign of life",
    ]
    rows = [
        [
            Cell(run.run),
            Cell(run.started_at[:16].replace("T", " ")),
            Cell(plain(run.space)),
            Cell(str(run.total)),
            *(_number(run, state) for state in states),
            Cell(ago(run.seen_seconds), faint=not run.alive),
        ]
        for run in runs
    ]
    for line in Grid([header.replace(" ", "\n", 1) for header in headers], rows, left=(0, 1, 2)).lines():
        _print(console, line)


def as_json(run: RunStatus) -> dict[str, object]:
    """What monitoring wants to know of a run; of its trials those that are not done."""
    record = run.model_dump(mode="json", exclude={"trials"})
    record |= {"trials": run.total, "samples": run.samples, "left": run.left, "complete": run.complete}
    record["counts"] = {state: run.counts.get(state, 0) for state in get_args(State)}
    record["not_done"] = [trial.model_dump(mode="json") for trial in run.trials if trial.state != "done"]
    return record


def json_text(found: object) -> str:
    """JSON, indented, with a newline at its end."""
    return json.dumps(found, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def ago(seconds: float | None) -> str:
    """`just now`, `41 s ago`."""
    if seconds is None:
        return "-"
    return "just now" if seconds < _JUST_NOW else f"{duration(seconds)} ago"


def _started(run: RunStatus) -> str:
    if run.age_seconds is None:
        return "start not known"
    return f"started {run.started_at[:19].replace('T', ' ')} UTC, {ago(run.age_seconds)}"


def _counts(run: RunStatus) -> Text:
    """`15 trials: 3 done, 2 running, 10 waiting`."""
    text = Text(f"{_trials(run)}: ", style="bold")
    shown = [state for state in get_args(State) if state == "done" or run.counts.get(state)]
    for number, state in enumerate(shown):
        text.append(", " if number else "", style="not bold")
        shown_number = f"{run.counts.get(state, 0)} {_WORDS.get(state, state)}"
        text.append(shown_number, style=f"not bold {_STYLES.get(state, 'green')}")
    return text


def _trials(run: RunStatus) -> str:
    if run.search is None:
        return plural(run.total, "trial")
    if run.samples is None:
        return f"{plural(run.total, 'trial')}, of a search, so far"
    so_far = f", {len(run.trials)} suggested so far" if run.total > len(run.trials) else ""
    return f"{plural(run.total, 'trial')}, of a search{so_far}"


def _bar(run: RunStatus) -> Text:
    """The share of each state, in the order in which they are counted; those still to be suggested wait too."""
    bar, ended, drawn = Text(), 0, 0
    for state in get_args(State):
        ended += run.counts.get(state, 0)
        end = round(_WIDTH * ended / run.total)
        bar.append("━" * (end - drawn), style=_STYLES.get(state, "green"))
        drawn = end
    return bar.append("━" * (_WIDTH - drawn), style=_STYLES["waiting"])


def _number(run: RunStatus, state: State) -> Cell:
    number = run.counts.get(state, 0)
    return Cell(str(number), bold=state in {"failed", "silent"} and number > 0, faint=number == 0)


def _by_process(trials: Sequence[TrialStatus]) -> list[TrialStatus]:
    """The first of those that one process works on at once, as they share a training; its name says so."""
    groups: dict[tuple[object, ...], list[TrialStatus]] = {}
    for one in trials:
        groups.setdefault((one.node, one.process), []).append(one)
    return [
        one.model_copy(update={"name": f"{one.name}, {len(more)} more"}) if more else one
        for one, *more in groups.values()
    ]


def _running(trials: Sequence[TrialStatus]) -> Iterator[Text]:
    if not trials:
        return
    rows = [
        [
            *_about(one),
            Cell("-" if one.images_per_second is None else f"{one.images_per_second:.0f}"),
            *_where(one),
            Cell(ago(one.seen_seconds)),
        ]
        for one in trials
    ]
    headers = ["running", "epoch", "val IoU", "images/s", "node", "process", "last sign of life"]
    yield from Grid(headers, rows, left=(0, 4)).lines()
    if any((one.seen_seconds or 0) > _LONG for one in trials):
        yield Text(_QUIET, style="dim")


def _silent(trials: Sequence[TrialStatus]) -> Iterator[Text]:
    if not trials:
        return
    rows = [
        [*_about(one), *_where(one), Cell(duration(one.seen_seconds or 0.0), bold=True)] for one in trials[:_LISTED]
    ]
    lines = Grid(["silent", "epoch", "val IoU", "node", "process", "for"], rows, left=(0, 3)).lines()
    yield from lines[:2]
    for one, line in zip(trials, lines[2:], strict=False):
        yield line
        yield from _below(one.last_line, one.log, "")
    yield from _more(len(trials))
    yield Text(_SILENT, style="dim")


def _failed(trials: Sequence[TrialStatus]) -> Iterator[Text]:
    if not trials:
        return
    lines = Grid(["failed"], [[Cell(plain(one.name or one.trial))] for one in trials[:_LISTED]]).lines()
    yield from lines[:2]
    for one, line in zip(trials, lines[2:], strict=False):
        yield line
        yield from _below(one.reason, one.log, "red")
    yield from _more(len(trials))


def _below(said: str | None, log: str | None, style: str) -> Iterator[Text]:
    """What there is to say of a trial, on lines of its own: it may be long."""
    if said:
        yield Text(f"  {plain(said)}", style=style)
    if log:
        yield Text(f"  {plain(log)}", style="dim")


def _more(number: int) -> Iterator[Text]:
    if number > _LISTED:
        yield Text(f"... and {number - _LISTED} more; format=json lists all", style="dim")


def _about(one: TrialStatus) -> list[Cell]:
    epochs = "" if one.epochs is None else f" of {one.epochs}"
    epoch = f"{one.epoch}{epochs}" if one.epoch or one.doing == "training" else "starting"
    epoch = "scoring" if one.doing == "scoring" else epoch
    iou = Cell("-", faint=True) if one.val_iou is None else Cell(f"{100 * one.val_iou:.1f} %")
    return [Cell(plain(one.name or one.trial)), Cell(epoch), iou]


def _where(one: TrialStatus) -> list[Cell]:
    return [Cell(plain(one.node or "-")), Cell(str(one.process or "-"))]


def _how_to_continue(run: RunStatus) -> str | None:
    if run.alive or run.complete or not run.command:
        return None
    if run.of("failed") and not run.left:
        return "To try the failed trials again, repeat the command:"
    return (
        f"No sign of life for {duration(run.seen_seconds)}. "
        "If this command runs nowhere any more, repeat it: it goes on where it ended."
    )


def _print(console: Console, line: Text) -> None:
    console.print(line, highlight=False, markup=False, soft_wrap=True)
