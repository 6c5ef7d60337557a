"""What a detector found, from a file in MegaDetector's format, and on which of our photographs.

The format: `detection_categories` (key to name) and `images`, each with `file` and either `failure` or `detections`: a
category's key, a confidence in [0, 1], and `bbox`, [x, y, width, height] in fractions of the frame.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pydantic
from pydantic import Field

from ablate.boxes import Boxes, clip, from_coco, scale
from ablate.errors import UsageError, suggest

_SLACK = 1e-3  # of the frame: detectors round
_EXAMPLES = 3
_FRAME = (1.0, 1.0)


class _Detection(pydantic.BaseModel):
    category: str
    conf: float = Field(ge=0, le=1, allow_inf_nan=False)
    bbox: tuple[float, float, float, float]

    @pydantic.field_validator("bbox")
    @classmethod
    def _within(cls, box: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
        edges = from_coco(box)
        if not (np.isfinite(edges).all() and min(box[2:]) >= 0 and -_SLACK <= edges.min() <= edges.max() <= 1 + _SLACK):
            raise ValueError("not [x, y, width, height] in fractions of the frame")
        return box


class _Image(pydantic.BaseModel):
    file: str
    failure: str | None = None
    detections: list[_Detection] | None = None


class Detections(pydantic.BaseModel):
    """A whole file."""

    info: dict[str, Any] = Field(default_factory=dict)
    detection_categories: dict[str, str]
    images: list[_Image]

    @property
    def detector(self) -> str:
        """What the file says of who made it; empty where it says nothing."""
        return str(self.info.get("detector") or "")


@dataclass(frozen=True)
class Found:
    """A detector's boxes on one photograph, the most confident first.

    Attributes:
        boxes_n4: xyxy in fractions of the frame.
        confidence_n: in [0, 1].
    """

    boxes_n4: Boxes
    confidence_n: Sequence[float]

    def on(self, wh: tuple[int, int]) -> Boxes:
        """The boxes in pixels of a photograph of width and height `wh`."""
        return scale(self.boxes_n4, _FRAME, wh)


def read(path: Path) -> Detections:
    """Reads a file.

    Raises:
        UsageError: it is not of the format; says where.
    """
    try:
        return Detections.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        raise UsageError(f"boxes={path}: no such file") from None
    except IsADirectoryError:
        raise UsageError(f"boxes={path}: a folder; give the detector's JSON file") from None
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the file"
        raise UsageError(f"boxes={path}: not MegaDetector's format: {place}: {first['msg']}") from error


def found_on(
    detections: Detections,
    photographs: Collection[str],
    category: str,
    least: float,
    renamed: Mapping[str, str],
) -> dict[str, Found]:
    """The boxes of a category on each of our photographs.

    Args:
        photographs: their image ids.
        least: confidence that a box must have.
        renamed: file name to image id, where a file is not named after its photograph.

    Raises:
        UsageError: there is no such category, or a photograph is not in the file, or twice, or the detector failed
            on it: a photograph that nobody looked at has no score, not 0.
    """
    key = _key(detections, category)
    wanted = set(photographs)
    images: dict[str, _Image] = {}
    twice = []
    for image in detections.images:
        photograph = next((name for name in _names(image.file, renamed) if name in wanted), None)
        if photograph in images:
            twice.append(photograph)
        if photograph is not None:
            images[photograph] = image
    _refuse("are in the file twice", twice)
    _refuse("are not in the file", sorted(wanted - images.keys()), "the file must be of all photographs of data=")
    failed = [name for name, image in images.items() if image.failure or image.detections is None]
    _refuse("made the detector fail", failed, "run it on them again")
    return {name: _boxes(image.detections or (), key, least) for name, image in images.items()}


def _key(detections: Detections, category: str) -> str:
    keys = {name: key for key, name in detections.detection_categories.items()}
    if category not in keys:
        raise UsageError(f"category={category}: not in the file; {suggest(category, keys)}")
    return keys[category]


def _names(file: str, renamed: Mapping[str, str]) -> Iterable[str]:
    """Which photographs a file may be, the most certain first: by its path, by its name, by its name without suffix."""
    path = PurePosixPath(file.replace("\\", "/"))
    parts = path.parts
    tails = ["/".join(parts[first:]) for first in range(len(parts))]
    yield from (renamed[tail] for tail in tails if tail in renamed)
    for tail in tails:
        yield tail
        yield str(PurePosixPath(tail).with_suffix("")) if PurePosixPath(tail).suffix else tail


def _boxes(detections: Sequence[_Detection], key: str, least: float) -> Found:
    kept = [one for one in detections if one.category == key and one.conf >= least]
    kept.sort(key=lambda one: -one.conf)
    boxes = np.array([from_coco(one.bbox) for one in kept]).reshape(-1, 4)
    return Found(clip(boxes, _FRAME), [one.conf for one in kept])


def _refuse(what: str, names: Sequence[str | None], advice: str = "") -> None:
    if names:
        few = ", ".join(map(str, names[:_EXAMPLES])) + (", ..." if len(names) > _EXAMPLES else "")
        raise UsageError(f"boxes=: {len(names)} photograph(s) {what}: {few}{f'; {advice}' if advice else ''}")


def file_names(annotations: Path) -> dict[str, str]:
    """File name to image id, from a COCO Camera Traps JSON.

    Raises:
        UsageError: it is not one.
    """
    try:
        images = json.loads(annotations.read_bytes())["images"]
        return {str(image["file_name"]).replace("\\", "/"): str(image["id"]) for image in images}
    except FileNotFoundError:
        raise UsageError(f"annotations={annotations}: no such file") from None
    except IsADirectoryError:
        raise UsageError(f"annotations={annotations}: a folder; give the JSON file") from None
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(f"annotations={annotations}: no list of images with id and file_name") from error
