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

from ablate import results, runs

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
