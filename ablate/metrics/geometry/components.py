"""The connected components of a mask, and the boxes round them. The largest one is the paper's prediction."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ablate.metrics.geometry.boxes import Boxes


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
