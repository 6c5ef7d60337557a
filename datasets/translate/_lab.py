"""CIELAB: lightness apart from two nearly uncorrelated colour axes, so that each can be moved by itself."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from datasets.raw.images import Pixels


def to_lab(image_hw3: Pixels) -> NDArray[np.float32]:
    """sRGB to CIELAB: L in [0, 100], a and b about +-100."""
    lab_hw3: NDArray[np.float32] = cv2.cvtColor(np.float32(image_hw3) / np.float32(255), cv2.COLOR_RGB2LAB)
    return lab_hw3


def to_rgb(lab_hw3: NDArray[np.float32]) -> Pixels:
    """CIELAB to sRGB; colours that a screen cannot show are clipped."""
    rgb_hw3 = cv2.cvtColor(lab_hw3, cv2.COLOR_LAB2RGB)
    image_hw3: Pixels = np.clip(np.rint(rgb_hw3 * 255.0), 0, 255).astype(np.uint8)
    return image_hw3
