"""The photographs' COCO Camera Traps JSON, with the oddities of the real one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from datasets.render.demo_world.locations import Location
from datasets.render.demo_world.photographs import Photograph
from datasets.render.demo_world.shots import Burst

CATEGORIES = {
    "bobcat": 6, "rabbit": 10, "coyote": 9, "cat": 16, "dog": 8, "cow": 14, "empty": 30, "deer": 34,
}  # fmt: skip
RIGHTS_HOLDER = "ablate, rendered; CC0-1.0"
OVERFLOW = 6  # pixels of the stored picture by which one box leaves the frame

Box = tuple[float, float, float, float]


def document(entries: list[tuple[Burst, Location, list[Photograph]]], seed: int) -> dict[str, Any]:
    """The whole JSON document, images in the order given."""
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for burst, place, pictures in entries:
        for photograph in pictures:
            images.append(_image(burst, place, photograph, seed))
            for category, box in _labels(burst, place, photograph):
                entry = {"id": f"a{len(annotations):05d}", "image_id": photograph.image_id,
                         "category_id": CATEGORIES[category]}  # fmt: skip
                annotations.append(entry | ({"bbox": [round(v, 2) for v in box]} if box else {}))
    return {
        "info": {
            "version": "1",
            "description": "Rendered camera-trap pictures of the ablate demo",
            "contributor": "ablate",
        },
        "categories": [{"id": number, "name": name} for name, number in sorted(CATEGORIES.items(), key=lambda c: c[1])],
        "images": images,
        "annotations": annotations,
    }


def _image(burst: Burst, place: Location, photograph: Photograph, seed: int) -> dict[str, Any]:
    taken = burst.start + timedelta(seconds=photograph.frame)
    return {
        "id": photograph.image_id,
        "file_name": f"{photograph.image_id}.jpg",
        "width": place.original[0],
        "height": place.original[1],
        "date_captured": "11 11" if burst.kind == "malformed" else taken.strftime("%Y-%m-%d %H:%M:%S"),
        "location": place.name,
        "seq_id": burst.sequence(seed),
        "frame_num": photograph.frame + 1,
        "seq_num_frames": burst.frames,
        "rights_holder": RIGHTS_HOLDER,
    }


def _labels(burst: Burst, place: Location, photograph: Photograph) -> list[tuple[str, Box | None]]:
    """Category and box (xywh in pixels of the original size) of each annotation of a picture."""
    across, down = place.original[0] / place.view.width, place.original[1] / place.view.rows
    if burst.kind == "empty_boxed":  # the real data have boxes labelled empty
        return [("empty", (0.3 * place.original[0], 0.4 * place.original[1], 60 * across, 40 * down))]
    if not photograph.boxes:
        return [("empty", None)]
    if burst.kind == "unboxed":
        return [("deer", None)]
    boxes: list[Box] = [(x * across, y * down, w * across, h * down) for x, y, w, h in photograph.boxes]
    if burst.kind == "overflow":
        x, y, _, h = boxes[0]
        boxes[0] = (x, y, place.original[0] - x + OVERFLOW * across, h)
    return [(burst.species, box) for box in boxes]
