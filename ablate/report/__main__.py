"""`python -m ablate.report out=results`: the paper's tables of a folder of results."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal

import pydantic
from pydantic import Field

from ablate import storage
from ablate.cli import run_command
from ablate.errors import UsageError, suggest
from ablate.report import print_tables
from ablate.report.markup import latex, markdown


class ReportConfig(pydantic.BaseModel):
    """Print the paper's tables of a folder of results."""

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

    out: Annotated[str, Field(description="folder of the results")] = "results"
    latex: Annotated[str | None, Field(description="also write the tables to this file, for LaTeX with booktabs")] = (
        None
    )
    markdown: Annotated[str | None, Field(description="also write the tables to this file, as Markdown")] = None
    compare: Annotated[Literal["paper"] | None, Field(description="paper: its published numbers beside these")] = None
    run: Annotated[str | None, Field(description="only the trials of one run: a file of <out>/runs; none: all")] = None


def main(report: ReportConfig) -> int:
    """Prints the tables; there being nothing to print yet is no error."""
    out = storage.local(report.out, "out")
    if not out.is_dir():
        raise UsageError(f"out={report.out}: no such folder; python -m ablate.run space=paper_grid makes one")
    trials = None if report.run is None else _trials_of(out, report.run)
    print_tables(out, trials, compare=report.compare is not None)
    for key, place, render in (("latex", report.latex, latex), ("markdown", report.markdown, markdown)):
        if place is not None:
            storage.publish(storage.local(place, key), render(out, trials, report.compare is not None).encode())
            print(f"wrote {place}")
    return 0


def _trials_of(out: Path, run: str) -> list[str]:
    runs = {path.stem: path for path in (out / "runs").glob("*.json")}
    if run not in runs:
        raise UsageError(f"run={run}: unknown; {suggest(run, runs)}")
    trials: list[str] = json.loads(runs[run].read_bytes())["trials"]
    return trials


if __name__ == "__main__":
    run_command(ReportConfig, main)
