"""How much of a picture's structure a translation keeps: do edges stay where they were?"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray
from torch import Tensor

_FLAT = 1e-6
_MARGIN = 3  # pixels


def edge_correlation(before_n3hw: Tensor, after_n3hw: Tensor, mask_nhw: Sequence[NDArray[np.bool_]]) -> float:
    """The mean over pictures of the correlation between gradient magnitudes before and after; NaN without an edge.

    1 where all edges stay in their proportions, 0 where new ones have nothing to do with the old. Colours do not count,
    nor does the background: only the animal and what is within `_MARGIN` pixels of it.

    Args:
        before_n3hw: uint8 RGB; `after_n3hw`: the same pictures, translated, in the same order.
        mask_nhw: their masks, true where the animal is.
    """
    found = []
    for before_3hw, after_3hw, mask_hw in zip(before_n3hw, after_n3hw, mask_nhw, strict=True):
        near_hw = cv2.dilate(mask_hw.astype(np.uint8), np.ones((2 * _MARGIN + 1,) * 2, np.uint8)) > 0
        if near_hw.any():
            found.append(_correlation(_edges(before_3hw)[near_hw], _edges(after_3hw)[near_hw]))
    found = [value for value in found if np.isfinite(value)]
    return float(np.mean(found)) if found else float("nan")


def _edges(image_3hw: Tensor) -> NDArray[np.float32]:
    """Magnitude of the gradient of the luma, a little smoothed: an edge may move by a pixel."""
    grey_hw = cv2.cvtColor(image_3hw.permute(1, 2, 0).contiguous().numpy(), cv2.COLOR_RGB2GRAY).astype(np.float32)
    magnitude_hw = np.hypot(cv2.Sobel(grey_hw, cv2.CV_32F, 1, 0), cv2.Sobel(grey_hw, cv2.CV_32F, 0, 1))
    smoothed_hw: NDArray[np.float32] = cv2.GaussianBlur(magnitude_hw, (3, 3), 0).astype(np.float32)
    return smoothed_hw


def _correlation(one_n: NDArray[np.float32], two_n: NDArray[np.float32]) -> float:
    one, two = one_n - one_n.mean(), two_n - two_n.mean()
    scale = float(np.sqrt((one**2).sum() * (two**2).sum()))
    return float((one * two).sum()) / scale if scale > _FLAT else float("nan")
