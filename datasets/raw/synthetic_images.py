"""The synthetic images and their masks: paired by name, divided into train and val, and judged one by one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path

from ablate.errors import UsageError
from ablate.metrics.geometry.boxes import Boxes
from ablate.metrics.geometry.components import components
from ablate.storage import local
from datasets.options import PrepareConfig
from datasets.raw import images, mask_values, masks, pairing, places
from datasets.raw.folders import nfc
from datasets.raw.images import BrokenPictureError, Mask, Picture
from datasets.raw.keys import sample_key, share
from datasets.raw.masks import DecodedMask
from datasets.raw.name_lists import names_in
from datasets.raw.skipped import NO_ANIMAL, SELECTED, SELECTION, SYNTHETIC, Considered, SelectionLog, Skipped

MOSTLY_ANIMAL = "mask covers most of the image"
_MANY_VALUES = "many values in the mask"
CROWDED = "many animals in the mask"
_ANIMALS = 5  # in one picture; more are mostly specks of noise
MOST = 0.75  # of the pixels; few animals come so close, but every mask does whose ground is not 0
_FORM_OF = {".jpg": "JPEG", ".jpeg": "JPEG", ".tif": "TIFF", ".tiff": "TIFF"}


@dataclass(frozen=True)
class Pair:
    """An image and its mask on the disk.

    Attributes:
        name: their path below their folders, without the suffix.
        split: train or val, the same in every arm.
        place: that it shows, by `place=`; None: nobody asked.
    """

    name: str
    image: Path
    mask: Path
    split: str = "train"
    place: str | None = None

    @property
    def key(self) -> str:
        return sample_key(self.name)

    @property
    def file_name(self) -> str:
        """The image's path below its folder."""
        return f"{self.name}{self.image.suffix}"

    @property
    def files(self) -> tuple[Path, ...]:
        return self.image, self.mask


@dataclass(frozen=True, eq=False)
class Source:
    """A decoded synthetic day image with an animal: what arms make samples of.

    Attributes:
        name: as of its `Pair`; samples tell it as their source.
        mask_hw: True where the animal is, of the picture's size.
        boxes_n4: of the animals, the largest first: xyxy of the mask's components, pixels, half-open.
    """

    name: str
    picture: Picture
    mask_hw: Mask

    @property
    def key(self) -> str:
        return sample_key(self.name)

    @cached_property
    def boxes_n4(self) -> Boxes:
        return components(self.mask_hw).boxes_n4


def pairs(config: PrepareConfig, log: SelectionLog) -> tuple[tuple[Pair, ...], int]:
    """The images that have a mask and are not night by their name, sorted by key; and how many names there are at all.

    Raises:
        UsageError: a folder or the night list is missing, names do not make pairs, or fewer than two images are left.
    """
    folder = local(config.synthetic, "synthetic")
    if not folder.is_dir():
        raise UsageError(f"synthetic={folder}: there is no such folder")
    image_folder, mask_folder = folder / config.synthetic_images, folder / config.synthetic_masks
    matched, total = pairing.pairs(config, image_folder, mask_folder, log)
    both = [Pair(image.name, image.path, mask.path) for image, mask in matched]
    by_day = _by_day(both, config, log)
    if both and len(by_day) < 2:
        raise UsageError(
            f"synthetic={folder}: {len(by_day)} usable image(s) cannot be divided into train and val; add more"
        )
    return _divided(by_day, config), total


def judge(pair: Pair, config: PrepareConfig) -> tuple[Source | None, Considered | Skipped]:
    """Decodes a pair: the source, if it is sound and a day image with an animal, and what is said of it."""
    try:
        picture = images.decode(pair.image.read_bytes())
        marked = masks.read(pair.mask.read_bytes(), config.marks)
    except (BrokenPictureError, FileNotFoundError) as error:  # other errors are the disk's, and pass
        return None, Skipped(SYNTHETIC, pair.file_name, f"broken: {error}")
    if picture.orientation > 1:
        return None, Skipped(
            SYNTHETIC, pair.file_name, "its EXIF orientation turns it, but not its mask; save it turned"
        )
    mask_hw = marked.mask_hw
    (width, height), mask_wh = picture.wh, (mask_hw.shape[1], mask_hw.shape[0])
    if not images.same_shape(picture.wh, mask_wh):
        sizes = f"{width}x{height} px, its mask {mask_wh[0]}x{mask_wh[1]}"
        return None, Skipped(SYNTHETIC, pair.file_name, f"mask of another shape: {sizes}")
    notes = _suffix_notes(pair, picture)
    if mask_wh != picture.wh:
        notes.append(f"mask scaled (nearest): from {mask_wh[0]}x{mask_wh[1]} to {width}x{height}")
        mask_hw = images.resize_mask(mask_hw, picture.wh)
    source = Source(pair.name, picture, mask_hw)
    notes += _mask_notes(source, marked, config)
    luma = images.luma(picture.image_hw3)
    reason = SELECTED if mask_hw.any() else NO_ANIMAL
    if reason == SELECTED and luma < config.night.synthetic_luma:
        reason = "dark"
    considered = _considered(pair, reason, luma=luma, note="; ".join(notes) or None)
    return (source if reason == SELECTED else None), considered


def _mask_notes(source: Source, marked: DecodedMask, config: PrepareConfig) -> list[str]:
    """What is peculiar about a mask: what it holds where that is no animal, and what looks misread."""
    if not source.mask_hw.any():
        return [f"its mask holds: {mask_values.described(marked.shares)}"]
    notes = [MOSTLY_ANIMAL] if source.mask_hw.mean() > MOST else []
    if config.marks.threshold is None and (
        marked.variety.doubtful or (marked.variety.many and not config.marks.values)
    ):
        notes.append(f"{_MANY_VALUES}: {marked.variety.values}, of which {marked.variety.on_edges} on edges alone")
    if len(source.boxes_n4) > _ANIMALS:
        notes.append(f"{CROWDED}: {len(source.boxes_n4)}")
    return notes


def crowded_message(crowded: int, count: int) -> str:
    """What is said where most masks have more animals than a picture usually shows."""
    return (
        f"{crowded} of {count} masks have more than {_ANIMALS} animals, each a part of its own (see {SELECTION}); "
        "where they are specks of a mask that was compressed or smoothed, type mask_threshold=128"
    )


def _suffix_notes(pair: Pair, picture: Picture) -> list[str]:
    suffix = pair.image.suffix.lower()
    expected = _FORM_OF.get(suffix, suffix[1:].upper())
    return [] if picture.form == expected else [f"suffix tells another format: {suffix} is {picture.form}"]


def _considered(pair: Pair, reason: str, luma: float | None = None, note: str | None = None) -> Considered:
    return Considered(SYNTHETIC, pair.name, pair.file_name, pair.split, reason, pair.place, luma=luma, note=note)


def _by_day(both: Sequence[Pair], config: PrepareConfig, log: SelectionLog) -> list[Pair]:
    """The pairs that neither the name pattern nor the list calls night."""
    called = (_called(pair) for pair in both)
    listed = names_in(config.night.synthetic_list, "night.synthetic_list", called, log)
    pattern = config.night.synthetic_pattern
    if pattern and not any(_matches(pair, pattern) for pair in both):
        raise UsageError(
            f"night.synthetic_pattern={pattern}: no name matches; names are paths below the folder without the suffix"
        )
    kept = []
    for pair in both:
        reason = None
        if pattern and _matches(pair, pattern):
            reason = "night by its name"
        elif listed & _called(pair):
            reason = "night by the list"
        if reason:
            log.considered.append(_considered(pair, reason))
        else:
            kept.append(pair)
    return kept


def _matches(pair: Pair, pattern: str) -> bool:
    return fnmatchcase(nfc(pair.name), nfc(pattern))


def _called(pair: Pair) -> set[str]:
    return {pair.name, pair.image.name, pair.image.stem}


def _divided(found: Iterable[Pair], config: PrepareConfig) -> tuple[Pair, ...]:
    """Each image's side of the split follows from its place's name, unless all would be on one side."""
    by_name = {pair.name: pair for pair in found}
    if not by_name:
        return ()
    place_of = places.of(by_name, config)
    shares = {place: share(config.seed, place) for place in place_of.values()}
    others = sorted(shares, key=shares.__getitem__)[:-1]  # the last one stays for training, whatever its share
    val = {place for place in others if shares[place] < config.val_fraction} or {others[0]}
    divided = []
    for name, place in place_of.items():
        told = None if config.place is None else place
        divided.append(replace(by_name[name], split="val" if place in val else "train", place=told))
    return tuple(sorted(divided, key=lambda pair: pair.key))
