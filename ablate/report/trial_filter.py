"""Which trials a report is of: all, or those of a run, of a space, or of some values."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ablate.errors import UsageError, suggest
from ablate.results import runs
from ablate.results.reader import in_tables, read_rows
from ablate.results.runs import Run
from ablate.spaces import where


def filter_trials(
    out: Path, run: str | None, space: str | None, condition: str | None
) -> tuple[list[str] | None, str | None]:
    """The trials that meet all that is asked, None for all; and the search that was asked for, if one was.

    Raises:
        UsageError: there is no such run or space, or no trial is left.
    """
    known = runs.read(out)
    if run is not None:
        known = [one for one in known if one.run == run] or _unknown(out, "run", run, [one.run for one in known])
    if space is not None:
        of_space = [one for one in known if space in _spaces(one)]
        known = of_space or _unknown(out, "space", space, [name for one in known for name in _spaces(one)])
    if run is None and space is None and condition is None:
        return None, None
    asked = [one for one in known if one.trials]
    if not asked and known and (run or space):
        return [], known[-1].search
    trials = None if run is None and space is None else _asked(asked, space)
    return (trials or [] if condition is None else _meeting(out, trials, condition)), None


def _spaces(run: Run) -> set[str]:
    return {run.space, *(one.space for one in run.asked)}


def _asked(known: Sequence[Run], space: str | None) -> list[str]:
    wanted = [one for run in known for one in run.asked if space in {None, one.space, run.space}]
    return list(dict.fromkeys(trial for one in wanted for trial in one.trials))


def _meeting(out: Path, trials: Sequence[str] | None, condition: str) -> list[str]:
    """Those that meet a condition, of some or of all that tables show, and detectors, which they are compared with."""
    rows = read_rows(out, "trials", trials).filter(in_tables(out, trials)).to_pylist()
    found = where.matching_trials(rows, condition)
    if not found:
        raise UsageError(f"where={condition}: none of the {len(rows)} trials is left; {_lists(out, 'trials')}")
    return [*found, *(str(row["trial"]) for row in rows if row["reference"] is not None)]


def _unknown(out: Path, key: str, given: str, names: Sequence[str]) -> list[Run]:
    raise UsageError(f"{key}={given}: unknown; {suggest(given, set(names))}; {_lists(out, 'runs')}")


def _lists(out: Path, query: str) -> str:
    return f"python -m ablate.query out={out} query={query} lists all"
