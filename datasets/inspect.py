"""`python -m datasets.inspect data=NAME`: shows whether a data set is right.

Verifies the shards, prints what they hold, sets the synthetic animals beside photographed ones, draws a contact sheet
of each arm and lists possible problems.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping
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
from datasets.checks.inspection import (
    animal_figures,
    census,
    contact_sheets,
    count_tables,
    count_warnings,
    figure_tables,
    rendered_scenes,
)
from datasets.checks.inspection.census import FULL, Census
from datasets.checks.inspection.findings import Findings
from datasets.checks.inspection.rendered_scenes import Scene
from datasets.checks.inspection.sheet_groups import SheetGroups
from datasets.options import require_group

_WIDTH = 100  # of sentences
_NO_DEFAULTS = "none, the paper's protocol"


class InspectConfig(pydantic.BaseModel):
    """Show the contents of a data set: counts, the animals in figures, possible problems, contact sheets."""

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

    data: Annotated[str, Field(min_length=1, description="an embedded data set, or a folder or URL of shards")] = "demo"
    to: Annotated[
        str | None, Field(description="folder for the contact sheets; none: inspect-NAME in the current folder")
    ] = None
    samples: Annotated[int, Field(ge=1, le=240, description="maximum number of samples on a contact sheet")] = 24
    seed: Annotated[int, Field(ge=0, description="seed of the choice of samples")] = 0
    sheets_by: Annotated[
        str | None,
        Field(
            description="regular expression whose first group, in the key of a sample of the arm full, names a contact "
            "sheet of its own, as ^([a-z]+)_ does; none: no such sheets"
        ),
    ] = None
    scenes: Annotated[
        str | None,
        Field(
            description="scenes.parquet of datasets.render, for a table per biome with the visible share of the "
            "animals; none: no such table"
        ),
    ] = None

    @pydantic.field_validator("sheets_by")
    @classmethod
    def _finds_a_group(cls, sheets_by: str | None) -> str | None:
        if sheets_by is not None:
            require_group(sheets_by, "sheets", "what names a sheet", "^([a-z]+)_")
        return sheets_by


def main(config: InspectConfig) -> int:
    """Prints the counts, writes the sheets and lists possible problems; 0 also then.

    Raises:
        UsageError: there is no such data set, `to` is no folder, a shard is not the manifest's, or `sheets_by` or
            `scenes` are of other images.
    """
    name = _name(config.data)
    to = _folder(config.to or f"inspect-{name}")
    root = embedded.root(config.data)
    manifest = read_manifest(root)
    scenes = None if config.scenes is None else rendered_scenes.read(config.scenes)
    groups = None if config.sheets_by is None else SheetGroups(config.sheets_by, config.samples, config.seed)
    _require_full(config, manifest)
    shards.verify(root, manifest, manifest.arms)
    _print_arms(f"{name}: {root}", root, manifest)  # at once: of large data the next step takes a minute
    findings = Findings()
    found = census.count(root, manifest, config.samples, config.seed, findings, groups)
    count_warnings.add_warnings(manifest, found, contact_sheets.mask_shares(found), findings)
    _print_counts(manifest, found)
    _print_figures(root, manifest, scenes, config)
    written = contact_sheets.write(to, name, manifest, found, config.seed, findings)
    if groups is not None:
        written += contact_sheets.write_groups(to, name, groups, found, config.seed, findings)
    _say("", *_wrapped(f"contact sheets: {', '.join(path.name for path in written) or 'none'} in {to}"))
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


def _print_figures(root: Path, manifest: Manifest, scenes: Mapping[str, Scene] | None, config: InspectConfig) -> None:
    """Sets the synthetic animals beside photographed ones, and tells those of each biome."""
    if FULL not in manifest.arms:
        _say("", f"no arm {FULL}, so that no whole synthetic images can be compared with photographed deer")
        return
    synthetic = animal_figures.read(root, manifest, FULL, shards.splits(FULL))
    here = animal_figures.read(root, manifest, REAL, ["test"]) if REAL in manifest.arms else None
    compared = None if here is None else animal_figures.summary(here.images)
    grid = figure_tables.animals_grid(animal_figures.summary(synthetic.images), compared)
    _print_grid(grid, f"Synthetic animals ({FULL}) beside photographed ones")
    for note in figure_tables.notes(synthetic, here):
        _say(*_wrapped(note))
    if sentence := count_tables.without_an_animal(manifest):
        _say(sentence)
    if scenes is not None:
        rendered_scenes.require_match(str(config.scenes), scenes, {image.source for image in synthetic.images})
        _print_grid(figure_tables.biomes_grid(synthetic.images, scenes), "Rendered scenes")
        unknown = sum(image.source not in scenes for image in synthetic.images)
        _say("visible: the share of the largest animal that nothing hides, 5 %/median/95 %; box and colours: medians")
        if unknown:
            _say(f"not in {config.scenes}: {plural(unknown, 'image')} of the arm {FULL}")


def _require_full(config: InspectConfig, manifest: Manifest) -> None:
    for key, value in {"sheets_by": config.sheets_by, "scenes": config.scenes}.items():
        if value is not None and FULL not in manifest.arms:
            raise UsageError(
                f"{key}={value}: it is about whole synthetic images, and the data has no arm {FULL}; leave it out, or "
                f"repeat datasets.prepare with arms={FULL},..."
            )


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
        _say(*_wrapped(f"- {line}"))


def _wrapped(line: str) -> list[str]:
    return textwrap.wrap(line, _WIDTH, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)


def _say(*lines: str) -> None:
    for line in lines:
        print(plain(line))


if __name__ == "__main__":
    run_command(InspectConfig, main, embedded.described)
