"""Trials and runs that are put away: `<out>/archive/` is a folder of results too, so reports and queries can show it.

selecting  which trials and runs are meant, and what of them others still need
moving     the steps that move or delete them: after each, and so wherever a process dies, no trial is half there
finishing  what a command that was killed has left to do
listing    what there is, with the ids to type
"""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterator
from pathlib import Path

from ablate import members, results, runs

ARCHIVE = "archive"


def told(out: Path, trials: Collection[str]) -> Iterator[str]:
    """A line where some trials are archived, with the command that brings them back."""
    archive = out / ARCHIVE
    there = sorted(set(trials) & results.marks(archive).keys())
    if not there:
        return
    known = {run.run: run for folder in (archive, out) for run in runs.read(folder)}
    latest = next((name for name, run in sorted(known.items(), reverse=True) if set(there) <= set(run.trials)), None)
    which = f"run={latest}" if latest else f"trial={','.join(there)}"
    command = shlex.join(["python", "-m", "ablate.archive", f"out={out}", "restore=true", which])
    yield f"{len(there)} of these are archived and would be trained again; to have them back instead: {command}"


def told_of_search(out: Path, search: str) -> Iterator[str]:
    """The same of a search, which begins anew where it is archived."""
    archive = out / ARCHIVE
    runs_there = [run.run for run in runs.read(archive) if run.search == search]
    if search in members.searches(archive) and runs_there:
        command = shlex.join(["python", "-m", "ablate.archive", f"out={out}", "restore=true", f"run={runs_there[-1]}"])
        yield f"this search is archived and would begin anew; to have it back instead: {command}"
