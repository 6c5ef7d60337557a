"""All photographs of one or several files: records, category names, and entries that cannot be used."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from ablate.errors import UsageError
from ablate.storage import json_file
from datasets.raw.camera_traps import entries, values
from datasets.raw.camera_traps.records import UNKNOWN, Annotation, Record
from datasets.raw.folders import printable
from datasets.raw.skipped import ANNOTATION, Skipped

Rows = list[dict[str, Any]]
Tables = tuple[Rows, Rows, Mapping[str, str]]  # images, annotations, and the categories' names by id as text

_KEYS = ("images", "annotations", "categories")
_NAMES = ("location", "seq_id")  # of images, which a table program may have turned into text
_WHOLE_FLOAT = re.compile(r"-?[0-9]+\.0")


@dataclass(frozen=True)
class Listing:
    """A whole JSON, or several of the same photographs.

    Attributes:
        n_entries: images and annotations, whether they can be used or not.
        skipped: entries that cannot be used.
        keys: what images have, by name.
        remarks: what was understood otherwise than it is written.
    """

    records: tuple[Record, ...]
    categories: tuple[str, ...]
    n_annotations: int
    n_entries: int
    skipped: tuple[Skipped, ...]
    keys: frozenset[str] = frozenset()
    remarks: tuple[str, ...] = ()


def read(paths: Sequence[Path]) -> Listing:
    """Reads a COCO Camera Traps JSON, or several about the same photographs (such as labels, and boxes for some).

    A photograph that several files know is the first file's; the annotations of all files are joined.

    Raises:
        UsageError: there is no such file, or it is not of that format.
    """
    return parse(map(_read, paths))


def parse(files: Iterable[Tables]) -> Listing:
    """The tables of one or several JSON files as records, in the order of the images."""
    joined = _Joined()
    for one in files:
        joined.add(*one)
    return joined.listing()


class _Joined:
    """Files joined one after the other; only what records need is kept of each."""

    def __init__(self) -> None:
        self._images: dict[str, Record] = {}
        self._seen: dict[str, list[Annotation]] = {}
        self._categories: set[str] = set()
        self._skipped: list[Skipped] = []
        self._n_annotations = self._n_images = 0
        self._of_other_size: set[str] = set()  # photographs whose boxes in this file are of no use
        self._keys: set[str] = set()
        self._nothing: Counter[tuple[str, str]] = Counter()  # absent names that became texts

    def add(self, images: Rows, annotations: Rows, category_names: Mapping[str, str]) -> None:
        self._categories.update(category_names.values())
        self._n_annotations += len(annotations)
        self._n_images += len(images)
        self._of_other_size.clear()
        self._add_images(images)
        for raw in annotations:
            self._add_annotation(raw, category_names)

    def listing(self) -> Listing:
        records = tuple(
            replace(record, annotations=tuple(dict.fromkeys(self._seen.get(name, ()))))
            for name, record in self._images.items()
        )
        records, remarks = _whole_locations(records)
        remarks += [
            f"{key}: {count:,} images say {text!r}, which programs write where there is nothing: taken as absent; give "
            f"it another name if it is one"
            for (key, text), count in sorted(self._nothing.items())
        ]
        return Listing(
            records,
            tuple(sorted(self._categories)),
            self._n_annotations,
            self._n_annotations + self._n_images,
            tuple(self._skipped),
            frozenset(map(values.shown, self._keys)),
            tuple(remarks),
        )

    def _add_images(self, images: Rows) -> None:
        ids: set[str | None] = set()
        files: set[PurePosixPath] = set()
        for image in images:
            self._keys.update(image)
            image_id = values.name(image.get("id"))
            problem = entries.unusable(image)
            if problem is None and image_id in ids:
                problem = "second image of this id"
            elif problem is None and PurePosixPath(image["file_name"]) in files:
                problem = f"second image of this file: {values.shown(image['file_name'])}"
            if problem:
                self._skip(image_id or str(image.get("id")), problem)
                continue
            ids.add(image_id)
            files.add(PurePosixPath(image["file_name"]))
            self._join(entries.record(image))
            self._nothing.update((key, image[key]) for key in _NAMES if values.nothing_as_text(image.get(key)))

    def _join(self, record: Record) -> None:
        """Takes a photograph in, or what a further file knows more of it: boxes are pixels of their file's size."""
        known = self._images.setdefault(record.id, record)
        if known is record:
            return
        if record.wh is not None and record.wh != known.wh:
            if known.wh is not None and any(annotation.box_xywh for annotation in self._seen.get(record.id, ())):
                self._of_other_size.add(record.id)
            else:
                known = replace(known, width=record.width, height=record.height)
        self._images[record.id] = _completed(known, record)

    def _skip(self, name: str, reason: str) -> None:
        self._skipped.append(Skipped(ANNOTATION, printable(name), reason))

    def _add_annotation(self, raw: Mapping[str, Any], category_names: Mapping[str, str]) -> None:
        given_id, given_category = (values.name(raw.get(key)) for key in ("image_id", "category_id"))
        image_id = _found(given_id, self._images)
        if image_id is None:
            problem = "annotation without an image" if given_id is None else "annotation of an unknown image"
            self._skip(str(raw.get("id")) if given_id is None else given_id, problem)
            return
        box, unusable = entries.box(raw.get("bbox"))
        category_id = _found(given_category, category_names)
        if category_id is None:  # whatever it is, it is not nothing: the photograph must not count as empty
            category, box = "?", None
            unusable = f"unknown category {values.shown(given_category or 'none')}"
        else:
            category = category_names[category_id]
            if box and image_id in self._of_other_size:
                box, unusable = None, "box in a file that tells another size than the first file with boxes"
        self._seen.setdefault(image_id, []).append(Annotation(category, box))
        if unusable:
            self._skip(image_id, unusable)


def _found(given: str | None, known: Mapping[str, object]) -> str | None:
    """The known id that an entry refers to, though a table program may have written 3 as 3.0."""
    if given is None or given in known:
        return given
    other = values.other_spelling(given)
    return other if other in known else None


def _completed(known: Record, more: Record) -> Record:
    """A record with what only a further file says of the place, the time and the sequence."""
    if known.location == UNKNOWN != more.location:
        known = replace(known, location=more.location)
    if not known.time and more.time:
        known = replace(known, time=more.time, captured_at=more.captured_at)
    if known.seq_id is None and more.seq_id is not None:
        known = replace(known, seq_id=more.seq_id, frame_num=more.frame_num)
    return known


def _whole_locations(records: tuple[Record, ...]) -> tuple[tuple[Record, ...], list[str]]:
    """Locations that are all texts such as "33.0" were whole numbers in a column of floats."""
    given = {record.location for record in records} - {UNKNOWN}
    if not given or not all(map(_WHOLE_FLOAT.fullmatch, given)):
        return records, []
    first = min(given)
    remark = f"location: all are texts of whole floats, such as {first!r}: taken as {first.removesuffix('.0')!r}"
    whole = (replace(record, location=record.location.removesuffix(".0")) for record in records)
    return tuple(whole), [remark]


def _read(path: Path) -> Tables:
    """The lists of images and annotations, and the categories' names.

    Raises:
        UsageError: there is no such file, or it is not of that format; says what it is, as far as that is seen.
    """
    raw = json_file.read(path, "annotations")
    lists = [raw.get(key) if isinstance(raw, dict) else None for key in _KEYS]
    if not all(isinstance(rows, list) and all(isinstance(row, dict) for row in rows) for rows in lists):
        raise UsageError(
            f"annotations={path}: not COCO Camera Traps: needs lists images, annotations and categories{_instead(raw)}"
        )
    images, annotations, categories = lists
    assert images is not None
    assert annotations is not None
    assert categories is not None
    return images, annotations, _category_names(path, categories)


def _instead(raw: object) -> str:
    """What there is in the place of the three lists."""
    if not isinstance(raw, dict):
        return f"; the file holds a {'list' if isinstance(raw, list) else 'single value'}"
    if "detection_categories" in raw:
        return (
            "; this is what a detector found, not what people saw; it is scored with: python -m ablate.score boxes=FILE"
        )
    wrong = [key for key in _KEYS if key in raw]
    if len(wrong) == len(_KEYS):
        kinds = ", ".join(f"{key} is {_kind(raw[key])}" for key in wrong)
        return f", each of objects; in the file {kinds} (to_json of pandas: orient='records')"
    there = ", ".join(sorted(values.shown(key) for key in raw)[:10])
    return f", each of objects; the file has: {there or 'nothing'}"


def _kind(raw: object) -> str:
    if isinstance(raw, list):
        return "a list" if all(isinstance(row, dict) for row in raw) else "a list of something else"
    return "an object" if isinstance(raw, dict) else "a single value"


def _category_names(path: Path, categories: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    named: dict[str, str] = {}
    for category in categories:
        number, name = values.name(category.get("id")), values.heading(category.get("name"))
        if number is None or name is None:
            raise UsageError(
                f"annotations={path}: a category without an id or a name: {values.shown(category)}; mend it"
            )
        if named.setdefault(number, name) != name:
            raise UsageError(f"annotations={path}: two categories of one id, {values.shown(number)}; mend it")
        if printable(name) != name:
            raise UsageError(f"annotations={path}: a category whose name is not Unicode: {values.shown(name)}; mend it")
    return named
