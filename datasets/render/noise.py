"""Seeds, smooth random fields, and the two directions of the sRGB curve."""

from __future__ import annotations

from collections.abc import Sequence
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


def generator(seed: int, *path: str | int) -> np.random.Generator:
    """A generator that depends on the seed and on the names given, and on nothing else (order of work, worker)."""
    words = [crc32(str(part).encode()) for part in path]
    return np.random.default_rng([seed, *words])


def spectral(rng: np.random.Generator, size: int, roughness: float) -> Array:
    """A tileable field (size,size), uniform in [0, 1]; the larger `roughness`, the larger and softer its patches."""
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(size), np.fft.fftfreq(size), indexing="ij")) * size
    amplitude = np.where(frequency > 0, np.maximum(frequency, 1.0) ** -roughness, 0.0)
    field = np.fft.ifft2(np.fft.fft2(rng.standard_normal((size, size))) * amplitude).real
    ranks = np.empty(size * size)
    ranks[np.argsort(field, axis=None, kind="stable")] = np.linspace(0, 1, size * size)
    return ranks.reshape(size, size)


class Waves:
    """A sum of random plane waves: a smooth function of points (n,dims), roughly in [-1, 1], without a grid."""

    def __init__(self, rng: np.random.Generator, dims: int, wavelengths: Sequence[float], each: int = 3) -> None:
        lengths = np.repeat(np.asarray(wavelengths, float), each)
        direction = rng.standard_normal((len(lengths), dims))
        direction /= np.linalg.norm(direction, axis=1, keepdims=True)
        self.vectors = 2 * np.pi * direction / lengths[:, None]
        self.phases = rng.uniform(0, 2 * np.pi, len(lengths))
        self.weights = lengths / lengths.sum()

    def __call__(self, points: Array) -> Array:
        values: Array = np.sin(points @ self.vectors.T + self.phases) @ self.weights * 1.4
        return values


def blend(colours: Array, position: Array) -> Array:
    """Colours (k,3) interpolated at `position` (...) in [0, 1]: (...,3)."""
    stops = np.linspace(0, 1, len(colours))
    return np.stack([np.interp(position, stops, colours[:, c]) for c in range(3)], -1)


def linear(srgb: Array) -> Array:
    """sRGB in [0, 1] to linear light."""
    values = np.clip(srgb, 0.0, 1.0)
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def srgb(light: Array) -> Array:
    """Linear light to sRGB in [0, 1]; brighter light is clipped."""
    values = np.clip(light, 0.0, 1.0)
    return np.where(values <= 0.0031308, values * 12.92, 1.055 * values ** (1 / 2.4) - 0.055)
