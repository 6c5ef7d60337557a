"""What of an animal is seen, by its masks."""

from __future__ import annotations

import numpy as np

from datasets.render.noise import Mask

LEAST_VISIBLE = 0.30  # of the animal's pixels within the frame


def seen(visible: Mask, whole: Mask) -> float:
    """The visible share of an animal's pixels, given its masks (h,w); 0 for an animal outside the frame."""
    return float(visible.sum()) / max(float(whole.sum()), 1.0)


def box_of(mask: Mask) -> tuple[int, int, int, int]:
    """x, y, width, height in pixels of a mask (h,w) that is not empty."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    left, top = int(columns[0]), int(rows[0])
    return left, top, int(columns[-1]) + 1 - left, int(rows[-1]) + 1 - top
