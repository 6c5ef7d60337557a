"""Histogram matching: each channel's whole distribution becomes a photograph's, not only its mean and deviation.

In CIELAB, whose channels are nearly uncorrelated: matched one by one in RGB, they would mix colours that neither
picture has.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datasets.raw.images import Pixels
from datasets.translate import Domains
from datasets.translate._lab import StyleParameters as Parameters
from datasets.translate._lab import to_lab, to_rgb

_RANGES = ((0.0, 100.0), (-128.0, 128.0), (-128.0, 128.0))  # of L, a and b
_BINS = 256  # of a look; between their edges values are taken as evenly spread
_FINE = 4096  # of the image to translate, so that it keeps its gradations


@dataclass(frozen=True)
class Histogram:
    """Attributes: cumulative_n3b: of each look to draw from, the share of pixels below each bin's upper edge."""

    cumulative_n3b: NDArray[np.float32]

    def translate(self, image_hw3: Pixels, rng: np.random.Generator, /) -> Pixels:
        """Takes the distributions of one look, all equally likely."""
        cumulative_3b = self.cumulative_n3b[int(rng.integers(len(self.cumulative_n3b)))]
        lab_hw3 = to_lab(image_hw3)
        moved = [matched(lab_hw3[..., channel], cumulative_3b[channel], _RANGES[channel]) for channel in range(3)]
        return to_rgb(np.stack(moved, axis=-1).astype(np.float32))


def fit(domains: Domains, parameters: Parameters) -> Histogram:
    """Measures all photographs; with `style=all` each counts alike, whatever its size."""
    photos = domains.target
    cumulative_n3b = np.stack([cumulative(to_lab(photos[index])) for index in range(len(photos))])
    if parameters.style == "all":
        cumulative_n3b = cumulative_n3b.mean(axis=0, keepdims=True)
    return Histogram(cumulative_n3b.astype(np.float32))


def cumulative(lab_hw3: NDArray[np.float32]) -> NDArray[np.float64]:
    """The share of pixels below each bin's upper edge, for each channel; shape (3, bins)."""
    counted = [_counts(lab_hw3[..., channel], _RANGES[channel], _BINS)[0] for channel in range(3)]
    return np.cumsum(counted, axis=1) / lab_hw3[..., 0].size


def matched(
    values_hw: NDArray[np.float32], cumulative_b: NDArray[np.float32], limits: tuple[float, float]
) -> NDArray[np.float64]:
    """Values moved so that their ranks stay and their distribution becomes the given one; equal values stay equal."""
    counts, bin_hw = _counts(values_hw, limits, _FINE)
    rank = (np.cumsum(counts) - counts / 2) / values_hw.size  # of a bin's middle, in (0, 1)
    edges = np.linspace(*limits, len(cumulative_b) + 1)
    moved: NDArray[np.float64] = np.interp(rank, np.concatenate([[0.0], cumulative_b]), edges)[bin_hw]
    return moved


def _counts(
    values_hw: NDArray[np.float32], limits: tuple[float, float], bins: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """How many values lie in each bin, and the bin of each value."""
    low, high = limits
    bin_hw = np.clip((values_hw - low) * (bins / (high - low)), 0, bins - 1).astype(np.int64)
    return np.bincount(bin_hw.ravel(), minlength=bins), bin_hw
