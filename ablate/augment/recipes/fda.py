"""Fourier domain adaptation: the low frequencies' amplitude becomes a photograph's, the phase stays.

Yang, Soatto: FDA: Fourier Domain Adaptation for Semantic Segmentation (CVPR 2020), section 3.1. The band and the result
are those of `datasets.translate.fda`, which does it once for all epochs; here the photograph is another one each time.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ablate.augment import Augmentation
from ablate.augment.recipes import Photographs


def build(strength: float, photographs: Photographs | None) -> Augmentation:
    """Takes the amplitudes of one photograph for each image, all equally likely; masks are left as they are.

    Args:
        strength: the paper's beta, in (0, 0.5): the highest swapped frequency as a share of the shorter side, both
            along rows and along columns. The mean is swapped at any strength.
        photographs: those whose amplitudes are taken.

    Raises:
        ValueError: there are no photographs.
    """
    if photographs is None or not len(photographs):
        raise ValueError("fda takes amplitudes from photographs, and there are none")

    def augment(image_b3hw: Tensor, mask_b1hw: Tensor) -> tuple[Tensor, Tensor]:
        index_b = torch.randint(len(photographs), (len(image_b3hw),))
        photograph_b3hw, _ = photographs.batch(index_b, image_b3hw.device)
        return _swapped(image_b3hw, photograph_b3hw.to(image_b3hw.dtype), strength).clamp(0, 1), mask_b1hw

    return augment


def _swapped(image_b3hw: Tensor, photograph_b3hw: Tensor, beta: float) -> Tensor:
    """The image with the photograph's amplitude at low frequencies (the paper's equation 2), before it is clipped."""
    height, width = image_b3hw.shape[-2:]
    spectrum_b3hf = torch.fft.rfft2(image_b3hw)
    amplitude_b3hf = torch.fft.rfft2(photograph_b3hw).abs()
    limit = math.floor(beta * min(height, width)) + 0.5  # halfway: frequencies are whole up to rounding
    low_h1 = torch.fft.fftfreq(height, 1 / height, device=image_b3hw.device).abs()[:, None] <= limit
    low_f = torch.fft.rfftfreq(width, 1 / width, device=image_b3hw.device) <= limit
    swapped_b3hf = torch.where(low_h1 & low_f, torch.polar(amplitude_b3hf, spectrum_b3hf.angle()), spectrum_b3hf)
    changed_b3hw: Tensor = torch.fft.irfft2(swapped_b3hf, s=(height, width))
    return changed_b3hw
