"""Strong changes of colour and of what a camera does to a picture: more than `augment=jitter`, and never of the mask.

In this order, each image by its own draw; s is the strength:

    brightness, contrast, saturation   factors in 1 +- 0.4 s, hue shifted by up to 0.08 s turns, of 90 % of images
    channel shift                      up to +- 0.1 s added to each channel, of 30 %
    grey                               of 10 %, whatever the strength: photographs by infra-red light
    blur                               Gaussian, deviation up to 1.5 s px of a side of 128 px, of 30 %
    noise                              Gaussian, deviation up to 0.05 s, each channel by itself, of 30 %
    JPEG                               quality in [100 - 70 s, 100], of 30 %

The operations are Kornia's, but for the noise, of which Kornia draws no deviation. Its JPEG codec rounds softly
(Reich et al.: Differentiable JPEG, WACV 2024), which is as coarse as a file's, but not equal to it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from ablate.augment import Augmentation
from ablate.augment.recipes import Photographs

_Change = Callable[[Tensor], Tensor]

_SIDE = 128  # px, to which the deviation of the blur refers
_SHARE = 0.3  # of images that get each of: channel shift, blur, noise, JPEG
_SHARPEST = 0.01  # px: Kornia takes no deviation of 0, and at this one its kernel is a single 1


def build(strength: float, photographs: Photographs | None) -> Augmentation:
    """Changes of colour, focus, noise and compression. Masks are left as they are.

    Args:
        strength: in (0, 1]; see the module's table.
        photographs: not looked at.
    """
    from kornia.augmentation import ColorJitter, RandomGrayscale, RandomJPEG, RandomRGBShift

    factor, shift = 0.4 * strength, 0.1 * strength
    return _Photometric(
        (
            ColorJitter(factor, factor, factor, 0.08 * strength, p=0.9),
            RandomRGBShift(shift, shift, shift, p=_SHARE),
            RandomGrayscale(p=0.1),
            lambda image_b3hw: _blurred(image_b3hw, 1.5 * strength),
            lambda image_b3hw: _noisy(image_b3hw, 0.05 * strength),
            RandomJPEG((100 - 70 * strength, 100.0), p=_SHARE),
        )
    )


class _Photometric:
    def __init__(self, changes: Sequence[_Change]) -> None:
        self._changes = changes

    def __call__(self, image_b3hw: Tensor, mask_b1hw: Tensor) -> tuple[Tensor, Tensor]:
        for change in self._changes:
            image_b3hw = change(image_b3hw)
        return image_b3hw.clamp(0, 1), mask_b1hw


def _blurred(image_b3hw: Tensor, largest: float) -> Tensor:
    """Gaussian blur; `largest` is the deviation in px of a side of 128 px."""
    from kornia.filters import gaussian_blur2d

    batch, _, height, width = image_b3hw.shape
    # The shorter side: the reflected border of Kornia's filter must be narrower than the image.
    largest *= min(height, width) / _SIDE
    chosen_b = torch.rand(batch) < _SHARE
    deviation_b = (torch.rand(batch) * largest).clamp(min=_SHARPEST)
    blurred_b3hw: Tensor = gaussian_blur2d(
        image_b3hw, 2 * math.ceil(3 * largest) + 1, deviation_b[:, None].expand(-1, 2)
    )
    return torch.where(_on(image_b3hw, chosen_b), blurred_b3hw, image_b3hw)


def _noisy(image_b3hw: Tensor, largest: float) -> Tensor:
    """Gaussian noise of a deviation up to `largest`, and within [0, 1]."""
    batch = len(image_b3hw)
    chosen_b = torch.rand(batch) < _SHARE
    deviation_b = torch.rand(batch) * largest * chosen_b
    noise_b3hw = torch.randn(image_b3hw.shape).to(image_b3hw, non_blocking=True)
    return (image_b3hw + _on(image_b3hw, deviation_b.to(image_b3hw.dtype)) * noise_b3hw).clamp(0, 1)


def _on(image_b3hw: Tensor, value_b: Tensor) -> Tensor:
    """A value of each image, on the images' device and of a shape that spreads over them."""
    return value_b.view(-1, 1, 1, 1).to(image_b3hw.device, non_blocking=True)
