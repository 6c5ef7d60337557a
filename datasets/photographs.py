"""The real photographs: which the clock's rules left over, which their pixels let pass, and where their animals are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ablate import boxes
from ablate.errors import UsageError
from ablate.storage import local
from datasets import cct, pictures
from datasets.cct import Record
from datasets.config import PrepareConfig
from datasets.keys import sample_key, share
from datasets.ledger import SELECTED, Considered, Ledger, Skipped
from datasets.ordered import ordered
from datasets.pictures import BrokenPictureError, Picture, Pixels

LabelledBox = tuple[tuple[float, float, float, float], str]

_KIND = "photograph"
_SHAPE_TOLERANCE = 0.02  # how far the stored and the original aspect ratio may differ


@dataclass(frozen=True)
class Photo:
    """A selected photograph.

    Attributes:
        split: test or empty.
        wh: size of the stored photograph in pixels, as shown.
        boxes: xyxy in its pixels, half-open, clipped at the frame, each with its category; none on an empty one.
        keep: whether the file's bytes can go into a shard as they are.
    """

    record: Record
    path: Path
    split: str
    wh: tuple[int, int]
    boxes: tuple[LabelledBox, ...]
    keep: bool
    mask: Path | None

    @property
    def key(self) -> str:
        return sample_key(self.record.id)

    def image(self) -> Pixels:
        """Decodes it: (h, w, 3) uint8 RGB."""
        return pictures.decode(self.path.read_bytes()).image_hw3

    def jpg(self) -> bytes:
        """The stored photograph: its own bytes if they can be kept, else encoded anew, turned as shown."""
        data = self.path.read_bytes()
        return data if self.keep else pictures.decode(data).encoded


@dataclass(frozen=True)
class _Examined:
    """What the pixels said: a photograph, or why not; `bad` are the inputs that should not have been there."""

    considered: Considered
    photo: Photo | None = None
    bad: tuple[Skipped, ...] = ()


def read(config: PrepareConfig, ledger: Ledger, listing_file: Path) -> tuple[Photo, ...]:
    """Selects the photographs by the configuration's rules, sorted by key; tells the ledger about all the others.

    Raises:
        UsageError: an input is missing, a category is unknown, none is left or too many are bad (see `listing_file`).
    """
    folder = local(config.photos, "photos")
    if not folder.is_dir():
        raise UsageError(f"photos={folder}: there is no such folder")
    listing = cct.read(local(config.annotations, "annotations"))
    listing.require(config.category)
    ledger.skipped += listing.skipped
    candidates = _candidates(listing, cct.Rule(config.category, config.hour_range, _excluded(config, listing)), ledger)
    examined = [
        *ordered(lambda record: _examine(record, "test", config), candidates["test"], config.workers),
        *_some_empty(candidates["empty"], config),
    ]
    for outcome in examined:
        ledger.considered.append(outcome.considered)
        ledger.skipped += outcome.bad
    photos = sorted((outcome.photo for outcome in examined if outcome.photo), key=lambda photo: photo.key)
    n_test = sum(photo.split == "test" for photo in photos)
    ledger.require("annotation", listing.n_annotations, listing.n_annotations, config.max_bad, listing_file)
    ledger.require(_KIND, len(candidates["test"]), n_test, config.max_bad, listing_file)
    return tuple(photos)


def _candidates(listing: cct.Listing, rule: cct.Rule, ledger: Ledger) -> dict[str, list[Record]]:
    """The records of each split that are left when all rules but those about pixels have spoken."""
    candidates: dict[str, list[Record]] = {"test": [], "empty": []}
    for record in listing.records:
        split, refusal = rule.split(record), rule.refusal(record)
        if split is None or refusal is not None:
            ledger.considered.append(_considered(record, split, refusal or "other category"))
        else:
            candidates[split].append(record)
    return candidates


def _excluded(config: PrepareConfig, listing: cct.Listing) -> frozenset[str]:
    """The names in the exclusion list: one a line, after `#` comes a remark."""
    if config.exclude is None:
        return frozenset()
    path = local(config.exclude, "exclude")
    if not path.is_file():
        raise UsageError(f"exclude={path}: there is no such file")
    lines = (line.partition("#")[0].strip() for line in path.read_text(encoding="utf-8").splitlines())
    names = frozenset(line for line in lines if line)
    if names and not any(names & cct.names(record) for record in listing.records):
        raise UsageError(
            f"exclude={path}: none of its {len(names)} lines is an image id or a file name of the annotations"
        )
    return names


def _some_empty(candidates: Iterable[Record], config: PrepareConfig) -> Iterable[_Examined]:
    """Looks at the empty photographs of each location in an order of chance until enough have passed."""
    by_location: dict[str, list[Record]] = {}
    for record in sorted(candidates, key=lambda record: share(config.seed, record.id)):
        by_location.setdefault(record.location, []).append(record)
    for outcomes in ordered(lambda records: _first_passing(records, config), by_location.values(), config.workers):
        yield from outcomes


def _first_passing(records: Sequence[Record], config: PrepareConfig) -> list[_Examined]:
    outcomes: list[_Examined] = []
    passed = 0
    for record in records:
        if passed == config.empty_per_location:
            outcomes.append(_Examined(_considered(record, "empty", "enough of this location")))
        else:
            outcomes.append(_examine(record, "empty", config))
            passed += outcomes[-1].photo is not None
    return outcomes


def _examine(record: Record, split: str, config: PrepareConfig) -> _Examined:
    """Decodes one photograph and applies the rules about its pixels and boxes."""
    path = local(config.photos, "photos") / record.file_name
    if not path.is_file():
        # Nobody downloads all empty photographs of a survey; an asked-for animal must be there.
        return _Examined(_considered(record, split, "no file")) if split == "empty" else _bad(record, split, "no file")
    try:
        picture = pictures.decode(path.read_bytes())
        mask = _mask(record, picture, config) if split == "test" else None
    except BrokenPictureError as error:
        return _bad(record, split, f"broken: {error}")
    chroma, luma = pictures.chroma(picture.image_hw3), pictures.luma(picture.image_hw3)
    reason = _night(chroma, luma, config)
    if reason is None and not _same_shape(record, picture):
        return _bad(record, split, f"{'x'.join(map(str, picture.wh))} px is not the shape that the JSON tells")
    found, bad = _boxes(record, picture.wh, config.category) if split == "test" else ((), ())
    if reason is None and split == "test" and not found:
        reason = "no box in the frame"
    photo = Photo(record, path, split, picture.wh, found, picture.jpg is not None, mask)
    considered = _considered(record, split, reason or SELECTED, chroma, luma)
    return _Examined(considered, None if reason else photo, bad)


def _night(chroma: float, luma: float, config: PrepareConfig) -> str | None:
    if chroma < config.night.photo_chroma:
        return "infrared"
    return "dark" if luma < config.night.photo_luma else None


def _same_shape(record: Record, picture: Picture) -> bool:
    if record.width is None or record.height is None:
        return True
    width, height = picture.wh
    return abs(width / height * record.height / record.width - 1) <= _SHAPE_TOLERANCE


def _boxes(
    record: Record, wh: tuple[int, int], categories: Sequence[str]
) -> tuple[tuple[LabelledBox, ...], tuple[Skipped, ...]]:
    """The boxes of the asked-for animals in stored pixels, and the ones that lie outside the frame."""
    found: list[LabelledBox] = []
    outside = []
    original_wh = (record.width or wh[0], record.height or wh[1])
    for box_xywh, category in record.boxes(categories):
        box_14 = boxes.clip(boxes.scale(boxes.from_coco(box_xywh)[None], original_wh, wh), wh).round(3)
        if boxes.area(box_14)[0] > 0:
            x0, y0, x1, y1 = box_14[0].tolist()
            found.append(((x0, y0, x1, y1), category))
        else:
            outside.append(Skipped("annotation", record.id, "box outside the frame"))
    return tuple(found), tuple(outside)


def _mask(record: Record, picture: Picture, config: PrepareConfig) -> Path | None:
    """The photograph's mask, if it has one; a broken one makes the photograph a bad input."""
    if config.photo_masks is None:
        return None
    path = (local(config.photo_masks, "photo_masks") / record.file_name).with_suffix(".png")
    if not path.is_file():
        return None
    height, width = pictures.decode_mask(path.read_bytes()).shape
    if (width, height) != picture.wh:
        raise BrokenPictureError(f"its mask is {width}x{height} px")
    return path


def _considered(
    record: Record, split: str | None, reason: str, chroma: float | None = None, luma: float | None = None
) -> Considered:
    return Considered(
        _KIND, record.id, record.file_name, split, reason, record.location, record.captured_at, chroma, luma
    )


def _bad(record: Record, split: str, reason: str) -> _Examined:
    considered = _considered(record, split, reason.partition(":")[0])
    return _Examined(considered, None, (Skipped(_KIND, record.file_name, reason),))
