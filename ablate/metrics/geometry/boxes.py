"""Boxes and their overlap.

All boxes are xyxy, in pixels, half-open: a box of one pixel at the origin is (0, 0, 1, 1).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Boxes = NDArray[np.float64]


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
