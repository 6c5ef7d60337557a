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
        labels_hw: 0 where the mask is background, else the label of the component, uint16 or int32.
        label_n: each component's label, int64.
    """

    boxes_n4: Boxes
    areas_n: NDArray[np.int64]
    labels_hw: NDArray[np.uint16 | np.int32]
    label_n: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.areas_n)

    def values(self, picture_hw: NDArray[np.float32], index: int) -> NDArray[np.float32]:
        """A picture's values at the pixels of one component, in raster order."""
        x1, y1, x2, y2 = self.boxes_n4[index].astype(np.int64)
        window = slice(y1, y2), slice(x1, x2)
        values_m: NDArray[np.float32] = picture_hw[window][self.labels_hw[window] == self.label_n[index]]
        return values_m


def components(mask_hw: NDArray[np.bool_]) -> Components:
    """Finds the components of a boolean mask of shape (h, w).

    Area and box follow from the runs of each row: there are far fewer of them than pixels.
    """
    y_r, x1_r, x2_r = _runs(mask_hw)
    count, labels_hw = _labels(mask_hw)
    index_r = labels_hw[y_r, x1_r].astype(np.int64) - 1
    areas_n = np.bincount(index_r, x2_r - x1_r, count).astype(np.int64)
    height, width = mask_hw.shape
    left_n, top_n = np.full(count, width), np.full(count, height)
    right_n, bottom_n = np.zeros((2, count), dtype=np.int64)
    np.minimum.at(left_n, index_r, x1_r)
    np.minimum.at(top_n, index_r, y_r)
    np.maximum.at(right_n, index_r, x2_r)
    np.maximum.at(bottom_n, index_r, y_r + 1)
    order_n = np.argsort(-areas_n, kind="stable")  # labels follow the first pixels
    # By columns in memory: a minimum of thousands of boxes then takes a fiftieth of the time.
    boxes_4n = np.stack([side_n[order_n] for side_n in (left_n, top_n, right_n, bottom_n)]).astype(np.float64)
    return Components(boxes_4n.T, areas_n[order_n], labels_hw, order_n + 1)


def _labels(mask_hw: NDArray[np.bool_]) -> tuple[int, NDArray[np.uint16 | np.int32]]:
    """The number of components, and each pixel's: from 1, in raster order of the components' first pixels."""
    height, width = mask_hw.shape
    most = -(-height // 2) * -(-width // 2)  # each has a 2 x 2 block to itself
    depth = cv2.CV_16U if most < 2**16 else cv2.CV_32S
    # CCL_WU: of OpenCV's algorithms the one that numbers them in this order.
    count, labels_hw = cv2.connectedComponentsWithAlgorithm(mask_hw.view(np.uint8), 8, depth, cv2.CCL_WU)
    return count - 1, labels_hw


def _runs(mask_hw: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """The runs of foreground in raster order: row, first column, and the column behind the last."""
    height, width = mask_hw.shape
    # A pixel of background before each row, and behind the last, so that runs end there.
    flat = np.zeros(height * (width + 1) + 1, dtype=np.bool_)
    flat[:-1].reshape(height, width + 1)[:, 1:] = mask_hw
    changes = np.flatnonzero(flat[1:] != flat[:-1])
    y_r, x1_r = np.divmod(changes[::2], width + 1)
    return y_r, x1_r, x1_r + changes[1::2] - changes[::2]
