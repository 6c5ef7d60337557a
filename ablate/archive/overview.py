"""What there is to archive, and what is archived: runs with their time, space and trials."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from ablate.archive.selecting import Folder
from ablate.report.layout import plural
from ablate.report.text_grid import Cell, Grid

_HOW = """\
python -m ablate.archive out={out} run=ID dry_run=true            what would be archived
python -m ablate.archive out={out} where="epochs=1"               trials of these values
python -m ablate.archive out={out} run=ID restore=true            back again; delete=true: gone for good"""


def listing(out: str, here: Folder, archive: Folder) -> str:
    """For a person who looks for an id."""
    lines = [*_of(here, f"out={out}"), "", *_of(archive, "archived"), "", _HOW.format(out=shlex.quote(out))]
    return "\n".join(lines)


def _of(folder: Folder, what: str) -> Iterator[str]:
    yield f"{what}: {plural(len(folder.runs), 'run')}, {plural(len(folder.rows), 'trial')}"
    if folder.runs:
        rows = [
            [
                Cell(f"  {run.run}"),
                Cell(run.started_at[:16].replace("T", " ")),
                Cell(run.space),
                Cell(str(len(folder.asked(run) & folder.rows.keys()))),
            ]
            for run in folder.runs
        ]
        yield from (
            line.plain for line in Grid(["  run", "started (UTC)", "space", "trials"], rows, left=(0, 1, 2)).lines()
        )
    known = {trial for run in folder.runs for trial in folder.asked(run)}
    alone = folder.rows.keys() - known
    if alone:
        yield f"  {plural(len(alone), 'trial')} of no run: {', '.join(sorted(alone)[:4])}{', ...' * (len(alone) > 4)}"
