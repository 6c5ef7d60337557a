"""No augmentation."""

from __future__ import annotations

from torch import Tensor

from ablate.augment import Augmentation


def build() -> Augmentation:
    """The identity."""
    return _identity


def _identity(image_b3hw: Tensor, mask_b1hw: Tensor) -> tuple[Tensor, Tensor]:
    return image_b3hw, mask_b1hw
