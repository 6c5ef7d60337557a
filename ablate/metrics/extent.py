"""How much was predicted, and in how many pieces."""

from __future__ import annotations

import pyarrow as pa

from ablate.metrics import Prediction, Truth

FIELDS = (
    pa.field("n_components", pa.int64()),  # 8-connected components of the foreground; of a detector its boxes
    pa.field("foreground", pa.float64()),  # fraction of the picture that is foreground; null: only boxes known
    pa.field("largest", pa.float64()),  # fraction of the picture that the largest component covers
)


def measure(prediction: Prediction, truth: Truth) -> dict[str, object]:
    """Values of `FIELDS`; fractions in [0, 1]."""
    del truth
    if prediction.segments is None:
        return {"n_components": len(prediction.boxes_n4), "foreground": None, "largest": None}
    pixels = prediction.segments.foreground_hw.size
    areas = prediction.segments.components.areas_n
    return {
        "n_components": len(areas),
        "foreground": float(areas.sum() / pixels),
        "largest": float(areas[0] / pixels) if len(areas) else 0.0,
    }
