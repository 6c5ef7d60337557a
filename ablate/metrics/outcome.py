"""One word for what happened on a photograph: the paper's figures 2-8."""

from __future__ import annotations

import pyarrow as pa

from ablate.metrics import Prediction, Truth
from ablate.metrics.geometry.boxes import area, enclosing, intersection, iou

FIELDS = (pa.field("outcome", pa.string()),)

OUTCOMES = ("hit", "partial", "oversized", "fragmented", "elsewhere", "missed", "false_alarm", "quiet")


def measure(prediction: Prediction, truth: Truth) -> dict[str, object]:
    """Values of `FIELDS`: one of `OUTCOMES`, the last two on photographs without an animal."""
    return {"outcome": _outcome(prediction, truth)}


def _outcome(prediction: Prediction, truth: Truth) -> str:
    found = len(prediction.boxes_n4) > 0
    if len(truth.boxes_n4) == 0:
        return "false_alarm" if found else "quiet"
    if not found:
        return "missed"
    box_14 = prediction.boxes_n4[:1]
    if iou(box_14, truth.boxes_n4).max() >= 0.5:
        return "hit"
    if iou(enclosing(prediction.boxes_n4), truth.boxes_n4).max() >= 0.5:
        return "fragmented"
    shared_m = intersection(box_14, truth.boxes_n4)[0]
    if not (shared_m > 0).any():
        return "elsewhere"
    true_m = area(truth.boxes_n4)
    oversized = (shared_m >= 0.5 * true_m) & (area(box_14)[0] >= 2.0 * true_m)
    return "oversized" if oversized.any() else "partial"
