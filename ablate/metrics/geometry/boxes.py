"""Masks to components to boxes, and the overlap of boxes.

All boxes are xyxy, in pixels, half-open: a box of one pixel at the origin is (0, 0, 1, 1).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

Boxes = NDArray[np.float64]


@dataclass(frozen=True)
class Components:
    """The 8-connected components of a mask, largest first; equal ones by their first pixel in raster order.

    Attributes:
        boxes_n4: xyxy in mask pixels, float64.
        areas_n: pixels of each component, int64.
        labels_hw: 0 where the mask is background, else 1 + the component's index, int32.
    """

    boxes_n4: Boxes
    areas_n: NDArray[np.int64]
    labels_hw: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.areas_n)


def components(mask_hw: NDArray[np.bool_]) -> Components:
    """Finds the components of a boolean mask of shape (h, w)."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(
        np.ascontiguousarray(mask_hw, dtype=np.uint8), connectivity=8, ltype=cv2.CV_32S
    )
    areas = stats[1:, cv2.CC_STAT_AREA].astype(np.int64)
    order = np.argsort(-areas) if len(np.unique(areas)) == len(areas) else np.lexsort((_first(labels, count), -areas))
    x, y, w, h = (stats[1:, column].astype(np.float64) for column in range(4))
    rank = np.zeros(count, dtype=np.int32)
    rank[1 + order] = np.arange(1, count, dtype=np.int32)
    return Components(np.stack([x, y, x + w, y + h], axis=1)[order], areas[order], rank[labels])


def _first(labels_hw: NDArray[np.int32], count: int) -> NDArray[np.int64]:
    """The first pixel of each component in raster order, which decides between components of one area."""
    first = np.zeros(count, dtype=np.int64)
    flat = labels_hw.ravel()
    # Written back to front, the last write of each label is its first pixel.
    first[flat[::-1]] = np.arange(flat.size - 1, -1, -1)
    return first[1:]


def enclosing(boxes_n4: Boxes) -> Boxes:
    """The smallest box round all boxes, shape (1, 4); shape (0, 4) where there is none."""
    if len(boxes_n4) == 0:
        return boxes_n4
    return np.concatenate([boxes_n4[:, :2].min(axis=0), boxes_n4[:, 2:].max(axis=0)])[None]


def area(boxes_n4: Boxes) -> NDArray[np.float64]:
    """Square pixels of each box, shape (n,)."""
    sides: NDArray[np.float64] = np.maximum(boxes_n4[:, 2:] - boxes_n4[:, :2], 0.0)
    return sides[:, 0] * sides[:, 1]


def intersection(a_n4: Boxes, b_m4: Boxes) -> NDArray[np.float64]:
    """Square pixels that each pair of boxes shares, shape (n, m)."""
    top_left = np.maximum(a_n4[:, None, :2], b_m4[None, :, :2])
    bottom_right = np.minimum(a_n4[:, None, 2:], b_m4[None, :, 2:])
    sides: NDArray[np.float64] = np.maximum(bottom_right - top_left, 0.0)
    return sides[..., 0] * sides[..., 1]


def iou(a_n4: Boxes, b_m4: Boxes) -> NDArray[np.float64]:
    """Intersection over union of each pair of boxes, in [0, 1], shape (n, m); 0 where both are empty."""
    shared = intersection(a_n4, b_m4)
    union = area(a_n4)[:, None] + area(b_m4)[None, :] - shared
    return np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)


def scale(boxes_n4: Boxes, from_wh: tuple[float, float], to_wh: tuple[float, float]) -> Boxes:
    """Boxes of a picture of one size on the same picture at another size."""
    factors = np.array([to_wh[0] / from_wh[0], to_wh[1] / from_wh[1]])
    scaled: Boxes = boxes_n4 * np.tile(factors, 2)
    return scaled


def clip(boxes_n4: Boxes, wh: tuple[float, float]) -> Boxes:
    """Boxes cut off at the frame of a picture of width and height `wh`."""
    clipped: Boxes = np.clip(boxes_n4, 0.0, np.tile(np.asarray(wh, dtype=np.float64), 2))
    return clipped


def from_coco(box: ArrayLike) -> Boxes:
    """The one conversion from COCO's [x, y, width, height] to xyxy, shape (4,)."""
    x, y, w, h = np.asarray(box, dtype=np.float64)
    return np.array([x, y, x + w, y + h])


def stack(boxes: ArrayLike) -> Boxes:
    """A list of boxes, possibly empty, as an array of shape (n, 4)."""
    return np.asarray(boxes, dtype=np.float64).reshape(-1, 4)
