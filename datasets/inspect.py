"""`python -m datasets.inspect data=NAME`: shows within seconds whether a data set is right.

Verifies the shards, prints what they hold, draws a contact sheet of each arm and lists possible problems.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import pydantic
from pydantic import Field
from rich.console import Console
from rich.text import Text

from ablate.cli import run_command
from ablate.data import shards
from ablate.data.manifest import REAL, Manifest, read_manifest
from ablate.errors import UsageError, plain
from ablate.report.layout import plural
from ablate.report.text_grid import Grid
from ablate.storage import local
from datasets import embedded
from datasets.checks.inspection import census, contact_sheets, count_tables, count_warnings
from datasets.checks.inspection.census import Census
from datasets.checks.inspection.findings import Findings

_WIDTH = 100  # of sentences
_NO_DEFAULTS = "none, the paper's protocol"


class InspectConfig(pydantic.BaseModel):
    """Show the contents of a data set: counts, possible problems, and a contact sheet of each arm."""

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

    data: Annotated[str, Field(min_length=1, description="an embedded data set, or a folder or URL of shards")] = "demo"
    to: Annotated[
        str | None, Field(description="folder for the contact sheets; none: inspect-NAME in the current folder")
    ] = None
    samples: Annotated[int, Field(ge=1, le=240, description="maximum number of samples on a contact sheet")] = 24
    seed: Annotated[int, Field(ge=0, description="seed of the choice of samples")] = 0


def main(config: InspectConfig) -> int:
    """Prints the counts, writes the sheets and lists possible problems; 0 also then.

    Raises:
        UsageError: there is no such data set, `to` is no folder, or a shard is not the manifest's.
    """
    name = _name(config.data)
    to = _folder(config.to or f"inspect-{name}")
    root = embedded.root(config.data)
    manifest = read_manifest(root)
    shards.verify(root, manifest, manifest.arms)
    _print_arms(f"{name}: {root}", root, manifest)  # at once: of large data the next step takes a minute
    findings = Findings()
    found = census.count(root, manifest, config.samples, config.seed, findings)
    count_warnings.add_warnings(manifest, found, contact_sheets.mask_shares(found), findings)
    _print_counts(manifest, found)
    written = contact_sheets.write(to, name, manifest, found, config.seed, findings)
    _say("", f"contact sheets: {', '.join(path.name for path in written) or 'none'} in {to}")
    _print_findings(findings.lines())
    return 0


def _name(data: str) -> str:
    """What the data is called: its own name, or the last part of its place."""
    if data in embedded.names():
        return data
    if "://" in data:
        address = urlsplit(data)
        return Path(address.path).name or address.netloc
    return Path(data).expanduser().resolve().name or "data"


def _folder(to: str) -> Path:
    folder = local(to, "to")
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"to={to}: is a file; name a folder")
    return folder


def _print_arms(title: str, root: Path, manifest: Manifest) -> None:
    shard_count = sum(len(arm.shards) for arm in manifest.arms.values())
    _say(title, f"{plural(shard_count, 'shard')} verified: all checksums match the manifest", "")
    _print_grid(count_tables.arms_grid(root, manifest))


def _print_counts(manifest: Manifest, found: Census) -> None:
    if found.training:
        _print_grid(count_tables.training_grid(found.training, contact_sheets.mask_shares(found)), "Training arms")
        _say("mask share: median of the drawn samples; padded: windows that reach beyond their source image")
        if any(arm.measured < arm.windows for arm in found.training.values()):
            _say("unknown: only the arm full records the size of the source images")
    if REAL in manifest.arms:
        _print_grid(count_tables.locations_grid(found.locations), "Photographs (test: with an animal; empty: without)")
    selection = count_tables.selection_grid(manifest)
    if selection is not None:
        _print_grid(selection, "Selection")
    defaults = " ".join(f"{key}={value}" for key, value in manifest.trial_defaults.items())
    _say("", f"trial_defaults: {defaults or _NO_DEFAULTS}")


def _print_grid(grid: Grid, title: str = "") -> None:
    console = Console(highlight=False)
    if title:
        console.print(Text(f"\n{title}\n", style="bold"))
    for line in grid.lines():
        console.print(line, soft_wrap=True)


def _print_findings(lines: Iterable[str]) -> None:
    lines = list(lines)
    _say("", f"Possible problems ({len(lines)}):" if lines else "No problems found.")
    for line in lines:
        _say(*textwrap.wrap(f"- {line}", _WIDTH, subsequent_indent="  ", break_long_words=False))


def _say(*lines: str) -> None:
    for line in lines:
        print(plain(line))


if __name__ == "__main__":
    run_command(InspectConfig, main, embedded.described)
