"""What networks with an encoder have in common: it can be frozen, and what it makes of a picture can be kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class EncoderNetwork(nn.Module):
    """An encoder that gives features of several sizes, and whatever makes logits of them: `decode`, of subclasses.

    Attributes:
        encoder: takes normalised images, gives a list of features, those of the largest size first.
        encoder_rate: its learning rate over that of the rest.
    """

    mean: Tensor
    std: Tensor
    encoder: nn.Module

    def __init__(self, mean: Sequence[float], std: Sequence[float], multiple: int = 1, stored: bool = True) -> None:
        """Args:
        mean: of images in [0, 1], a channel; std likewise.
        multiple: of what the encoder's input sizes must be.
        stored: whether the network's weights hold mean and deviation too.
        """
        super().__init__()
        self.encoder_rate = 1.0
        self.multiple = multiple
        self._frozen = self._keeps_norm = False
        self.register_buffer("mean", torch.tensor(mean).view(1, 3, 1, 1), persistent=stored)
        self.register_buffer("std", torch.tensor(std).view(1, 3, 1, 1), persistent=stored)

    @property
    def frozen(self) -> bool:
        """Whether the encoder gives the same features of a picture at any time."""
        return self._frozen

    def set_learning(self, frozen: bool, keeps_norm: bool, rate: float) -> Self:
        """How the encoder learns from now on.

        Args:
            frozen: it neither learns nor adapts its batch norm's statistics.
            keeps_norm: its batch norm, and what else differs in training, works as in evaluation.
            rate: its learning rate over that of the rest.
        """
        self._frozen, self._keeps_norm, self.encoder_rate = frozen, keeps_norm, rate
        self.encoder.requires_grad_(not frozen)
        return self

    def train(self, mode: bool = True) -> Self:
        """Training mode, of a frozen encoder, or one whose statistics are kept, never."""
        super().train(mode)
        if self._frozen or self._keeps_norm:
            self.encoder.eval()
        return self

    def forward(self, image_b3hw: Tensor) -> Tensor:
        """Logits b1hw of images in [0, 1]."""
        height, width = image_b3hw.shape[-2:]
        return self.decode(self.features(image_b3hw), (height, width))

    def features(self, image_b3hw: Tensor) -> list[Tensor]:
        """What the encoder makes of images in [0, 1]; of a frozen one nothing is kept for a backward pass."""
        height, width = image_b3hw.shape[-2:]
        right, below = -width % self.multiple, -height % self.multiple
        if right or below:
            image_b3hw = F.pad(image_b3hw, (0, right, 0, below), mode="replicate")
        normalised_b3hw = (image_b3hw - self.mean) / self.std
        if not self._frozen:
            return list(self.encoder(normalised_b3hw))
        with torch.no_grad():
            return list(self.encoder(normalised_b3hw))

    def decode(self, features: Sequence[Tensor], size_hw: tuple[int, int]) -> Tensor:
        """Logits b1hw of an image of this size from the encoder's features of it."""
        raise NotImplementedError

    def padded(self, size_hw: tuple[int, int]) -> tuple[int, int]:
        """The size that images of a size have for the encoder."""
        height, width = (side + -side % self.multiple for side in size_hw)
        return height, width
