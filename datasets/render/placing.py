"""What of an animal is seen, by its masks."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import label

from datasets.render.noise import Mask

LEAST_VISIBLE = 0.30  # of the animal's pixels within the frame
LEAST_PIECE = 0.01  # of an animal's visible pixels


def without_specks(visible: Mask) -> Mask:
    """An animal's visible mask (h,w) without pieces below `LEAST_PIECE` of it: single hairs, gaps between leaves.

    Each piece would else count as an animal of its own where masks are split into connected parts.
    """
    pieces, count = label(visible, np.ones((3, 3)))
    if count < 2:
        return visible
    sizes = np.bincount(pieces.ravel(), minlength=count + 1)
    kept = sizes >= LEAST_PIECE * sizes[1:].sum()
    kept[0] = False
    found: Mask = kept[pieces]
    return found


def seen(visible: Mask, whole: Mask) -> float:
    """The visible share of an animal's pixels, given its masks (h,w); 0 for an animal outside the frame."""
    return float(visible.sum()) / max(float(whole.sum()), 1.0)


def box_of(mask: Mask) -> tuple[int, int, int, int]:
    """x, y, width, height in pixels of a mask (h,w) that is not empty."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    left, top = int(columns[0]), int(rows[0])
    return left, top, int(columns[-1]) + 1 - left, int(rows[-1]) + 1 - top
