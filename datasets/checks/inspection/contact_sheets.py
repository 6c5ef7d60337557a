"""The contact sheets of a data root, and of groups of its synthetic images: drawn samples to tiles, titles, files."""

from __future__ import annotations

import re
import statistics
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from ablate.data.manifest import ADAPT, NOT_TRAINING_ARMS, PHOTOGRAPHS, Manifest
from ablate.data.natural_order import natural
from ablate.report.layout import plural
from ablate.storage import publish
from datasets.checks.inspection import contact_sheet, count_tables
from datasets.checks.inspection.census import FULL, Census, header_wh
from datasets.checks.inspection.contact_sheet import Layout, Tile
from datasets.checks.inspection.findings import Findings
from datasets.checks.inspection.sampling import SelectedSample
from datasets.checks.inspection.sheet_groups import SheetGroups
from datasets.raw import masks
from datasets.raw.images import BrokenPictureError, Mask, Pixels, decode

_UNSAFE = re.compile(r"[^\w-]")  # in a file's name


def write(to: Path, name: str, manifest: Manifest, census: Census, seed: int, findings: Findings) -> list[Path]:
    """Draws a sheet of each arm into the folder `to`, of the photographs one of each split.

    Args:
        name: of the data, for the titles.
        findings: is told what cannot be drawn.

    Raises:
        OSError: the folder cannot be written.
    """
    written = []
    for (arm, split), draw in census.selections.items():
        drawn = draw.drawn()
        if not drawn:
            continue
        number, title = _title(arm, split, manifest, census)
        groups = "locations" if arm in NOT_TRAINING_ARMS else "train and val"
        subtitle = f"{name} · {len(drawn)} of {number:,} drawn by seed {seed}, spread over {groups}"
        file_name = f"{arm}-{split}" if split else arm
        path = to / f"{_UNSAFE.sub('_', file_name)}.jpg"
        _publish(path, title, subtitle, _tiles(arm, drawn, findings), drawn)
        written.append(path)
    return written


def write_groups(to: Path, name: str, groups: SheetGroups, census: Census, seed: int, findings: Findings) -> list[Path]:
    """Draws a sheet of each group of the arm `full` into the folder `to`; what `write` drew too has been told."""
    told = {each.sample.key for each in census.selections[FULL, ""].drawn()}
    held = census.training[FULL].samples
    written = []
    for group in sorted(groups.selections, key=natural):
        drawn, number = groups.selections[group].drawn(), groups.counts[group]
        title = f"{FULL}, {group}: {number:,} of {held:,} samples"
        subtitle = f"{name} · {len(drawn)} of {number:,} drawn by seed {seed}, spread over train and val"
        path = to / f"{FULL}-{group}.jpg"
        _publish(path, title, subtitle, _tiles(FULL, drawn, findings, told), drawn)
        written.append(path)
    return written


def _publish(path: Path, title: str, subtitle: str, tiles: Iterator[Tile], drawn: Sequence[SelectedSample]) -> None:
    layout = Layout.of([header_wh(each.sample.jpg) or (1, 1) for each in drawn])
    publish(path, contact_sheet.draw(title, subtitle, tiles, layout))


def mask_shares(census: Census) -> dict[str, float]:
    """The median share of pixels that are animal, in [0, 1], of each training arm's drawn samples."""
    shares: dict[str, float] = {}
    for (arm, _), draw in census.selections.items():
        masks = [_mask(each) for each in draw.drawn()] if arm not in NOT_TRAINING_ARMS else []
        covered = [float(mask_hw.mean()) for mask_hw in masks if mask_hw is not None]
        if covered:
            shares[arm] = statistics.median(covered)
    return shares


def _title(arm: str, split: str, manifest: Manifest, census: Census) -> tuple[int, str]:
    """The number of samples that a sheet is drawn from, and its first line."""
    counts, digest = manifest.arms[arm].counts, count_tables.digest(manifest.arms[arm])
    if arm in PHOTOGRAPHS:
        number = counts.get(split, 0)
        places = sum(location[split] > 0 for location in census.locations.values())
        what = "without an animal" if split == "empty" else "with an animal"
        return (
            number,
            f"{arm}, {split}: {plural(number, 'photograph')} {what}, {plural(places, 'location')} · digest {digest}",
        )
    if arm == ADAPT:
        number, places = census.unlabelled.total(), sum(bool(location) for location in census.unlabelled)
        what = f"{plural(number, 'photograph')} without labels, {plural(places, 'location')}"
        return number, f"{arm}: {what} · digest {digest}"
    number = census.training[arm].samples
    parts = ", ".join(f"{split} {count:,}" for split, count in counts.items())
    return number, f"{arm}: {number:,} samples ({parts}) · digest {digest}"


def _tiles(arm: str, drawn: Sequence[SelectedSample], findings: Findings, told: Collection[str] = ()) -> Iterator[Tile]:
    """Decoded one at a time: two dozen photographs of a camera would take as many times ten megabytes.

    Args:
        told: keys whose findings are there already.
    """
    for each in drawn:
        image_hw3, mask_hw = _image(each), _mask(each)
        if each.sample.key not in told:
            _check(arm, each, image_hw3, mask_hw, findings)
        size = f"{image_hw3.shape[1]}x{image_hw3.shape[0]}" if image_hw3 is not None else "no size"
        group = f"location {each.group or 'not told'}" if arm in NOT_TRAINING_ARMS else each.group
        yield Tile(image_hw3, mask_hw, each.boxes, (each.sample.key, f"{group} · {size} · {each.note}"))


def _check(arm: str, drawn: SelectedSample, image_hw3: Pixels | None, mask_hw: Mask | None, findings: Findings) -> None:
    if image_hw3 is None:
        findings.add(arm, "the picture cannot be decoded", drawn.sample.key)
    if drawn.sample.mask_png is not None and mask_hw is None:
        findings.add(arm, "the mask cannot be decoded", drawn.sample.key)
    if mask_hw is not None and not mask_hw.any():
        findings.add(arm, "the mask holds no animal", drawn.sample.key)


def _image(drawn: SelectedSample) -> Pixels | None:
    try:
        return decode(drawn.sample.jpg).image_hw3
    except BrokenPictureError:
        return None


def _mask(drawn: SelectedSample) -> Mask | None:
    try:
        return None if drawn.sample.mask_png is None else masks.decode(drawn.sample.mask_png)
    except BrokenPictureError:
        return None
