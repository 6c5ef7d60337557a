"""Colour transfer: each channel's mean and standard deviation become a photograph's.

Reinhard, Ashikhmin, Gooch, Shirley: Color Transfer between Images (2001), section 3; in CIELAB instead of their lab,
as most later work does: both put lightness apart from two nearly uncorrelated colour axes.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from datasets.raw.images import Pixels
from datasets.translate import Domains
from datasets.translate._lab import StyleParameters as Parameters
from datasets.translate._lab import to_lab, to_rgb

_FLAT = 1e-3  # a channel that varies less holds no contrast to stretch


@dataclass(frozen=True)
class Reinhard:
    """Attributes: mean_n3, std_n3: CIELAB statistics of each look to draw from, L in [0, 100], float64."""

    mean_n3: NDArray[np.float64]
    std_n3: NDArray[np.float64]

    def translate(self, image_hw3: Pixels, rng: np.random.Generator, /) -> Pixels:
        """Takes the statistics of one look, all equally likely."""
        index = int(rng.integers(len(self.mean_n3)))
        lab_hw3 = to_lab(image_hw3)
        mean_3, std_3 = statistics(lab_hw3)
        gain_3 = np.where(std_3 > _FLAT, self.std_n3[index] / np.maximum(std_3, _FLAT), 1.0)
        moved_hw3 = (lab_hw3 - mean_3) * gain_3 + self.mean_n3[index]
        return to_rgb(moved_hw3.astype(np.float32))


def fit(domains: Domains, parameters: Parameters) -> Reinhard:
    """Measures all photographs; `style=all` makes their mean statistics the one look, as the paper has one style."""
    photos = domains.target
    measured = [statistics(to_lab(photos[index])) for index in range(len(photos))]
    mean_n3, std_n3 = np.stack([mean_3 for mean_3, _ in measured]), np.stack([std_3 for _, std_3 in measured])
    if parameters.style == "all":
        return Reinhard(mean_n3.mean(axis=0, keepdims=True), std_n3.mean(axis=0, keepdims=True))
    return Reinhard(mean_n3, std_n3)


def statistics(lab_hw3: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and standard deviation of each channel, shape (3,)."""
    mean_31, std_31 = cv2.meanStdDev(lab_hw3)
    return mean_31[:, 0], std_31[:, 0]
