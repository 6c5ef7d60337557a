"""COCO Camera Traps JSON to records, and the part of selection that needs no pixels.

The format: https://lila.science/coco-camera-traps. What real files hold against it (boxes out of the frame or without
area, malformed times, numbers as ids, annotations without a box) is listed or left out, never guessed at.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any

from ablate.errors import UsageError, suggest
from datasets.ledger import ANNOTATION, Skipped

EMPTY = "empty"
_TIME_KEYS = ("date_captured", "datetime")
_LARGEST = 1e9  # pixels, or frames; beyond it a number is no measure of a photograph
_SHORTEST_TIME = len("2012-03-09 00:09")  # a date alone says nothing of the hour

Box = tuple[float, float, float, float]
Rows = list[dict[str, Any]]
Tables = tuple[Rows, Rows, Mapping[str, str]]  # images, annotations, and the categories' names by id as text


@dataclass(frozen=True, slots=True)
class Annotation:
    """What somebody saw: a category by name, and its COCO box [x, y, w, h] in pixels of the JSON's size, if drawn."""

    category: str
    box_xywh: Box | None


@dataclass(frozen=True, slots=True)
class Record:
    """One photograph as the JSON knows it.

    Attributes:
        width, height: of the original photograph, to which boxes refer; None where the JSON does not say. The stored
            file may be smaller.
        captured_at: the camera's clock, which may be wrong; None where it is absent or malformed.
        time: what the JSON says of it, word for word.
    """

    id: str
    file_name: str
    width: float | None
    height: float | None
    location: str
    captured_at: datetime | None
    time: str
    seq_id: str | None
    frame_num: int | None
    annotations: tuple[Annotation, ...]

    @property
    def wh(self) -> tuple[float, float] | None:
        """The original size, where the JSON tells it."""
        return None if self.width is None or self.height is None else (self.width, self.height)

    def boxes(self, categories: Collection[str]) -> tuple[tuple[Box, str], ...]:
        """The COCO boxes of some categories, each with its category."""
        named = ((annotation.box_xywh, annotation.category) for annotation in self.annotations)
        return tuple((box, category) for box, category in named if box is not None and category in categories)


@dataclass(frozen=True)
class Listing:
    """A whole JSON, or several of the same photographs: records, category names, and entries that cannot be used."""

    records: tuple[Record, ...]
    categories: tuple[str, ...]
    n_annotations: int
    skipped: tuple[Skipped, ...]

    def require(self, rule: Rule) -> None:
        """Raises a `UsageError` where a rule names a category that is no animal here, or an unknown location."""
        animals = set(self.categories) - {EMPTY}
        for category in rule.categories:
            if category not in animals:
                raise UsageError(f"category={category}: not in the annotations; {suggest(category, animals)}")
        known = {record.location for record in self.records} if rule.locations else set()
        for location in sorted(rule.locations - known):
            raise UsageError(f"locations={location}: not in the annotations; {suggest(location, known)}")


@dataclass(frozen=True)
class Rule:
    """What the paper selects by: animal, and hour of the day (section 3.1; 07:00 to 19:59).

    Attributes:
        categories: the animals; a photograph of any of them with a box is a test photograph.
        hours: clock hours to take; None: all, and a photograph without a time too.
        excluded: image ids, file names, or file names without their suffix.
        locations: the cameras to take; empty: all.
    """

    categories: tuple[str, ...]
    hours: range | None
    excluded: frozenset[str] = frozenset()
    locations: frozenset[str] = frozenset()

    def split(self, record: Record) -> str | None:
        """`test` for an asked-for animal, `empty` where all agree that there is none, else None."""
        seen = {annotation.category for annotation in record.annotations}
        if seen & set(self.categories):
            return "test"
        return "empty" if seen == {EMPTY} else None

    def refusal(self, record: Record) -> str | None:
        """The first rule that takes a photograph out; None where its pixels decide."""
        split = self.split(record)
        if split is None:
            return "other category" if record.annotations else "not labelled"
        if self.locations and record.location not in self.locations:
            return "other location"
        if split == "test" and not record.boxes(self.categories):
            return "no box"
        if self.hours is not None and record.captured_at is None:
            return "malformed time" if record.time else "no time"
        if self.hours is not None and record.captured_at is not None and record.captured_at.hour not in self.hours:
            return "outside hours"
        return "excluded" if self.excluded and self.excluded & names(record) else None


def names(record: Record) -> set[str]:
    """What an exclusion list may call a photograph."""
    return {record.id, record.file_name, str(Path(record.file_name).with_suffix(""))}


def read(paths: Sequence[Path]) -> Listing:
    """Reads a COCO Camera Traps JSON, or several about the same photographs (such as labels, and boxes for some).

    A photograph that several files know is the first file's; the annotations of all files are joined.

    Raises:
        UsageError: there is no such file, or it is not of that format.
    """
    return parse(_tables(path) for path in paths)


def parse(files: Iterable[Tables]) -> Listing:
    """The tables of one or several JSON files as records, in the order of the images."""
    joined = _Joined()
    for tables in files:
        joined.add(*tables)
    return joined.listing()


def _tables(path: Path) -> Tables:
    if not path.is_file():
        raise UsageError(f"annotations={path}: there is no such file")
    try:
        raw = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise UsageError(f"annotations={path}: not JSON, or not all of it: {error}") from error
    tables = [raw.get(key) if isinstance(raw, dict) else None for key in ("images", "annotations", "categories")]
    if not all(isinstance(rows, list) and all(isinstance(row, dict) for row in rows) for rows in tables):
        raise UsageError(f"annotations={path}: not COCO Camera Traps: needs lists images, annotations and categories")
    images, annotations, categories = tables
    assert images is not None
    assert annotations is not None
    assert categories is not None
    named = {str(category.get("id")): str(category.get("name")) for category in categories}
    if len(named) < len(categories) or any(_printable(name) != name for name in named.values()):
        raise UsageError(f"annotations={path}: two categories of one id, or one whose name is not Unicode; mend it")
    return images, annotations, named


class _Joined:
    """Files joined one after the other; only what records need is kept of each."""

    def __init__(self) -> None:
        self._images: dict[str, Record] = {}
        self._seen: dict[str, list[Annotation]] = {}
        self._categories: set[str] = set()
        self._skipped: list[Skipped] = []
        self._n_annotations = 0
        self._of_other_size: set[str] = set()  # photographs whose boxes in this file are of no use

    def add(self, images: Rows, annotations: Rows, category_names: Mapping[str, str]) -> None:
        self._categories.update(category_names.values())
        self._n_annotations += len(annotations)
        self._of_other_size.clear()
        self._add_images(images)
        for raw in annotations:
            self._add_annotation(raw, category_names)

    def listing(self) -> Listing:
        seen = self._seen
        records = tuple(
            replace(record, annotations=tuple(dict.fromkeys(seen.get(name, ()))))
            for name, record in self._images.items()
        )
        return Listing(records, tuple(sorted(self._categories)), self._n_annotations, tuple(self._skipped))

    def _add_images(self, images: Rows) -> None:
        ids: set[str] = set()
        files: set[str] = set()
        for image in images:
            image_id = str(image.get("id"))
            problem = _unusable(image)
            if problem is None and (image_id in ids or image["file_name"] in files):
                problem = f"second image of this {'id' if image_id in ids else 'file'}"
            if problem is None:
                ids.add(image_id)
                files.add(image["file_name"])
                self._join(_record(image))
            if problem:
                self._skip(image_id, problem)

    def _join(self, record: Record) -> None:
        """Takes a photograph in, or the size that a further file tells of it: boxes are pixels of their file's size."""
        known = self._images.setdefault(record.id, record)
        if record.wh is None or record.wh == known.wh:
            return
        if known.wh is not None and any(annotation.box_xywh for annotation in self._seen.get(record.id, ())):
            self._of_other_size.add(record.id)
        else:
            self._images[record.id] = replace(known, width=record.width, height=record.height)

    def _skip(self, name: str, reason: str) -> None:
        self._skipped.append(Skipped(ANNOTATION, _printable(name), reason))

    def _add_annotation(self, raw: Mapping[str, Any], category_names: Mapping[str, str]) -> None:
        image_id, category = str(raw.get("image_id")), category_names.get(str(raw.get("category_id")))
        if image_id not in self._images:
            self._skip(image_id, "annotation of an unknown image")
            return
        box, problem = _box(raw.get("bbox"))
        if category is None:  # whatever it is, it is not nothing: the photograph must not count as empty
            category, box, problem = "?", None, f"unknown category {_printable(str(raw.get('category_id')))}"
        elif box and image_id in self._of_other_size:
            box, problem = None, "box in a file that tells another size than the first file with boxes"
        self._seen.setdefault(image_id, []).append(Annotation(category, box))
        if problem:
            self._skip(image_id, problem)


def _unusable(image: Mapping[str, Any]) -> str | None:
    """Why an image's entry cannot be used, if it cannot."""
    name = image.get("file_name")
    if image.get("id") is None or not isinstance(name, str) or not PurePosixPath(name).name or "\0" in name:
        return "image without an id or a file name"
    if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
        return "file name leads out of the folder"
    told = [str(image.get(key)) for key in ("id", "file_name", "location", "seq_id")]
    if any(_printable(text) != text for text in told):
        return "text that is not Unicode"
    size = [image.get(key) for key in ("width", "height")]
    if size != [None, None] and not all(_positive(value) for value in size):
        return "width and height are not two positive numbers"
    return None


def _printable(text: str) -> str:
    """The text without what cannot be written as UTF-8, such as half a surrogate pair."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _record(image: Mapping[str, Any]) -> Record:
    time = next((str(image[key]) for key in _TIME_KEYS if image.get(key)), "")
    location, seq_id = image.get("location"), image.get("seq_id")
    return Record(
        id=str(image["id"]),
        file_name=image["file_name"],
        width=_positive(image.get("width")),
        height=_positive(image.get("height")),
        location="unknown" if location is None else str(location),
        captured_at=_time(time),
        time=time,
        seq_id=None if seq_id is None else str(seq_id),
        frame_num=_whole(image.get("frame_num")),
        annotations=(),
    )


def _time(text: str) -> datetime | None:
    if len(text) < _SHORTEST_TIME:
        return None
    try:
        return datetime.fromisoformat(text).replace(tzinfo=None)  # the clock on the camera is what rules go by
    except ValueError:
        return None


def _number(value: object) -> float | None:
    """A finite number; JSON also has true, NaN, and integers of any length."""
    if not isinstance(value, int | float) or isinstance(value, bool) or not abs(value) <= _LARGEST:
        return None
    return float(value)


def _positive(value: object) -> float | None:
    number = _number(value)
    return number if number is not None and number > 0 else None


def _whole(value: object) -> int | None:
    number = _number(value)
    return None if number is None else int(number)


def _box(raw: object) -> tuple[Box | None, str | None]:
    """A usable box, or why there is none."""
    if raw is None or raw == []:
        return None, None
    numbers = [number for number in map(_number, raw) if number is not None] if isinstance(raw, list) else []
    if len(numbers) != 4 or not isinstance(raw, list) or len(raw) != 4:
        return None, "box is not four numbers"
    x, y, w, h = numbers
    return ((x, y, w, h), None) if w > 0 and h > 0 else (None, "box without area")
