"""Rendered pictures' labels as COCO Camera Traps JSON, so that they can be scored like photographs, with known truth.

Each picture is a sequence of its own: the pictures of a place are taken at different times. Its location is its place.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from datasets.render.scene_rows import Row

EMPTY, _EMPTY_ID = "empty", 0


def document(rows: Iterable[Row], categories: Mapping[str, str], ids: Mapping[str, int]) -> bytes:
    """The JSON's bytes, pictures in the rows' order.

    Args:
        categories: by species.
        ids: by category, not 0.
    """
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for row in rows:
        images.append(_image(row))
        for category, box in _labels(row, categories):
            number = ids[category] if box else _EMPTY_ID
            entry = {"id": f"a{len(annotations):06d}", "image_id": row["name"], "category_id": number}
            annotations.append(entry | ({"bbox": box} if box else {}))
    info = {"version": "1", "description": "Rendered camera-trap pictures", "contributor": "ablate"}
    named = [{"id": _EMPTY_ID, "name": EMPTY}, *({"id": n, "name": name} for name, n in sorted(ids.items()))]
    text = (
        f'{{"info":{_line(info)},\n"categories":{_line(named)},\n'
        f'"images":[\n{_lines(images)}],\n"annotations":[\n{_lines(annotations)}]}}\n'
    )
    return text.encode()


def location(name: str) -> str:
    """The place of a picture, as its name tells: `forest_00012` of `forest_00012_3`."""
    return name.rpartition("_")[0]


def _image(row: Row) -> dict[str, Any]:
    return {
        "id": row["name"],
        "file_name": f"{row['name']}.jpg",
        "width": row["width"],
        "height": row["height"],
        "date_captured": row["captured_at"],
        "location": location(row["name"]),
        "seq_id": row["name"],
        "frame_num": 1,
        "seq_num_frames": 1,
    }


def _labels(row: Row, categories: Mapping[str, str]) -> list[tuple[str, list[float] | None]]:
    """Category and box (x, y, width, height in px) of each animal."""
    boxes = ((categories[one["species"]], one["box"]) for one in row["herd"])
    found: list[tuple[str, list[float] | None]] = [
        (category, [x0, y0, x1 - x0, y1 - y0]) for category, (x0, y0, x1, y1) in boxes
    ]
    return found or [(EMPTY, None)]


def _line(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


def _lines(entries: Iterable[object]) -> str:
    return ",\n".join(map(_line, entries))
