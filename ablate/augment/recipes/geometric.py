"""Flips, scale, aspect and shift, of the image and its mask alike.

Each image by its own draw; s is the strength:

    flip     left to right, of half of the images, whatever the strength
    scale    in [1 / (1 + 0.6 s), 1 + 0.6 s], uniform in its logarithm
    aspect   width over height is multiplied by a factor in [1 / (1 + 0.25 s), 1 + 0.25 s], uniform in its logarithm
    shift    up to +- 0.4 s of the side, along each axis

What comes into view beyond the border is the image's reflection, with the reflection of its mask.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from ablate.augment import Augmentation
from ablate.augment.recipes import Photographs


def build(strength: float, photographs: Photographs | None) -> Augmentation:
    """Moves the contents of images; the size stays. Images are interpolated, masks take the nearest pixel.

    Args:
        strength: in (0, 1]; see the module's table.
        photographs: not looked at.
    """

    def augment(image_b3hw: Tensor, mask_b1hw: Tensor) -> tuple[Tensor, Tensor]:
        grid_bhw2 = _grid(image_b3hw, strength)
        return _sampled(image_b3hw, grid_bhw2, "bilinear").clamp(0, 1), _sampled(mask_b1hw, grid_bhw2, "nearest")

    return augment


def _sampled(of_bchw: Tensor, grid_bhw2: Tensor, mode: str) -> Tensor:
    return F.grid_sample(of_bchw, grid_bhw2, mode, padding_mode="reflection", align_corners=False)


def _grid(image_b3hw: Tensor, strength: float) -> Tensor:
    """Where each pixel comes from: (x, y) from -1 at the left and upper border to 1 at the right and lower one."""
    batch, _, height, width = image_b3hw.shape
    flip_b = torch.where(torch.rand(batch) < 0.5, -1.0, 1.0)
    scale_b, aspect_b, right_b, down_b = 2 * torch.rand(4, batch) - 1
    scale_b, aspect_b = (1 + 0.6 * strength) ** scale_b, (1 + 0.25 * strength) ** aspect_b
    wide_b, high_b = flip_b * scale_b * aspect_b.sqrt(), scale_b / aspect_b.sqrt()
    shift = 2 * 0.4 * strength  # a side is two units long
    drawn_4b = torch.stack([wide_b, high_b, shift * right_b, shift * down_b])
    wide_b1, high_b1, right_b1, down_b1 = drawn_4b.to(image_b3hw, non_blocking=True)[..., None]
    # Not by `affine_grid`: its matrix product may round to TF32, which moves pixels.
    x_bw = (_centres(width, image_b3hw) - right_b1) / wide_b1
    y_bh = (_centres(height, image_b3hw) - down_b1) / high_b1
    x_bhw, y_bhw = x_bw[:, None, :].expand(-1, height, -1), y_bh[:, :, None].expand(-1, -1, width)
    return torch.stack([x_bhw, y_bhw], dim=-1)


def _centres(count: int, like: Tensor) -> Tensor:
    return (2 * torch.arange(count, device=like.device, dtype=like.dtype) + 1) / count - 1
