"""SegNet: Badrinarayanan, Kendall and Cipolla, *SegNet: A Deep Convolutional Encoder-Decoder Architecture* (2017).

The encoder is VGG-16's 13 convolutions with batch norm, the decoder its mirror image. Each decoder stage puts features
back where the encoder's max pooling found them. 29.4 M parameters at width 64. Trained from scratch.
"""

from __future__ import annotations

from itertools import pairwise

import torch.nn.functional as F
from torch import Tensor, nn

from ablate.models._blocks import convolution, initialise

# VGG-16, configuration D (Simonyan and Zisserman, 2015): channels in units of `width`, convolutions per stage.
_STAGES = ((1, 2), (2, 2), (4, 3), (8, 3), (8, 3))
_WINDOW = (2, 2)


def build(*, width: int) -> nn.Module:
    """A SegNet with `width` channels in the first stage and 8 x `width` in the last two."""
    return SegNet(width)


class SegNet(nn.Module):
    """Five stages down by max pooling, five up by max unpooling with the same indices."""

    def __init__(self, width: int) -> None:
        super().__init__()
        encoder: list[nn.Module] = []
        decoder: list[nn.Module] = []
        above = 3
        for multiple, depth in _STAGES:
            here = multiple * width
            encoder.append(_stage([above] + [here] * depth))
            # The first stage has no features above it to restore: the head takes the place of its last convolution.
            decoder.append(_stage([here] * depth + [above] if decoder else [here] * depth))
            above = here
        self.encoder = nn.ModuleList(encoder)
        self.decoder = nn.ModuleList(reversed(decoder))
        self.head = nn.Conv2d(width, 1, 3, padding=1)
        initialise(self)

    def forward(self, image_b3hw: Tensor) -> Tensor:
        """Logits b1hw of images in [0, 1]."""
        features = image_b3hw
        pools: list[tuple[Tensor, tuple[int, int]]] = []
        for stage in self.encoder:
            features = stage(features)
            height, width = features.shape[-2:]
            # Rounding up keeps the last row and column of odd sizes, and a size of 1 from becoming 0.
            features, index = F.max_pool2d_with_indices(features, _WINDOW, ceil_mode=True)
            pools.append((index, (height, width)))
        for stage, (index, size) in zip(self.decoder, reversed(pools), strict=True):
            features = stage(F.max_unpool2d(features, index, _WINDOW, output_size=size))
        logits: Tensor = self.head(features)
        return logits


def _stage(channels: list[int]) -> nn.Sequential:
    return nn.Sequential(*(convolution(inputs, outputs) for inputs, outputs in pairwise(channels)))
