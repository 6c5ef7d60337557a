"""U-Net: Ronneberger, Fischer and Brox, *U-Net: Convolutional Networks for Biomedical Image Segmentation* (2015).

The widths are theirs, 64 to 1024. Unlike theirs, convolutions are padded, so that the logits have the image's size, and
batch-normalised, so that it trains from scratch. 31.0 M parameters at width 64.
"""

from __future__ import annotations

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ablate.models._blocks import convolution, initialise

_LEVELS = 5


def build(*, width: int) -> nn.Module:
    """A U-Net with `width` channels at full resolution and 16 x `width` at the bottom."""
    return UNet(width)


class UNet(nn.Module):
    """Encoder of five levels, each half the size of the one above; a decoder that takes every level up again."""

    def __init__(self, width: int) -> None:
        super().__init__()
        widths = [width * 2**level for level in range(_LEVELS)]
        self.encoder = nn.ModuleList(_pair(above, here) for above, here in pairwise([3, *widths]))
        self.up = nn.ModuleList(nn.ConvTranspose2d(2 * here, here, 2, stride=2) for here in reversed(widths[:-1]))
        self.decoder = nn.ModuleList(_pair(2 * here, here) for here in reversed(widths[:-1]))
        self.head = nn.Conv2d(width, 1, 1)
        initialise(self)

    def forward(self, image_b3hw: Tensor) -> Tensor:
        """Logits b1hw of images in [0, 1]."""
        *skips, features = self._encode(image_b3hw)
        for up, stage, skip in zip(self.up, self.decoder, reversed(skips), strict=True):
            height, width = skip.shape[-2:]
            raised = up(features)[..., :height, :width]  # one pixel too large where pooling rounded up
            features = stage(torch.cat([skip, raised], dim=1))
        logits: Tensor = self.head(features)
        return logits

    def _encode(self, features: Tensor) -> list[Tensor]:
        """Features of every level, full resolution first."""
        levels: list[Tensor] = []
        for stage in self.encoder:
            # Rounding up keeps the last row and column of odd sizes, and a size of 1 from becoming 0.
            features = stage(F.max_pool2d(features, 2, ceil_mode=True) if levels else features)
            levels.append(features)
        return levels


def _pair(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(convolution(inputs, outputs), convolution(outputs, outputs))
