"""One pass over the shards: counts, possible problems, and the samples to draw.

Of a sample that is not drawn, its key, its source's name and a digest of its mask are kept, never a picture.
"""

from __future__ import annotations

import hashlib
import io
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from PIL import Image

from ablate.data import shards
from ablate.data.manifest import ADAPT, PHOTOGRAPHS, REAL, Manifest
from ablate.data.sample_json import Box, Photograph, Training
from ablate.data.shards import Sample
from ablate.errors import UsageError, plain
from datasets.checks.inspection.findings import Findings
from datasets.checks.inspection.misread import Signs, smallest
from datasets.checks.inspection.sampling import SampleSelection, SelectedSample
from datasets.checks.inspection.sheet_groups import SheetGroups

FULL, _CROP, _I2I = "full", "crop", "i2i"
_UNLABELLED = ("image_id", "location", "width", "height")
_NEEDED = {
    Training: ("source", "window", "boxes", "translator"),
    Photograph: ("location", "captured_at", "width", "height", "boxes"),
}
Wh = tuple[int, int]
Meta = TypeVar("Meta", Training, Photograph)


@dataclass
class TrainingArm:
    """What a training arm holds.

    Attributes:
        sources: the names of the source images, by split.
        padded: windows that reach beyond their source image, of the `measured` ones, whose source's size is known.
        measured_in: how many of these, by the source's size; `window_side` is theirs.
        translators: samples by translator.
    """

    sources: dict[str, set[str]] = field(default_factory=dict)
    samples: int = 0
    boxes: int = 0
    windows: int = 0
    measured: int = 0
    padded: int = 0
    measured_in: Counter[Wh] = field(default_factory=Counter)
    window_side: int = 0
    translators: Counter[str | None] = field(default_factory=Counter)


@dataclass
class Census:
    """What one pass over the shards found.

    Attributes:
        training: by arm.
        locations: by camera, its photographs: with an animal (`test`), their `boxes`, how many of them have a mask
            (`masks`), without an animal (`empty`).
        unlabelled: the photographs without labels, by location.
        selections: the samples to draw, by arm and split; of an arm that is no test set all splits together, as "".
        signs: what the photographs of the test set have in common.
    """

    training: dict[str, TrainingArm] = field(default_factory=dict)
    locations: dict[str, Counter[str]] = field(default_factory=dict)
    unlabelled: Counter[str] = field(default_factory=Counter)
    selections: dict[tuple[str, str], SampleSelection] = field(default_factory=dict)
    signs: Signs = field(default_factory=Signs)


def count(
    root: Path, manifest: Manifest, samples: int, seed: int, findings: Findings, groups: SheetGroups | None = None
) -> Census:
    """Reads every shard once; decodes no picture.

    Args:
        samples: how many to draw from each arm, and from each split of the photographs.
        groups: are offered the samples of the arm `full`.

    Raises:
        UsageError: a sample is not what the manifest or the schema says, or is of no group.
    """
    census = Census()
    training, photographs = _Training(census, findings), _Photographs(census, findings)
    # The others are compared with these two.
    for arm in sorted(manifest.training_arms(), key=lambda name: (name != FULL, name != _CROP, name)):
        selection = census.selections[arm, ""] = SampleSelection(samples, seed)
        for split in shards.splits(arm):
            training.read(arm, split, _samples(root, manifest, arm, split), selection, groups if arm == FULL else None)
    training.close()
    if ADAPT in manifest.arms:
        selection = census.selections[ADAPT, ""] = SampleSelection(samples, seed)
        for split in shards.splits(ADAPT):
            photographs.read_unlabelled(_samples(root, manifest, ADAPT, split), selection)
    for arm in (name for name in PHOTOGRAPHS if name in manifest.arms):
        for split in shards.splits(arm):
            selection = census.selections[arm, split] = SampleSelection(samples, seed)
            photographs.read(arm, split, _samples(root, manifest, arm, split), selection)
    return census


def _samples(root: Path, manifest: Manifest, arm: str, split: str) -> Iterable[Sample]:
    try:
        yield from shards.read(root, manifest, arm, split)
    except ValueError as error:
        raise UsageError(f"{error}; prepare the data again") from error


def _parsed(schema: type[Meta], sample: Sample, where: str, needed: Sequence[str] = ()) -> Meta:
    """A sample's JSON, whose fields were checked when it was read, as far as they are there."""
    for name in needed or _NEEDED[schema]:
        if name not in sample.meta:
            raise UsageError(f"{where}, sample {sample.key}: {name} in its JSON: missing; prepare the data again")
    return schema.model_validate(sample.meta)


class _Training:
    """Takes in the training arms, and compares translated ones with `crop`."""

    def __init__(self, census: Census, findings: Findings) -> None:
        self._census, self._findings = census, findings
        self._source_wh: dict[str, Wh] = {}  # of the sources that an arm holds whole
        self._crop_masks: dict[str, bytes] = {}  # digests
        self._not_seen: dict[str, set[str]] = {}  # keys of crop that a translated arm has not shown yet

    def read(
        self,
        arm: str,
        split: str,
        samples: Iterable[Sample],
        selection: SampleSelection,
        groups: SheetGroups | None,
    ) -> None:
        counts = self._census.training.setdefault(arm, TrainingArm())
        sources = counts.sources.setdefault(split, set())
        for sample in samples:
            meta = _parsed(Training, sample, f"{arm}/{split}")
            sources.add(sys.intern(meta.source))
            counts.samples += 1
            counts.boxes += len(meta.boxes)
            counts.translators[meta.translator] += 1
            self._measure(counts, meta, _check_picture(self._findings, arm, sample, meta.boxes))
            self._check(arm, sample, meta)
            boxes = tuple((box, "") for box in meta.boxes)
            selected = SelectedSample(split, sample, boxes, f"{len(boxes)} box{'es' * (len(boxes) != 1)}")
            selection.offer(selected)
            if groups is not None:
                groups.offer(selected)

    def close(self) -> None:
        """Tells what `crop` has and the translated arms have not."""
        for arm, keys in self._not_seen.items():
            for key in sorted(keys):
                self._findings.add(arm, f"a sample of {_CROP} is missing", key)

    def _measure(self, counts: TrainingArm, meta: Training, wh: Wh | None) -> None:
        if meta.window is None:
            if wh is not None:
                self._source_wh[sys.intern(meta.source)] = wh
            return
        counts.windows += 1
        source_wh = self._source_wh.get(meta.source)
        if source_wh is not None:
            counts.measured += 1
            counts.measured_in[source_wh] += 1
            counts.window_side = meta.window[2] - meta.window[0]
            counts.padded += not _inside(meta.window, source_wh)

    def _check(self, arm: str, sample: Sample, meta: Training) -> None:
        if not meta.boxes:
            self._findings.add(arm, "no animal's box", sample.key)
        if sample.mask_png is None:
            self._findings.add(arm, "no mask", sample.key)
        mask = hashlib.sha256(sample.mask_png or b"").digest()[:8]
        if arm == _CROP:
            self._crop_masks[sys.intern(sample.key)] = mask
        elif self._crop_masks and (arm == _I2I or meta.translator is not None):
            if arm not in self._not_seen:
                self._not_seen[arm] = set(self._crop_masks)
            self._not_seen[arm].discard(sample.key)
            if sample.key not in self._crop_masks:
                self._findings.add(arm, f"not a sample of {_CROP}", sample.key)
            elif mask != self._crop_masks[sample.key]:
                self._findings.add(arm, f"its mask is not the one in {_CROP}", sample.key)


class _Photographs:
    """Takes in the test set, and the same photographs in another look, which count once."""

    def __init__(self, census: Census, findings: Findings) -> None:
        self._census, self._findings = census, findings

    def read(self, arm: str, split: str, samples: Iterable[Sample], selection: SampleSelection) -> None:
        for sample in samples:
            meta = _parsed(Photograph, sample, f"{arm}/{split}")
            location = plain(meta.location)
            counts = self._census.locations.setdefault(location, Counter()) if arm == REAL else Counter[str]()
            if split == "empty":
                counts["empty"] += 1
            else:
                counts.update(test=1, boxes=len(meta.boxes), masks=sample.mask_png is not None)
                if arm == REAL:
                    self._census.signs.add(meta)
            self._check(f"{arm}/{split}", sample, meta)
            boxes = tuple((labelled.box, labelled.category) for labelled in meta.boxes)
            time = f"{meta.captured_at:%Y-%m-%d %H:%M}" if meta.captured_at else "no time"
            selection.offer(SelectedSample(location, sample, boxes, time))

    def read_unlabelled(self, samples: Iterable[Sample], selection: SampleSelection) -> None:
        """Takes in the photographs without labels."""
        for sample in samples:
            meta = _parsed(Photograph, sample, ADAPT, _UNLABELLED)
            location = plain(meta.location)
            self._census.unlabelled[location] += 1
            self._check_size(ADAPT, sample, meta)
            selection.offer(SelectedSample(location, sample, (), plain(meta.image_id)))

    def _check_size(self, where: str, sample: Sample, meta: Photograph) -> None:
        wh = _check_picture(self._findings, where, sample, [labelled.box for labelled in meta.boxes])
        if wh not in {None, (meta.width, meta.height)}:
            self._findings.add(where, "the picture is not of the size in its JSON", sample.key)

    def _check(self, where: str, sample: Sample, meta: Photograph) -> None:
        self._check_size(where, sample, meta)
        if where.endswith("empty") and meta.boxes:
            self._findings.add(where, "a box on a photograph without an animal", sample.key)
        if where.endswith("test") and not meta.boxes:
            self._findings.add(where, "no true box", sample.key)
        if fault := smallest(meta):
            self._findings.add(where, fault, sample.key)


def _check_picture(findings: Findings, where: str, sample: Sample, boxes: Sequence[Box]) -> Wh | None:
    """The picture's width and height by its header; None where that cannot be read."""
    wh = header_wh(sample.jpg)
    if wh is None:
        findings.add(where, "the picture cannot be read", sample.key)
        return None
    if sample.mask_png is not None and header_wh(sample.mask_png) != wh:
        findings.add(where, "the mask is not of the picture's size", sample.key)
    if not all(_inside(box, wh) for box in boxes):
        findings.add(where, "a box reaches outside the frame, or is empty", sample.key)
    return wh


def _inside(box: Box, wh: Wh) -> bool:
    x0, y0, x1, y1 = box
    return 0 <= x0 < x1 <= wh[0] and 0 <= y0 < y1 <= wh[1]


def header_wh(data: bytes) -> Wh | None:
    """Width and height that an encoded picture tells; None where it is none."""
    try:
        with Image.open(io.BytesIO(data)) as opened:
            return opened.size
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return None
