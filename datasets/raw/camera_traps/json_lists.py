"""The bytes of a COCO Camera Traps file to its three lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ablate.errors import UsageError
from ablate.storage import json_file
from datasets.raw.camera_traps import values

Rows = list[dict[str, Any]]
Tables = tuple[Rows, Rows, Mapping[str, str]]  # images, annotations, and the categories' names by id as text

_KEYS = ("images", "annotations", "categories")


def read(path: Path) -> Tables:
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
        if values.printable(name) != name:
            raise UsageError(f"annotations={path}: a category whose name is not Unicode: {values.shown(name)}; mend it")
    return named
