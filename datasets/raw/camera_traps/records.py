"""What is known of one photograph."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

UNKNOWN = "unknown"  # the location of photographs without one

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Annotation:
    """What somebody saw: a category by name, and its COCO box [x, y, w, h] in pixels of the JSON's size, if drawn."""

    category: str
    box_xywh: Box | None


@dataclass(frozen=True, slots=True)
class Record:
    """One photograph as the JSON knows it.

    Attributes:
        file_name: its path below the folder of photographs.
        width, height: of the original photograph, to which boxes refer; None where the JSON does not say. The stored
            file may be smaller.
        captured_at: the camera's clock, which may be wrong; None where it is absent or malformed.
        time: what the JSON says of it, word for word.
        mask: the path of its mask below the folder of masks, where that is not `file_name` with the suffix .png.
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
    mask: str | None = None

    @property
    def wh(self) -> tuple[float, float] | None:
        """The original size, where the JSON tells it."""
        return None if self.width is None or self.height is None else (self.width, self.height)

    def boxes(self, categories: Collection[str]) -> tuple[tuple[Box, str], ...]:
        """The COCO boxes of some categories, each with its category."""
        named = ((annotation.box_xywh, annotation.category) for annotation in self.annotations)
        return tuple((box, category) for box, category in named if box is not None and category in categories)


def names(record: Record) -> set[str]:
    """What an exclusion list may call a photograph."""
    return {record.id, record.file_name, str(Path(record.file_name).with_suffix(""))}
