"""How near two sets of pictures look: a Fréchet distance between their colour and texture statistics.

The distance is that of Heusel et al. (2017), equation 6, without their network: no weights are needed, so that it is
the same everywhere. It says nothing of what is in the pictures.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
import scipy.linalg
from numpy.typing import NDArray
from torch import Tensor

from datasets.translate._lab import to_lab

Features = NDArray[np.float64]

NAMES = (  # of the features, in their order
    *(f"{what} of {channel}" for what in ("mean", "deviation") for channel in ("L", "a", "b")),
    "correlation of L and a",
    "correlation of L and b",
    *(f"contrast at {2**octave} px" for octave in range(4)),
)
_LEAST = 1e-3


def features(image_n3hw: Tensor) -> Features:
    """The statistics `NAMES` of uint8 RGB pictures, shape (n, 12): CIELAB's, and the log contrast of four octaves."""
    return np.stack([_of_one(image_3hw.permute(1, 2, 0).contiguous().numpy()) for image_3hw in image_n3hw])


def frechet(one_nf: Features, two_nf: Features, unit_f: Features) -> float:
    """The distance of two normal distributions that are fitted to features: the root of what is called FID.

    Args:
        unit_f: what each feature is measured in, so that none counts by its size.
    """
    one_nf, two_nf = one_nf / unit_f, two_nf / unit_f
    cov_one, cov_two = np.cov(one_nf, rowvar=False), np.cov(two_nf, rowvar=False)
    between = scipy.linalg.sqrtm(cov_one @ cov_two).real  # rounding leaves imaginary parts of 1e-9
    means = float(((one_nf.mean(axis=0) - two_nf.mean(axis=0)) ** 2).sum())
    squared = means + float(np.trace(cov_one + cov_two - 2 * between))
    return math.sqrt(max(0.0, squared))


def unit(photo_nf: Features) -> Features:
    """The photographs' own spread in each feature."""
    spread_f: Features = np.maximum(photo_nf.std(axis=0), _LEAST)
    return spread_f


def _of_one(image_hw3: NDArray[np.uint8]) -> Features:
    lab_hw3 = to_lab(image_hw3).astype(np.float64)
    flat_n3 = lab_hw3.reshape(-1, 3)
    centred_n3 = flat_n3 - flat_n3.mean(axis=0)
    deviation_3 = np.maximum(flat_n3.std(axis=0), _LEAST)
    tilt_2 = (centred_n3[:, :1] * centred_n3[:, 1:]).mean(axis=0) / (deviation_3[0] * deviation_3[1:])
    found: Features = np.concatenate([flat_n3.mean(axis=0), deviation_3, tilt_2, _octaves(lab_hw3[..., 0])])
    return found


def _octaves(light_hw: NDArray[np.float64]) -> Features:
    """Log of the deviation of L in each band of a Laplacian pyramid, the finest first."""
    found = []
    for _ in range(4):
        height, width = light_hw.shape
        smaller_hw = cv2.pyrDown(light_hw)
        band_hw = light_hw - cv2.pyrUp(smaller_hw, dstsize=(width, height))
        found.append(np.log(max(float(band_hw.std()), _LEAST)))
        light_hw = smaller_hw
    return np.array(found)
