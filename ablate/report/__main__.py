"""`python -m ablate.report out=results`: the paper's tables of a folder of results."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

import pydantic
from pydantic import Field

from ablate import storage
from ablate.cli import run_command
from ablate.data import root as data
from ablate.data.root import Data
from ablate.errors import UsageError
from ablate.report import print_search, print_tables
from ablate.report.formats import latex, markdown
from ablate.report.trial_filter import filter_trials
from ablate.results import mirror, runs


class ReportConfig(pydantic.BaseModel):
    """Print the paper's tables of a folder of results."""

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

    out: Annotated[str, Field(description="folder of the results; also s3://... or gs://...")] = "results"
    latex: Annotated[str | None, Field(description="also write the tables to this file, for LaTeX with booktabs")] = (
        None
    )
    markdown: Annotated[str | None, Field(description="also write the tables to this file, as Markdown")] = None
    html: Annotated[str | None, Field(description="also write one page with figures and a gallery to this file")] = None
    data: Annotated[str | None, Field(description="photographs of the page's gallery; none: those of the last run")] = (
        None
    )
    compare: Annotated[Literal["paper"] | None, Field(description="paper: its published numbers beside these")] = None
    run: Annotated[str | None, Field(description="only the trials of one run: see ablate.query query=runs")] = None
    space: Annotated[str | None, Field(description="only the trials that runs of this space asked for")] = None
    where: Annotated[str | None, Field(description='only these trials: "model=unet epochs=20 seed!=0"')] = None


def main(report: ReportConfig) -> int:
    """Prints the tables; there being nothing to print yet is no error."""
    with mirror.folder(report.out) as out:
        trials, search = filter_trials(out, report.run, report.space, report.where)
        if search is None:
            print_tables(out, trials, compare=report.compare is not None)
        else:
            print_search(out, search)
        for key, place, render in (("latex", report.latex, latex), ("markdown", report.markdown, markdown)):
            if place is not None:
                written = render(out, trials, report.compare is not None, search)
                storage.publish(storage.local(place, key), written.encode())
                print(f"wrote {place}")
        if report.html is not None:
            _write_page(report, out, trials, search)
    return 0


def _write_page(report: ReportConfig, out: Path, trials: list[str] | None, search: str | None) -> None:
    from rich.console import Console

    from ablate.report.page import page  # draws figures: slow to import, and most reports have none

    assert report.html is not None
    to = storage.local(report.html, "html")
    with Console(stderr=True).status("making the page"):
        written = page(out, _photographs(report, out), trials, report.compare is not None, search).encode()
    storage.publish(to, written)
    print(f"wrote {report.html} ({len(written) / 1e6:.1f} MB)")


def _photographs(report: ReportConfig, out: Path) -> Data | None:
    """Where the photographs of the results are; None where nothing tells."""
    if report.data is not None:
        from ablate.runner.preflight import data_root

        return data_root(report.data)
    places = [run.data for run in runs.read(out) if run.data]
    if not places:
        return None
    try:
        return data.at(places[-1])
    except UsageError as error:
        print(
            f"html={report.html}: no gallery: {error}; type data=... to say where the photographs are now",
            file=sys.stderr,
        )
        return None


if __name__ == "__main__":
    run_command(ReportConfig, main)
