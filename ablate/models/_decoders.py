"""Decoders: from an encoder's features back to one logit a pixel.

unet     segmentation_models.pytorch's U-Net decoder, as of `unet_resnet50`: each step doubles the size by nearest
         neighbour, appends the encoder's features of that size and convolves twice
dpt      features of four depths of a plain vision transformer, brought to four sizes (Ranftl et al., *Vision
         Transformers for Dense Prediction*, 2021), under the U-Net decoder
linear   one linear layer on each of the last features, upsampled: what the encoder knows by itself
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ablate.models._blocks import convolution, initialise

_NARROWEST = 8  # channels of a stage: one of two learns only with some seeds


class UNetDecoder(nn.Module):
    """Steps from the smallest features up to the image's size; channels from 4 x `width` on, halved at each step."""

    def __init__(self, channels: Sequence[int], reductions: Sequence[float], width: int) -> None:
        """Args: channels and reductions: of the features, those of the largest size first."""
        super().__init__()
        *skips, bottom = channels
        free = math.ceil(math.log2(reductions[0]))  # steps above the largest features
        steps = [*reversed(skips), *[0] * free]
        outputs = [max(_NARROWEST, 4 * width >> step) for step in range(len(steps))]
        self.stages = nn.ModuleList(
            nn.Sequential(convolution(below + skip, here), convolution(here, here))
            for (below, here), skip in zip(pairwise([bottom, *outputs]), steps, strict=True)
        )
        self.head = nn.Conv2d(outputs[-1] if outputs else bottom, 1, 3, padding=1)
        initialise(self)

    def forward(self, features: Sequence[Tensor], size_hw: tuple[int, int]) -> Tensor:
        """Logits b1hw of a size."""
        return decoded(self.stages, self.head, features, size_hw)


def decoded(stages: nn.ModuleList, head: nn.Module, features: Sequence[Tensor], size_hw: tuple[int, int]) -> Tensor:
    """Logits b1hw of a size, by the stages and the head of a `UNetDecoder`."""
    *skips, raised = features
    sizes = [one.shape[-2:] for one in reversed(skips)]
    for _ in range(len(stages) - len(skips) - 1):
        sizes.append(torch.Size(2 * side for side in (sizes[-1] if sizes else raised.shape[-2:])))
    if len(stages) > len(skips):
        sizes.append(torch.Size(size_hw))
    for index, (stage, size) in enumerate(zip(stages, sizes, strict=True)):
        raised = F.interpolate(raised, size=size, mode="nearest")
        raised = stage(torch.cat([raised, skips[-1 - index]], dim=1) if index < len(skips) else raised)
    logits: Tensor = head(raised)
    return logits


class DptDecoder(nn.Module):
    """Features of four depths and one size, made 4, 2, 1 and 1/2 times as large, under a U-Net decoder."""

    _FACTORS = (4.0, 2.0, 1.0, 0.5)

    def __init__(self, channels: Sequence[int], reduction: int, width: int) -> None:
        super().__init__()
        outputs = [max(_NARROWEST, width * multiple) for multiple in (1, 2, 4, 8)]
        self.project = nn.ModuleList(nn.Conv2d(inputs, here, 1) for inputs, here in zip(channels, outputs, strict=True))
        initialise(self)
        self.unet = UNetDecoder(outputs, [reduction / factor for factor in self._FACTORS], width)

    def forward(self, features: Sequence[Tensor], size_hw: tuple[int, int]) -> Tensor:
        """Logits b1hw of a size."""
        pyramid = []
        for project, one, factor in zip(self.project, features, self._FACTORS, strict=True):
            height, width = (max(1, int(side * factor)) for side in one.shape[-2:])
            pyramid.append(F.interpolate(project(one), size=(height, width), mode="nearest"))
        logits: Tensor = self.unet(pyramid, size_hw)
        return logits


class LinearDecoder(nn.Module):
    """A linear layer on the last features, normalised, upsampled bilinearly."""

    def __init__(self, channels: Sequence[int]) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels[-1])
        self.head = nn.Conv2d(channels[-1], 1, 1)
        initialise(self)

    def forward(self, features: Sequence[Tensor], size_hw: tuple[int, int]) -> Tensor:
        """Logits b1hw of a size."""
        return F.interpolate(self.head(self.norm(features[-1])), size=size_hw, mode="bilinear", align_corners=False)
