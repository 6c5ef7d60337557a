"""What is measured on one photograph.

A metric is one module here with `FIELDS`, the columns that it adds to `images`, and
`measure(prediction, truth) -> dict`, their values for one photograph. Every module found here is measured.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ablate.boxes import Boxes, Components, components, scale


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
class Prediction:
    """What a network says about a photograph.

    Attributes:
        foreground_hw: probability >= threshold at network resolution, bool.
        probability_hw: at network resolution, float32 in [0, 1].
        components: of the foreground, largest first, boxes in network pixels.
        boxes_n4: the components' boxes, xyxy in pixels of the stored photograph.
    """

    foreground_hw: NDArray[np.bool_]
    probability_hw: NDArray[np.float32]
    components: Components
    boxes_n4: Boxes

    @classmethod
    def of(cls, probability_hw: NDArray[np.float32], threshold: float, wh: tuple[int, int]) -> Prediction:
        """Thresholds a probability map and finds its boxes on a photograph of width and height `wh`."""
        foreground = probability_hw >= threshold
        found = components(foreground)
        height, width = foreground.shape
        return cls(foreground, probability_hw, found, scale(found.boxes_n4, (width, height), wh))
