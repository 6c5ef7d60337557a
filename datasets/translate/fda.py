"""Fourier domain adaptation: the low frequencies' amplitude becomes a photograph's, the phase stays.

Yang, Soatto: FDA: Fourier Domain Adaptation for Semantic Segmentation (2020), section 3.1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import cv2
import numpy as np
import pydantic
from numpy.typing import NDArray
from pydantic import Field

from datasets.raw.images import Pixels
from datasets.translate import Domains, Photos


class Parameters(pydantic.BaseModel):
    """How much is swapped."""

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

    beta: Annotated[
        float,
        Field(ge=0, le=0.5, description="highest swapped frequency, as a share of the shorter side; 0: none"),
    ] = 0.01


@dataclass(frozen=True)
class Fda:
    """Swaps frequencies up to `beta` times the shorter side, both along rows and along columns."""

    photos: Photos
    beta: float

    def translate(self, image_hw3: Pixels, rng: np.random.Generator, /) -> Pixels:
        """Takes the amplitudes of one photograph, all equally likely, squashed to the image's size."""
        photo_hw3 = self.photos[int(rng.integers(len(self.photos)))]
        if self.beta == 0:
            return image_hw3.copy()
        height, width = image_hw3.shape[:2]
        style_hw3 = cv2.resize(photo_hw3, (width, height), interpolation=cv2.INTER_AREA)
        return np.clip(np.rint(swap(image_hw3, style_hw3, self.beta)), 0, 255).astype(np.uint8)


def fit(domains: Domains, parameters: Parameters) -> Fda:
    """Nothing is learned: each photograph is looked at when it is drawn."""
    return Fda(domains.target, parameters.beta)


def swap(image_hw3: Pixels, style_hw3: Pixels, beta: float) -> NDArray[np.float64]:
    """The image with the style's amplitude at low frequencies (the paper's equation 2), before it is clipped."""
    image = np.fft.rfft2(image_hw3, axes=(0, 1))
    amplitude = np.abs(np.fft.rfft2(style_hw3, axes=(0, 1)))
    low = low_frequencies(image_hw3.shape[0], image_hw3.shape[1], beta)[..., None]
    mixed = np.where(low, amplitude * np.exp(1j * np.angle(image)), image)
    return np.fft.irfft2(mixed, s=image_hw3.shape[:2], axes=(0, 1))


def low_frequencies(height: int, width: int, beta: float) -> NDArray[np.bool_]:
    """Which terms of a real transform are swapped, shape (height, width // 2 + 1); the mean always is."""
    limit = np.floor(beta * min(height, width))
    rows = np.abs(np.fft.fftfreq(height, 1 / height)) <= limit + 1e-9
    columns = np.fft.rfftfreq(width, 1 / width) <= limit + 1e-9
    return np.asarray(rows[:, None] & columns[None, :])
