"""The counts of a data root as aligned text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pydantic

from ablate.data import shards
from ablate.data.natural_order import natural
from ablate.data.shards import PHOTOGRAPHS, Manifest
from ablate.errors import UsageError
from ablate.report.text_grid import Cell, Grid
from datasets.checks.inspection.census import Location, TrainingArm
from datasets.checks.inspection.findings import plain

_DIGITS = 12  # of a digest
_SELECTED = "selected"
Counts = dict[str, dict[str, int]]


def digest(arm: shards.Arm) -> str:
    """An arm's digest as it is shown."""
    return arm.digest[:_DIGITS]


def arms_grid(root: Path, manifest: Manifest) -> Grid:
    """What lies in the shards, by arm and split."""
    rows = []
    for name in [*manifest.training_arms(), *(name for name in PHOTOGRAPHS if name in manifest.arms)]:
        arm = manifest.arms[name]
        for number, split in enumerate(shards.splits(name)):
            files = arm.of_split(name, split)
            megabytes = sum((root / shard.name).stat().st_size for shard in files) / 1e6
            samples = sum(shard.samples for shard in files)
            first = (name, digest(arm)) if number == 0 else ("", "")
            rows.append([first[0], split, f"{samples:,}", f"{len(files):,}", f"{megabytes:,.1f}", first[1]])
    return _grid(["arm", "split", "samples", "shards", "MB", "digest"], rows, left=(0, 1, 5))


def training_grid(training: Mapping[str, TrainingArm], mask_shares: Mapping[str, float | None]) -> Grid:
    """What the training arms hold."""
    headers = ["arm", "source\nimages", "boxes\nper sample", "padded\nwindows", "mask share\nof pixels", "translator"]
    rows = []
    for name in sorted(training):
        arm, share = training[name], mask_shares.get(name)
        boxes = f"{arm.boxes / arm.samples:.2f}" if arm.samples else "-"
        sources = len(set().union(*arm.sources.values()))
        translators = ", ".join(plain(name or "none") for name in sorted(arm.translators, key=str))
        masked = "-" if share is None else f"{100 * share:.1f} %"
        rows.append([name, f"{sources:,}", boxes, _padded(arm), masked, translators])
    return _grid(headers, rows, left=(0, 5))


def _padded(arm: TrainingArm) -> str:
    if arm.measured < arm.windows:
        return "unknown"
    return f"{arm.padded:,}" if arm.windows else "-"


def locations_grid(locations: Mapping[str, Location]) -> Grid:
    """The photographs of each camera, and of all."""
    rows: list[list[str] | None] = []
    for name in sorted(locations, key=natural):
        rows.append([name, *_numbers(locations[name])])
    total = Location(*(sum(column) for column in zip(*map(_fields, locations.values()), strict=True)))
    rows += [None, ["all", *_numbers(total)]]
    return _grid(["location", "test", "boxes", "with mask", "empty"], rows)


def _fields(location: Location) -> tuple[int, int, int, int]:
    return location.test, location.boxes, location.masks, location.empty


def _numbers(location: Location) -> list[str]:
    return [f"{number:,}" for number in _fields(location)]


def selection_grid(manifest: Manifest) -> Grid | None:
    """What preparation took, and what it left out and why; None where the manifest does not tell.

    Raises:
        UsageError: the manifest's lists are no counts.
    """
    rows = []
    for kind, reasons in _counts(manifest, "selection").items():
        others = {reason: count for reason, count in reasons.items() if reason != _SELECTED}
        rows.append([kind, f"{reasons.get(_SELECTED, 0):,}", _listed(others)])
    for kind, reasons in _counts(manifest, "skipped").items():
        rows.append([f"{kind}: bad input", "", _listed(reasons)])
    return _grid(["input", "taken", "left out"], rows, left=(0, 2)) if rows else None


def _counts(manifest: Manifest, key: str) -> Counts:
    try:
        return pydantic.TypeAdapter(Counts).validate_python(manifest.parameters.get(key, {}))
    except pydantic.ValidationError as error:
        raise UsageError(f"manifest: parameters.{key}: {error.errors()[0]['msg']}; prepare the data again") from error


def _listed(reasons: Mapping[str, int]) -> str:
    most_first = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{count:,} {plain(reason)}" for reason, count in most_first) or "none"


def _grid(headers: Sequence[str], rows: Iterable[Sequence[str] | None], left: Sequence[int] = (0,)) -> Grid:
    return Grid(headers, [None if row is None else [Cell(plain(text)) for text in row] for row in rows], left)
