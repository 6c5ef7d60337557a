"""The real photographs: which their pixels let pass, and where their animals are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ablate.metrics.geometry import boxes
from ablate.metrics.geometry.boxes import Boxes
from ablate.storage import local
from datasets.options import PrepareConfig
from datasets.raw import box_units, folders, images, mask_values, masks
from datasets.raw.camera_traps import Record, values
from datasets.raw.folders import is_file
from datasets.raw.images import BrokenPictureError, Mask, Picture
from datasets.raw.keys import sample_key
from datasets.raw.skipped import BOX, PHOTOGRAPH, SELECTED, Considered, Skipped

LabelledBox = tuple[tuple[float, float, float, float], str]

_SIDEWAYS = 5  # from this EXIF orientation on, the picture lies on its side in the file


@dataclass(frozen=True)
class Photo:
    """A selected photograph.

    Attributes:
        split: test or empty.
        wh: size of the stored photograph in pixels, as shown.
        boxes: xyxy in its pixels, half-open, clipped at the frame, each with its category; none on an empty one.
        jpg: the stored photograph: its own bytes where they can be kept, else encoded anew, turned as shown.
        mask_hw: its mask, if it has one, of the same size.
    """

    record: Record
    split: str
    wh: tuple[int, int]
    boxes: tuple[LabelledBox, ...]
    jpg: bytes
    mask_hw: Mask | None

    @property
    def key(self) -> str:
        return sample_key(self.record.id)


@dataclass(frozen=True)
class Examined:
    """What the pixels said: a photograph, or why not; `bad` are the inputs that should not have been there."""

    considered: Considered
    photo: Photo | None = None
    bad: tuple[Skipped, ...] = ()


def first_empty(records: Sequence[Record], config: PrepareConfig) -> Iterator[Examined]:
    """Looks at a location's empty photographs in turn until enough have passed."""
    passed = 0
    for record in records:
        if passed == config.empty_per_location:
            yield Examined(considered(record, "empty", "enough of this location"))
        else:
            examined = examine(record, "empty", config)
            passed += examined.photo is not None
            yield examined


def files(record: Record, config: PrepareConfig) -> tuple[Path, ...]:
    """The photograph, and where its mask would be."""
    path = local(config.photos, "photos") / record.file_name
    return (path,) if config.photo_masks is None else (path, mask_path(record, config))


def examine(record: Record, split: str, config: PrepareConfig) -> Examined:
    """Decodes one photograph and applies the rules about its pixels and boxes."""
    path = local(config.photos, "photos") / record.file_name
    if not is_file(path):
        # Nobody downloads all empty photographs of a survey; an asked-for animal must be there.
        return Examined(considered(record, split, "no file")) if split == "empty" else _bad(record, split, "no file")
    try:
        picture = images.decode(path.read_bytes())
        mask_hw = _mask(record, picture, config) if split == "test" else None
    except (BrokenPictureError, FileNotFoundError) as error:  # other errors are the disk's, and pass
        return _bad(record, split, f"broken: {error}")
    levels = images.chroma(picture.image_hw3), images.luma(picture.image_hw3)
    reason = _night(*levels, config)
    if reason is None and not (_same_shape(record, picture) or _lies_sideways(record, picture)):
        size = "x".join(map(str, picture.wh))
        return _bad(record, split, f"another shape than the JSON tells: {size} px")
    found, bad = _boxes(record, picture, config.category) if split == "test" else ((), ())
    if reason is None and split == "test" and not found:
        reason = "no box in the frame"
    said = considered(record, split, reason or SELECTED, *levels, _note(record, picture))
    if reason:
        return Examined(said, None, bad)
    return Examined(said, Photo(record, split, picture.wh, found, picture.encoded, mask_hw), bad)


def _note(record: Record, picture: Picture) -> str | None:
    suffix = Path(record.file_name).suffix.lower()
    if picture.form != "JPEG" and suffix in {".jpg", ".jpeg"}:
        return f"suffix tells another format: {suffix} is {picture.form}"
    if picture.orientation > 1:
        return f"turned by its EXIF orientation: {picture.orientation}"
    return "the JSON tells no size: boxes taken as pixels of the file" if record.wh is None else None


def _night(chroma: float, luma: float, config: PrepareConfig) -> str | None:
    if chroma < config.night.photo_chroma:
        return "infrared"
    return "dark" if luma < config.night.photo_luma else None


def _same_shape(record: Record, picture: Picture) -> bool:
    return record.wh is None or images.same_shape(picture.wh, record.wh)


def _lies_sideways(record: Record, picture: Picture) -> bool:
    """Whether the JSON tells the size, and so the boxes, of the file before EXIF turns it."""
    return picture.orientation >= _SIDEWAYS and record.wh is not None and images.same_shape(picture.wh[::-1], record.wh)


def _boxes(
    record: Record, picture: Picture, categories: Sequence[str]
) -> tuple[tuple[LabelledBox, ...], tuple[Skipped, ...]]:
    """The boxes of the asked-for animals in stored pixels, and the ones that cannot be in the frame."""
    found: list[LabelledBox] = []
    bad = []
    sideways = not _same_shape(record, picture) and _lies_sideways(record, picture)
    file_wh = picture.wh[::-1] if sideways else picture.wh
    for box_xywh, category in record.boxes(categories):
        frame_wh = record.wh or file_wh
        problem = box_units.implausible(box_xywh, frame_wh)
        box_14 = boxes.scale(boxes.from_coco(box_xywh)[None], frame_wh, file_wh)
        if sideways:
            box_14 = turned(box_14, file_wh, picture.orientation)
        box_14 = boxes.clip(box_14, picture.wh).round(3)
        x0, y0, x1, y1 = box_14[0].tolist()
        if problem is None and min(x1 - x0, y1 - y0) < 1:
            stored = f"{x1 - x0:g}x{y1 - y0:g} px of the stored {picture.wh[0]}x{picture.wh[1]}"
            problem = f"box below one pixel: {box_units.shown(box_xywh)} is {stored}"
        if problem is None:
            found.append(((x0, y0, x1, y1), category))
        else:
            bad.append(Skipped(BOX, record.id, problem))
    return tuple(found), tuple(bad)


def turned(box_n4: Boxes, file_wh: tuple[int, int], orientation: int) -> Boxes:
    """Boxes of a file of size `file_wh` in the picture that EXIF orientations 5 to 8 make of it; xyxy, pixels."""
    width, height = file_wh
    x0, y0, x1, y1 = box_n4.T
    return np.stack(
        {
            5: (y0, x0, y1, x1),
            6: (height - y1, x0, height - y0, x1),
            7: (height - y1, width - x1, height - y0, width - x0),
            8: (y0, width - x1, y1, width - x0),
        }[orientation],
        axis=1,
    )


def _mask(record: Record, picture: Picture, config: PrepareConfig) -> Mask | None:
    """The photograph's mask, if it has one; a broken one makes the photograph a bad input."""
    if config.photo_masks is None or not is_file(path := mask_path(record, config)):
        return None
    marked = masks.read(path.read_bytes(), config.marks)
    mask_hw = marked.mask_hw
    height, width = mask_hw.shape
    if picture.orientation > 1:
        raise BrokenPictureError("its EXIF orientation turns it, but not its mask")
    if (width, height) != picture.wh:
        raise BrokenPictureError(f"its mask is {width}x{height} px")
    if not mask_hw.any():
        raise BrokenPictureError(f"its mask holds no animal, but {mask_values.described(marked.shares)}")
    return mask_hw


def mask_path(record: Record, config: PrepareConfig) -> Path:
    """Where a photograph's mask lies, of the spelling, the names and the formats that it may have; PNG if nowhere.

    Without a threshold a JPEG is none: it would be refused, and is rather a preview.
    """
    folder = local(config.photo_masks or "", "photo_masks")
    if record.mask is not None:
        return folder / record.mask
    named = folder / record.file_name
    others = folder.resolve() != local(config.photos, "photos").resolve()  # else they are the photographs
    passed_over = {".png"} if config.mask_threshold is not None else {".png", ".jpg", ".jpeg"}
    formats = [".png", *sorted(folders.SUFFIXES - passed_over)] if others else [".png"]
    for stem in dict.fromkeys((named.stem, f"{config.mask_prefix}{named.stem}{config.mask_suffix}")):
        for suffix in formats:
            if is_file(path := named.with_name(stem + suffix)):
                return path
    return named.with_suffix(".png")


def considered(
    record: Record,
    split: str | None,
    reason: str,
    chroma: float | None = None,
    luma: float | None = None,
    note: str | None = None,
) -> Considered:
    """What selection says of a photograph; where its time is not read, that is noted, whatever the reason."""
    if record.captured_at is None and record.time:
        unread = f"time is not read: {values.shown(record.time)!r}"
        note = unread if note is None else f"{note}; {unread}"
    return Considered(
        PHOTOGRAPH, record.id, record.file_name, split, reason, record.location, record.captured_at, chroma, luma, note
    )


def _bad(record: Record, split: str, reason: str) -> Examined:
    said = considered(record, split, reason.partition(":")[0])
    return Examined(said, None, (Skipped(PHOTOGRAPH, record.file_name, reason),))
