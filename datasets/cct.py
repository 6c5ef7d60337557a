"""COCO Camera Traps JSON to records, and the part of selection that needs no pixels.

The format: https://lila.science/coco-camera-traps. What real files hold against it (boxes out of the frame or without
area, malformed times, numbers as ids, annotations without a box) is listed or left out, never guessed at.
"""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from ablate.errors import UsageError, suggest
from datasets.ledger import Skipped

EMPTY = "empty"
_TIME_KEYS = ("date_captured", "datetime")
_SHORTEST_TIME = len("2012-03-09 00:09")  # a date alone says nothing of the hour

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Annotation:
    """What somebody saw: a category by name, and its COCO box [x, y, w, h] in pixels of the JSON's size, if drawn."""

    category: str
    box_xywh: Box | None


@dataclass(frozen=True)
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

    def boxes(self, categories: Collection[str]) -> tuple[tuple[Box, str], ...]:
        """The COCO boxes of some categories, each with its category."""
        named = ((annotation.box_xywh, annotation.category) for annotation in self.annotations)
        return tuple((box, category) for box, category in named if box is not None and category in categories)


@dataclass(frozen=True)
class Listing:
    """A whole JSON: its records, category names, and the entries that could not be used."""

    records: tuple[Record, ...]
    categories: tuple[str, ...]
    n_annotations: int
    skipped: tuple[Skipped, ...]

    def require(self, categories: Collection[str]) -> None:
        """Raises a `UsageError` where a category is not one of the JSON's animals."""
        animals = set(self.categories) - {EMPTY}
        for category in categories:
            if category not in animals:
                raise UsageError(f"category={category}: not in the annotations; {suggest(category, animals)}")


@dataclass(frozen=True)
class Rule:
    """What the paper selects by: animal, and hour of the day (section 3.1; 07:00 to 19:59).

    Attributes:
        categories: the animals; a photograph of any of them with a box is a test photograph.
        hours: clock hours to take; None: all, and a photograph without a time too.
        excluded: image ids, file names, or file names without their suffix.
    """

    categories: tuple[str, ...]
    hours: range | None
    excluded: frozenset[str] = frozenset()

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
        if split == "test" and not record.boxes(self.categories):
            return "no box"
        if self.hours is not None and record.captured_at is None:
            return "malformed time" if record.time else "no time"
        if self.hours is not None and record.captured_at is not None and record.captured_at.hour not in self.hours:
            return "outside hours"
        return "excluded" if self.excluded & names(record) else None


def names(record: Record) -> set[str]:
    """What an exclusion list may call a photograph."""
    return {record.id, record.file_name, str(Path(record.file_name).with_suffix(""))}


def read(path: Path) -> Listing:
    """Reads a COCO Camera Traps JSON.

    Raises:
        UsageError: there is no such file, or it is not of that format.
    """
    if not path.is_file():
        raise UsageError(f"annotations={path}: there is no such file")
    try:
        raw = json.loads(path.read_bytes())
    except ValueError as error:
        raise UsageError(f"annotations={path}: not JSON: {error}") from error
    tables = [raw.get(key) if isinstance(raw, dict) else None for key in ("images", "annotations", "categories")]
    images, annotations, categories = tables
    if not (_is_table(images) and _is_table(annotations) and _is_table(categories)):
        raise UsageError(f"annotations={path}: not COCO Camera Traps: needs lists images, annotations and categories")
    category_names = {str(category.get("id")): str(category.get("name")) for category in categories or ()}
    return parse(images or [], annotations or [], category_names)


def parse(
    images: list[dict[str, Any]], annotations: list[dict[str, Any]], category_names: Mapping[str, str]
) -> Listing:
    """The JSON's three tables as records, in the order of the images.

    Args:
        category_names: by id, as text.
    """
    skipped: list[Skipped] = []
    usable = _usable_images(images, skipped)
    seen: dict[str, list[Annotation]] = {image_id: [] for image_id in usable}
    for raw in annotations:
        image_id, category_id = str(raw.get("image_id")), str(raw.get("category_id"))
        if image_id not in seen:
            skipped.append(Skipped("annotation", image_id, "annotation of an unknown image"))
        elif category_id not in category_names:
            skipped.append(Skipped("annotation", image_id, f"unknown category {category_id}"))
        else:
            box, problem = _box(raw.get("bbox"))
            seen[image_id].append(Annotation(category_names[category_id], box))
            skipped += [Skipped("annotation", image_id, problem)] if problem else []
    records = tuple(_record(image, seen[image_id]) for image_id, image in usable.items())
    return Listing(records, tuple(sorted(set(category_names.values()))), len(annotations), tuple(skipped))


def _usable_images(images: list[dict[str, Any]], skipped: list[Skipped]) -> dict[str, dict[str, Any]]:
    """The images by id; of two with one id the first."""
    usable: dict[str, dict[str, Any]] = {}
    for image in images:
        image_id = str(image.get("id"))
        if image.get("id") is None or not isinstance(image.get("file_name"), str):
            skipped.append(Skipped("annotation", image_id, "image without an id or a file name"))
        elif image_id in usable:
            skipped.append(Skipped("annotation", image_id, "second image of this id"))
        else:
            usable[image_id] = image
    return usable


def _is_table(rows: object) -> bool:
    return isinstance(rows, list) and all(isinstance(row, dict) for row in rows)


def _record(image: Mapping[str, Any], annotations: list[Annotation]) -> Record:
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
        annotations=tuple(annotations),
    )


def _time(text: str) -> datetime | None:
    if len(text) < _SHORTEST_TIME:
        return None
    try:
        return datetime.fromisoformat(text).replace(tzinfo=None)  # the clock on the camera is what rules go by
    except ValueError:
        return None


def _positive(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) and value > 0 else None


def _whole(value: object) -> int | None:
    return int(value) if isinstance(value, int | float) and math.isfinite(value) else None


def _box(raw: object) -> tuple[Box | None, str | None]:
    """A usable box, or why there is none."""
    if raw is None or raw == []:
        return None, None
    numbers = [value for value in raw if isinstance(value, int | float)] if isinstance(raw, list) else []
    if len(numbers) != 4 or not isinstance(raw, list) or len(raw) != 4 or not all(map(math.isfinite, numbers)):
        return None, "box is not four numbers"
    x, y, w, h = map(float, numbers)
    return ((x, y, w, h), None) if w > 0 and h > 0 else (None, "box without area")
