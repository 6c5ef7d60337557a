"""PASTA: amplitudes are changed at random in the Fourier domain, those of high frequencies more than those of low ones.

Chattopadhyay, Sarangmath, Vijaykumar, Hoffman: PASTA: Proportional Amplitude Spectrum Training Augmentation for
Syn-to-Real Domain Generalization (ICCV 2023, arXiv 2212.00979). The amplitude of each channel at the frequency (m, n)
is multiplied by a factor drawn from a normal distribution of mean 1 and deviation

    sigma(m, n) = (2 alpha sqrt((m^2 + n^2) / (H^2 + W^2)))^k + beta

with m in [-H/2, H/2] and n in [-W/2, W/2]. The phase stays, but that a negative factor turns it around, as there.

The authors draw one factor for (m, n) and another for (-m, -n), and take the real part of what comes out, which is the
image whose factor at both is the mean of the two. We draw that mean, of deviation sigma / sqrt(2): the same images by
half of the draws, at the strengths that the paper reports.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ablate.augment import Augmentation
from ablate.augment.recipes import Photographs

# The paper's, which sets alpha to 3.
_K, _BETA = 2, 0.25


def build(strength: float, photographs: Photographs | None) -> Augmentation:
    """Random amplitudes of every image and channel; masks are left as they are.

    Args:
        strength: alpha, > 0.
        photographs: not looked at.
    """

    def augment(image_b3hw: Tensor, mask_b1hw: Tensor) -> tuple[Tensor, Tensor]:
        spectrum_b3hf = torch.fft.rfft2(image_b3hw) * (1 + _noise(image_b3hw) * _deviation(image_b3hw, strength))
        changed_b3hw: Tensor = torch.fft.irfft2(spectrum_b3hf, s=image_b3hw.shape[-2:])
        return changed_b3hw.clamp(0, 1), mask_b1hw

    return augment


def _deviation(image_b3hw: Tensor, alpha: float) -> Tensor:
    """sigma_hf, at the frequencies of a real transform."""
    height, width = image_b3hw.shape[-2:]
    like = {"device": image_b3hw.device, "dtype": image_b3hw.dtype}
    m_h1 = torch.fft.fftfreq(height, 1 / height, **like)[:, None]
    n_f = torch.fft.rfftfreq(width, 1 / width, **like)
    radius_hf: Tensor = ((m_h1.square() + n_f.square()) / (height**2 + width**2)).sqrt()
    return (2 * alpha * radius_hf).pow(_K) + _BETA


def _noise(image_b3hw: Tensor) -> Tensor:
    """Means of the normal numbers of opposite frequencies, of a real transform's shape."""
    width = image_b3hw.shape[-1]
    drawn_b3hf = torch.randn(*image_b3hw.shape[:-1], width // 2 + 1).to(image_b3hw, non_blocking=True)
    # In the first column, and in the last one of an even width, (-m, -n) lies in the column of (m, n) itself.
    n_f = torch.arange(width // 2 + 1, device=image_b3hw.device)
    opposite_b3hf = drawn_b3hf.flip(-2).roll(1, -2)
    return torch.where((n_f == 0) | (2 * n_f == width), (drawn_b3hf + opposite_b3hf) / 2, drawn_b3hf * 0.5**0.5)
