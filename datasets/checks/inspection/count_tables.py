"""The counts of a data root as aligned text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from ablate.data import shards
from ablate.data.manifest import ADAPT, PHOTOGRAPHS, Arm, Manifest
from ablate.data.natural_order import natural
from ablate.errors import plain
from ablate.report.text_grid import Cell, Grid
from datasets.checks.inspection.census import TrainingArm
from datasets.checks.inspection.findings import parameter
from datasets.raw.skipped import NO_ANIMAL, SELECTED, SYNTHETIC

_DIGITS = 12  # of a digest
Counts = dict[str, dict[str, int]]


def digest(arm: Arm) -> str:
    """An arm's digest as it is shown."""
    return arm.digest[:_DIGITS]


def arms_grid(root: Path, manifest: Manifest) -> Grid:
    """What lies in the shards, by arm and split."""
    rows = []
    for name in [*manifest.training_arms(), *(name for name in (ADAPT, *PHOTOGRAPHS) if name in manifest.arms)]:
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


def locations_grid(locations: Mapping[str, Counter[str]]) -> Grid:
    """The photographs of each camera, and of all."""
    named = [(name, locations[name]) for name in sorted(locations, key=natural)]
    rows: list[list[str] | None] = [_counted(name, counts) for name, counts in named]
    rows += [None, _counted("all", sum(locations.values(), Counter()))]
    return _grid(["location", "test", "boxes", "with mask", "empty"], rows)


def _counted(name: str, counts: Counter[str]) -> list[str]:
    return [name, *(f"{counts[what]:,}" for what in ("test", "boxes", "masks", "empty"))]


def selection_grid(manifest: Manifest) -> Grid | None:
    """What preparation took, and what it left out and why; None where the manifest does not tell.

    Raises:
        UsageError: the manifest's lists are no counts.
    """
    rows = []
    for kind, reasons in parameter(manifest, "selection", Counts, {}).items():
        others = {reason: count for reason, count in reasons.items() if reason != SELECTED}
        rows.append([kind, f"{reasons.get(SELECTED, 0):,}", _listed(others)])
    for kind, reasons in parameter(manifest, "skipped", Counts, {}).items():
        rows.append([f"{kind}: bad input", "", _listed(reasons)])
    return _grid(["input", "taken", "left out"], rows, left=(0, 2)) if rows else None


def without_an_animal(manifest: Manifest) -> str:
    """How many synthetic images preparation left out as they show no animal; empty where the manifest does not tell.

    Raises:
        UsageError: the manifest's lists are no counts.
    """
    taken = left = 0
    for kind, reasons in parameter(manifest, "selection", Counts, {}).items():
        if kind.split(" ")[0] == SYNTHETIC:
            taken, left = taken + reasons.get(SELECTED, 0), left + reasons.get(NO_ANIMAL, 0)
    seen = taken + left
    return f"no animal: {left:,} of {seen:,} synthetic images ({100 * left / seen:.0f} %), left out" if seen else ""


def _listed(reasons: Mapping[str, int]) -> str:
    most_first = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{count:,} {plain(reason)}" for reason, count in most_first) or "none"


def _grid(headers: Sequence[str], rows: Iterable[Sequence[str] | None], left: Sequence[int] = (0,)) -> Grid:
    return Grid(headers, [None if row is None else [Cell(plain(text)) for text in row] for row in rows], left)
