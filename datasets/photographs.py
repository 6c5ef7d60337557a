"""The real photographs: which the clock's rules left over, which their pixels let pass, and where their animals are."""

from __future__ import annotations

import errno
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ablate import boxes
from ablate.boxes import Boxes
from ablate.errors import UsageError
from ablate.storage import local
from datasets import cct, folders, mask_values, masks, pictures
from datasets.cct import Listing, Record, Rule
from datasets.config import PrepareConfig
from datasets.keys import sample_key, share
from datasets.ledger import BOX, PHOTOGRAPH, SELECTED, Considered, Ledger, Skipped
from datasets.lists import names_in
from datasets.pictures import BrokenPictureError, Mask, Picture

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


@dataclass(frozen=True)
class Candidates:
    """What is left when all rules but those about pixels have spoken.

    Attributes:
        test: photographs of an asked-for animal, sorted by key.
        empty: photographs without an animal, by location, each location's in an order of chance.
    """

    test: tuple[Record, ...]
    empty: tuple[tuple[Record, ...], ...]
    listing: Listing
    rule: Rule


def candidates(config: PrepareConfig, ledger: Ledger) -> Candidates:
    """Reads the annotations and applies the rules that need no pixels; tells the ledger about all that they take out.

    Raises:
        UsageError: an input is missing, a category or location is unknown, or no photograph is left.
    """
    for key, place in (("photos", config.photos), ("photo_masks", config.photo_masks)):
        if place is not None and not local(place, key).is_dir():
            raise UsageError(f"{key}={local(place, key)}: there is no such folder")
    listing = cct.read([local(path, "annotations") for path in config.annotations])
    excluded = names_in(config.exclude, "exclude", (cct.names(record) for record in listing.records), ledger)
    rule = Rule(config.category, config.hour_range, excluded, frozenset(config.locations))
    listing.require(rule)
    ledger.skipped += listing.skipped
    left: dict[str, list[Record]] = {"test": [], "empty": []}
    for record in listing.records:
        split, refusal = rule.split(record), rule.refusal(record)
        if split is None or refusal is not None:
            ledger.considered.append(_considered(record, split, refusal or "other category"))
        else:
            left[split].append(record)
    if not left["test"]:
        raise _nothing_left(listing, rule, ledger)
    boxes_xywh = [box for record in left["test"] for box, _ in record.boxes(rule.categories)]
    if all(max(x + w, y + h) <= 1 for x, y, w, h in boxes_xywh):
        raise UsageError(f"annotations={','.join(config.annotations)}: boxes are fractions of the frame, not pixels")
    if not left["empty"]:
        ledger.remarks.append("no photograph is labelled empty, so that false alarms cannot be measured")
    test = tuple(sorted(left["test"], key=lambda record: sample_key(record.id)))
    return Candidates(test, _by_location(left["empty"], config.seed), listing, rule)


def require_files(found: Candidates, config: PrepareConfig) -> None:
    """Raises a `UsageError` where not one of the candidates' files is in the folder."""
    if not any(is_file(files(record, config)[0]) for record in found.test):
        raise UsageError(
            f"photos={config.photos}: none of the {len(found.test)} photographs that the rules leave is there, such as "
            f"{found.test[0].file_name}; is it the right folder?"
        )


def _nothing_left(listing: Listing, rule: Rule, ledger: Ledger) -> UsageError:
    """The error that tells what the rules took out, and which animals there would be."""
    rules = Counter(row.reason for row in ledger.considered if row.kind == PHOTOGRAPH and row.split == "test")
    taken = ", ".join(f"{count} {reason}" for reason, count in rules.most_common()) or "none shows it"
    boxed = Counter(
        animal
        for record in listing.records
        for animal in {one.category for one in record.annotations if one.box_xywh and one.category != cct.EMPTY}
    )
    there = ", ".join(f"{animal} {count}" for animal, count in boxed.most_common()) or "none"
    bad = Counter(entry.reason for entry in listing.skipped)
    also = f"; bad entries: {', '.join(f'{count} {reason}' for reason, count in bad.most_common(3))}" if bad else ""
    return UsageError(
        f"category={','.join(rule.categories)}: no photograph is left ({taken}); photographs with a box: {there}{also}"
    )


def _by_location(records: Sequence[Record], seed: int) -> tuple[tuple[Record, ...], ...]:
    by_location: dict[str, list[Record]] = {}
    for record in sorted(records, key=lambda record: share(seed, record.id)):
        by_location.setdefault(record.location, []).append(record)
    return tuple(tuple(by_location[location]) for location in sorted(by_location))


def first_empty(records: Sequence[Record], config: PrepareConfig) -> Iterator[Examined]:
    """Looks at a location's empty photographs in turn until enough have passed."""
    passed = 0
    for record in records:
        if passed == config.empty_per_location:
            yield Examined(_considered(record, "empty", "enough of this location"))
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
        return Examined(_considered(record, split, "no file")) if split == "empty" else _bad(record, split, "no file")
    try:
        picture = pictures.decode(path.read_bytes())
        mask_hw = _mask(record, picture, config) if split == "test" else None
    except (BrokenPictureError, FileNotFoundError) as error:  # other errors are the disk's, and pass
        return _bad(record, split, f"broken: {error}")
    levels = pictures.chroma(picture.image_hw3), pictures.luma(picture.image_hw3)
    reason = _night(*levels, config)
    if reason is None and not (_same_shape(record, picture) or _lies_sideways(record, picture)):
        size = "x".join(map(str, picture.wh))
        return _bad(record, split, f"another shape than the JSON tells: {size} px")
    found, bad = _boxes(record, picture, config.category) if split == "test" else ((), ())
    if reason is None and split == "test" and not found:
        reason = "no box in the frame"
    considered = _considered(record, split, reason or SELECTED, *levels, _note(record, picture))
    if reason:
        return Examined(considered, None, bad)
    return Examined(considered, Photo(record, split, picture.wh, found, picture.encoded, mask_hw), bad)


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
    return record.wh is None or pictures.same_shape(picture.wh, record.wh)


def _lies_sideways(record: Record, picture: Picture) -> bool:
    """Whether the JSON tells the size, and so the boxes, of the file before EXIF turns it."""
    return (
        picture.orientation >= _SIDEWAYS and record.wh is not None and pictures.same_shape(picture.wh[::-1], record.wh)
    )


def _boxes(
    record: Record, picture: Picture, categories: Sequence[str]
) -> tuple[tuple[LabelledBox, ...], tuple[Skipped, ...]]:
    """The boxes of the asked-for animals in stored pixels, and the ones that lie outside the frame."""
    found: list[LabelledBox] = []
    outside = []
    sideways = not _same_shape(record, picture) and _lies_sideways(record, picture)
    file_wh = picture.wh[::-1] if sideways else picture.wh
    for box_xywh, category in record.boxes(categories):
        box_14 = boxes.scale(boxes.from_coco(box_xywh)[None], record.wh or file_wh, file_wh)
        if sideways:
            box_14 = turned(box_14, file_wh, picture.orientation)
        box_14 = boxes.clip(box_14, picture.wh).round(3)
        if boxes.area(box_14)[0] > 0:
            x0, y0, x1, y1 = box_14[0].tolist()
            found.append(((x0, y0, x1, y1), category))
        else:
            outside.append(Skipped(BOX, record.id, "box outside the frame"))
    return tuple(found), tuple(outside)


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
        raise BrokenPictureError(f"its mask holds no animal, but {mask_values.told(marked.shares)}")
    return mask_hw


def is_file(path: Path) -> bool:
    """Whether a file is there; a name that is too long has none."""
    try:
        return path.is_file()
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:  # the system could never have stored it
            return False
        raise


def mask_path(record: Record, config: PrepareConfig) -> Path:
    """Where a photograph's mask lies below `photo_masks`, of the names and formats that it may have; PNG if nowhere."""
    folder = local(config.photo_masks or "", "photo_masks")
    named = folder / record.file_name
    others = folder.resolve() != local(config.photos, "photos").resolve()  # else they are the photographs
    formats = [".png", *sorted(folders.SUFFIXES - {".png"})] if others else [".png"]
    for stem in dict.fromkeys((named.stem, f"{config.mask_prefix}{named.stem}{config.mask_suffix}")):
        for suffix in formats:
            if is_file(path := named.with_name(stem + suffix)):
                return path
    return named.with_suffix(".png")


def _considered(
    record: Record,
    split: str | None,
    reason: str,
    chroma: float | None = None,
    luma: float | None = None,
    note: str | None = None,
) -> Considered:
    return Considered(
        PHOTOGRAPH, record.id, record.file_name, split, reason, record.location, record.captured_at, chroma, luma, note
    )


def _bad(record: Record, split: str, reason: str) -> Examined:
    considered = _considered(record, split, reason.partition(":")[0])
    return Examined(considered, None, (Skipped(PHOTOGRAPH, record.file_name, reason),))
