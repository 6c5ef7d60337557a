"""One entry of the JSON: an image to a record, an annotation's box to four numbers; or why that cannot be."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from datasets.raw.camera_traps import clock, values
from datasets.raw.camera_traps.records import UNKNOWN, Box, Record
from datasets.raw.folders import printable

_TIME_KEYS = ("date_captured", "datetime")
_DRIVE = re.compile(r"[A-Za-z]:[\\/]")


def unusable(image: Mapping[str, Any]) -> str | None:
    """Why an image's entry cannot be used, if it cannot."""
    name = image.get("file_name")
    unnamed = not isinstance(name, str) or values.absent(name) or "\0" in name or not PurePosixPath(name).name
    if unnamed or values.name(image.get("id")) is None:
        return f"image without an id or a file name: id {values.shown(image.get('id'))}, file_name {values.shown(name)}"
    if _leads_out(str(name)):
        return f"file name leads out of the folder: {values.shown(name)}; write its path below photos= alone"
    given = [str(image.get(key)) for key in ("id", "file_name", "location", "seq_id")]
    if any(printable(text) != text for text in given):
        return "text that is not Unicode"
    for key in ("location", "seq_id"):
        if not values.absent(image.get(key)) and values.name(image[key]) is None:
            return f"{key} is neither text nor a number: {values.shown(image[key])}"
    size = [None if _unmeasured(image.get(key)) else image[key] for key in ("width", "height")]
    sound = size == [None, None] or all(values.positive(value) for value in size)
    sides = " and ".join(values.shown(image.get(key)) for key in ("width", "height"))
    return None if sound else f"width and height are not two positive numbers: {sides}"


def _unmeasured(side: object) -> bool:
    """Whether nothing is told of a side; programs that don't know it write 0."""
    return values.absent(side) or values.number(side) == 0


def _leads_out(name: str) -> bool:
    path = PurePosixPath(name.replace("\\", "/"))
    return path.is_absolute() or ".." in path.parts or _DRIVE.match(name) is not None


def record(image: Mapping[str, Any]) -> Record:
    """A photograph, as far as the list of images knows it; its entry is not `unusable`."""
    times = [str(image[key]) for key in _TIME_KEYS if not values.absent(image.get(key))]
    time = next((given for given in times if not clock.unset(given)), "")
    return Record(
        id=str(values.name(image["id"])),
        file_name=image["file_name"],
        width=values.positive(image.get("width")),
        height=values.positive(image.get("height")),
        location=values.title(image.get("location")) or UNKNOWN,
        captured_at=clock.read(time),
        time=time,
        seq_id=values.name(image.get("seq_id")),
        frame_num=values.whole(image.get("frame_num")),
        annotations=(),
    )


def box(raw: object) -> tuple[Box | None, str | None]:
    """A usable box, or why there is none; neither where none was drawn."""
    given = _values(raw)
    if given is None or all(map(values.absent, given)):
        return None, None
    numbers = [number for number in map(values.number, given) if number is not None]
    if len(numbers) != 4 or len(given) != 4:
        return None, f"box is not four numbers: {values.shown(raw)}"
    x, y, w, h = numbers
    return ((x, y, w, h), None) if w > 0 and h > 0 else (None, f"box without area: {values.shown(raw)}")


def _values(raw: object) -> list[object] | None:
    """What a box holds: a list, or the text that a table program made of one; None where there is no box."""
    if values.absent(raw):
        return None
    if isinstance(raw, list):
        return raw
    if isinstance(raw, str) and re.fullmatch(r"\s*[\[(].*[\])]\s*", raw):
        return [_value(part) for part in raw.strip()[1:-1].split(",")]
    return [raw]


def _value(text: str) -> object:
    try:
        return float(text)
    except ValueError:
        return text
