"""Overlap of the predicted with the true mask, where photographs have masks (as the demo's have)."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from ablate.metrics import Prediction, Truth

FIELDS = (pa.field("mask_iou", pa.float64()),)  # at network resolution; null without a mask


def measure(prediction: Prediction, truth: Truth) -> dict[str, object]:
    """Values of `FIELDS`: intersection over union of the foreground with the true mask, in [0, 1]."""
    if prediction.segments is None or truth.mask_hw is None or not truth.mask_hw.any():
        return {"mask_iou": None}
    shared = np.count_nonzero(prediction.segments.foreground_hw & truth.mask_hw)
    union = np.count_nonzero(prediction.segments.foreground_hw | truth.mask_hw)
    return {"mask_iou": shared / union}
