"""CIELAB: lightness apart from two nearly uncorrelated colour axes, so that each can be moved by itself."""

from __future__ import annotations

from typing import Annotated, Literal

import cv2
import numpy as np
import pydantic
from numpy.typing import NDArray
from pydantic import Field

from datasets.raw.images import Pixels


class StyleParameters(pydantic.BaseModel):
    """Whose look."""

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

    style: Annotated[
        Literal["photo", "all"],
        Field(description="photo: that of one photograph, drawn for each crop; all: that of all photographs together"),
    ] = "photo"


def to_lab(image_hw3: Pixels) -> NDArray[np.float32]:
    """sRGB to CIELAB: L in [0, 100], a and b about +-100."""
    lab_hw3: NDArray[np.float32] = cv2.cvtColor(np.float32(image_hw3) / np.float32(255), cv2.COLOR_RGB2LAB)
    return lab_hw3


def to_rgb(lab_hw3: NDArray[np.float32]) -> Pixels:
    """CIELAB to sRGB; colours that a screen cannot show are clipped."""
    rgb_hw3 = cv2.cvtColor(lab_hw3, cv2.COLOR_LAB2RGB)
    image_hw3: Pixels = np.clip(np.rint(rgb_hw3 * 255.0), 0, 255).astype(np.uint8)
    return image_hw3
