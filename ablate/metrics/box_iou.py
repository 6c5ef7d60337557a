"""The paper's measure: overlap of the box round the largest segment with the true box (section 3.4)."""

from __future__ import annotations

import pyarrow as pa

from ablate.metrics import Prediction, Truth
from ablate.metrics.geometry.boxes import enclosing, iou

FIELDS = (
    pa.field("pred_box", pa.list_(pa.float64())),  # largest component, xyxy photograph pixels; null: nothing found
    pa.field("score", pa.float64()),  # mean probability inside the largest component; of a detector its confidence
    pa.field("iou", pa.float64()),  # largest component against the best-matching true box; null: no true box
    pa.field("iou_any", pa.float64()),  # best component against its best-matching true box
    pa.field("iou_all", pa.float64()),  # one box round all foreground against the best-matching true box
)


def measure(prediction: Prediction, truth: Truth) -> dict[str, object]:
    """Values of `FIELDS`. A photograph with an animal in which nothing is found scores 0."""
    found = len(prediction.boxes_n4) > 0
    values: dict[str, object] = {"pred_box": None, "score": None, "iou": None, "iou_any": None, "iou_all": None}
    if found:
        values["pred_box"] = prediction.boxes_n4[0].tolist()
        values["score"] = prediction.score
    if len(truth.boxes_n4):
        overlap_nm = iou(prediction.boxes_n4, truth.boxes_n4)
        values["iou"] = float(overlap_nm[0].max()) if found else 0.0
        values["iou_any"] = float(overlap_nm.max(initial=0.0))
        values["iou_all"] = float(iou(enclosing(prediction.boxes_n4), truth.boxes_n4).max(initial=0.0))
    return values
