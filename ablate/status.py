"""`python -m ablate.status out=results`: how far a run is, from its files alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import pydantic
from pydantic import Field
from rich.console import Console

from ablate.cli import run_command
from ablate.errors import UsageError, suggest
from ablate.report.status_text import as_json, json_text, print_run, print_runs
from ablate.results import mirror, run_status, runs
from ablate.results.log_folder import LogFolder
from ablate.results.runs import Run
from ablate.storage import urls

_EPILOGUE = """\
exit status: 0 all trials are done, 1 some are left or have failed, 2 bad arguments"""


class StatusConfig(pydantic.BaseModel):
    """Say how far a run is, from the files of its results: from any machine, also after the run has died."""

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

    out: Annotated[str, Field(description="folder of the results; also s3://... or gs://...")] = "results"
    run: Annotated[str | None, Field(description="which run, by its id; none: the latest")] = None
    all: Annotated[bool, Field(description="every run, a line each")] = False
    format: Annotated[Literal["text", "json"], Field(description="for a person or for a program:")] = "text"


def main(config: StatusConfig) -> int:
    """Prints how far runs are; 0 all their trials are done, 1 some are left or have failed."""
    if config.run is not None and config.all:
        raise UsageError(f"run={config.run} and all=true exclude each other; give one of them")
    with mirror.folder(config.out, ("trials", "runs", "searches", "")) as out:
        found = run_status.status(out, LogFolder(config.out), _chosen(config, out))
    if config.format == "json":
        records = [as_json(run) for run in found]
        print(json_text(records if config.all else records[0]), end="")
    elif config.all:
        print_runs(Console(), found)
    else:
        print_run(Console(), found[0])
    return int(not all(run.complete for run in found))


def _chosen(config: StatusConfig, out: Path) -> Sequence[Run]:
    known = runs.read(out)
    if not known:
        shown = urls.without_credentials(config.out)
        raise UsageError(f"out={shown}: no run was started there; python -m ablate.run space=... out={shown} does")
    if config.all:
        return known
    if config.run is None:
        return known[-1:]
    chosen = [run for run in known if run.run == config.run]
    if not chosen:
        advice = suggest(config.run, [run.run for run in known])
        raise UsageError(f"run={config.run}: no such run; {advice}; all=true lists them")
    return chosen


if __name__ == "__main__":
    run_command(StatusConfig, main, lambda: _EPILOGUE)
