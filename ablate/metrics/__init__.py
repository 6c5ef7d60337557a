"""What is measured on one photograph.

A metric is one module here with `FIELDS`, the columns that it adds to `images`, and
`measure(prediction, truth) -> dict`, their values for one photograph. Every module found here is measured.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ablate.metrics.geometry.boxes import Boxes, scale
from ablate.metrics.geometry.components import Components, components


@dataclass(frozen=True)
class Truth:
    """What is known of a photograph.

    Attributes:
        boxes_n4: true boxes, xyxy in pixels of the stored photograph; none on an empty photograph.
        wh: width and height of the stored photograph, pixels.
        mask_hw: the true mask at network resolution, bool; None where photographs have no masks.
    """

    boxes_n4: Boxes
    wh: tuple[int, int]
    mask_hw: NDArray[np.bool_] | None = None


@dataclass(frozen=True)
class Segments:
    """A prediction pixel by pixel.

    Attributes:
        foreground_hw: probability >= threshold at network resolution, bool.
        components: of the foreground, largest first, boxes in network pixels.
    """

    foreground_hw: NDArray[np.bool_]
    components: Components


@dataclass(frozen=True)
class Prediction:
    """What is said about a photograph.

    Attributes:
        boxes_n4: xyxy in pixels of the stored photograph, the one that counts first: of a network the box of the
            largest component, of a detector the most confident one.
        score: of the first box, in [0, 1]; None without one.
        segments: None where only boxes are known.
    """

    boxes_n4: Boxes
    score: float | None
    segments: Segments | None = None

    @classmethod
    def of(cls, probability_hw: NDArray[np.float32], threshold: float, wh: tuple[int, int]) -> Prediction:
        """Thresholds a probability map and finds its boxes on a photograph of width and height `wh`.

        Args:
            probability_hw: at network resolution, float32 in [0, 1].
        """
        foreground = probability_hw >= threshold
        found = components(foreground)
        height, width = foreground.shape
        score = float(found.values(probability_hw, 0).mean()) if len(found) else None
        return cls(scale(found.boxes_n4, (width, height), wh), score, Segments(foreground, found))

    @classmethod
    def of_boxes(cls, boxes_n4: Boxes, score: float | None) -> Prediction:
        """A detector's boxes, the most confident first."""
        return cls(boxes_n4, score)
