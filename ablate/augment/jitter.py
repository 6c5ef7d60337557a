"""Colour jitter: brightness, contrast, saturation and hue of each image are changed at random.

Kornia's `ColorJitter` is torchvision's formula, computed on the device for a whole batch; its `ColorJiggle` is not.
"""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import Tensor

from ablate.augment import Augmentation


def build(
    *,
    jitter_brightness: float,
    jitter_contrast: float,
    jitter_saturation: float,
    jitter_hue: float,
    jitter_probability: float,
) -> Augmentation:
    """Jitter with factors drawn per image and their order drawn per batch. Masks are left as they are.

    Args:
        jitter_brightness: the factor is drawn from 1 +- this, in [0, 1]; so are those of contrast and saturation.
        jitter_contrast: see above.
        jitter_saturation: see above.
        jitter_hue: the shift is drawn from +- this, in turns of the colour circle, in [0, 0.5].
        jitter_probability: the share of images that are changed, in [0, 1].
    """
    from kornia.augmentation import ColorJitter  # a trial without jitter starts a second faster

    return _Jitter(ColorJitter(jitter_brightness, jitter_contrast, jitter_saturation, jitter_hue, p=jitter_probability))


class _Jitter:
    def __init__(self, colors: Any) -> None:  # noqa: ANN401 - Kornia is imported later
        self._colors = colors

    def __call__(self, image_b3hw: Tensor, mask_b1hw: Tensor) -> tuple[Tensor, Tensor]:
        return self._colors(image_b3hw), mask_b1hw

    def compiled(self) -> Augmentation:
        """The same with the hue compiled, three quarters of the kernels; all could only be in one fixed order."""
        colors = copy.copy(self._colors)
        hue = torch.compile(colors._hue_fn, dynamic=False)

        def shift(image_b3hw: Tensor, angle_b: Tensor) -> Tensor:
            # Drawn on the CPU: compiled code would wait until they are on the GPU.
            shifted_b3hw: Tensor = hue(image_b3hw, angle_b.to(image_b3hw, non_blocking=True))  # type: ignore[no-untyped-call]
            return shifted_b3hw

        colors._hue_fn = shift
        return _Jitter(colors)
