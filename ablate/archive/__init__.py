"""Trials and runs that are put away: `<out>/archive/` is a folder of results too, so reports and queries can show it.

selecting  which trials and runs are meant, and what of them others still need
moving     the steps that move or delete them: after each, and so wherever a process dies, no trial is half there
recovery   what a command that was killed has left to do
overview   what there is, with the ids to type
"""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterator
from pathlib import Path

from ablate.results import runs, search_record
from ablate.results.reader import commit_marks

ARCHIVE = "archive"


def command_line(*words: str) -> str:
    """What to type."""
    return shlex.join(["python", "-m", "ablate.archive", *words])


def restore_hint(out: Path, trials: Collection[str]) -> Iterator[str]:
    """A line where some trials are archived, with the command that brings them back."""
    archive = out / ARCHIVE
    there = sorted(set(trials) & commit_marks(archive).keys())
    if not there:
        return
    known = {run.run: run for folder in (archive, out) for run in runs.read(folder)}
    latest = next((name for name, run in sorted(known.items(), reverse=True) if set(there) <= set(run.trials)), None)
    which = [f"run={latest}"] if latest else [*_named(archive, there)]
    command = command_line(f"out={out}", "restore=true", *which)
    yield f"{len(there)} of these are archived and would be trained again; to have them back instead: {command}"


def _named(archive: Path, trials: Collection[str]) -> Iterator[str]:
    """Archived trials as a command names them: those of searches, which are moved as a whole, by a run of each."""
    searches = search_record.searches(archive)
    of_search = {one.trial: name for name, tried in searches.items() for one in tried if one.trial in trials}
    run_of = {run.search: run.run for run in runs.read(archive)}
    needed = [run_of[name] for name in dict.fromkeys(of_search.values()) if name in run_of]
    if needed:
        yield f"run={','.join(needed)}"
    if others := [trial for trial in trials if trial not in of_search]:
        yield f"trial={','.join(others)}"


def restore_search_hint(out: Path, search: str) -> Iterator[str]:
    """The same of a search, which begins anew where it is archived."""
    archive = out / ARCHIVE
    runs_there = [run.run for run in runs.read(archive) if run.search == search]
    if search in search_record.searches(archive) and runs_there:
        command = command_line(f"out={out}", "restore=true", f"run={runs_there[-1]}")
        yield f"this search is archived and would begin anew; to have it back instead: {command}"
