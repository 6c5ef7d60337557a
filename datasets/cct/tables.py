"""The bytes of a COCO Camera Traps file to its three lists."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ablate.errors import UsageError
from datasets.cct import cells

Rows = list[dict[str, Any]]
Tables = tuple[Rows, Rows, Mapping[str, str]]  # images, annotations, and the categories' names by id as text

_KEYS = ("images", "annotations", "categories")
_BEGUN = 40  # characters that an error quotes
# How files begin that are often given in the place of the JSON, and what to do with them.
_OTHERS = {
    b"PK\x03\x04": "a zip archive, not JSON; unpack it (unzip {path}) and name the JSON that was in it",
    b"\x1f\x8b": "packed with gzip; unpack it (gzip -dc < {path} > unpacked.json) and name that",
    b"BZh": "packed with bzip2; unpack it (bzip2 -dc < {path} > unpacked.json) and name that",
    b"\xfd7zXZ": "packed with xz; unpack it (xz -dc < {path} > unpacked.json) and name that",
    b"7z\xbc\xaf": "a 7z archive; unpack it and name the JSON that was in it",
    b"version https://git-lfs": "a Git LFS pointer, not the file itself; fetch it (git lfs pull)",
    b"<": "a web page or XML, not JSON; download the file itself",
}


def read(path: Path) -> Tables:
    """The lists of images and annotations, and the categories' names.

    Raises:
        UsageError: there is no such file, or it is not of that format; says what it is, as far as that is seen.
    """
    if path.is_dir():
        raise UsageError(f"annotations={path}: is a folder; name the JSON in it")
    if not path.is_file():
        raise UsageError(f"annotations={path}: there is no such file")
    raw = _document(path, path.read_bytes())
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


def _document(path: Path, data: bytes) -> object:
    begun = data[:_BEGUN].lstrip(b"\xef\xbb\xbf \t\r\n")
    for beginning, advice in _OTHERS.items():
        if begun.startswith(beginning):
            raise UsageError(f"annotations={path}: {advice.format(path=shlex.quote(str(path)))}")
    try:
        return json.loads(data)  # which knows UTF-8, -16 and -32, with and without a byte-order mark
    except UnicodeDecodeError as error:
        raise UsageError(f"annotations={path}: its text is not UTF-8 or UTF-16; save it as UTF-8") from error
    except (ValueError, RecursionError) as error:
        shown = begun.decode("utf-8", "replace")
        raise UsageError(
            f"annotations={path}: not JSON, or not all of it: {error}; it begins with {shown!r}"
        ) from error


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
    there = ", ".join(sorted(cells.shown(key) for key in raw)[:10])
    return f", each of objects; the file has: {there or 'nothing'}"


def _kind(raw: object) -> str:
    if isinstance(raw, list):
        return "a list" if all(isinstance(row, dict) for row in raw) else "a list of something else"
    return "an object" if isinstance(raw, dict) else "a single value"


def _category_names(path: Path, categories: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    named: dict[str, str] = {}
    for category in categories:
        number, name = cells.name(category.get("id")), cells.heading(category.get("name"))
        if number is None or name is None:
            raise UsageError(
                f"annotations={path}: a category without an id or a name: {cells.shown(category)}; mend it"
            )
        if named.setdefault(number, name) != name:
            raise UsageError(f"annotations={path}: two categories of one id, {cells.shown(number)}; mend it")
        if cells.printable(name) != name:
            raise UsageError(f"annotations={path}: a category whose name is not Unicode: {cells.shown(name)}; mend it")
    return named
