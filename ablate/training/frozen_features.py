"""What a frozen encoder makes of pictures that nothing changes: computed once, fed to the decoder in every epoch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ablate.config import TrialConfig
from ablate.data.arrays import Pictures
from ablate.data.devices import arithmetic
from ablate.models._encoder_network import EncoderNetwork
from ablate.storage.node_cache import gigabytes
from ablate.training.fitting_batches import FittingBatches
from ablate.training.parts import changes_samples
from ablate.training.step import autocast, prepared

_MOST = 2 * 1024**3  # bytes of a training's features; fixed, so that memory decides nothing about a result
_BATCH = 32


class Decoding(nn.Module):
    """The part of a network behind its encoder, as a network of features f that a picture's are laid out in: bf11."""

    def __init__(self, network: EncoderNetwork, size: int) -> None:
        super().__init__()
        self.network, self._size = network, size
        mode = network.training
        with torch.no_grad():
            features = network.eval().features(torch.zeros(1, 3, size, size, device=network.mean.device))
        network.train(mode)
        self._shapes = [one.shape[1:] for one in features]

    @property
    def length(self) -> int:
        """Numbers that a picture's features take."""
        return sum(shape.numel() for shape in self._shapes)

    def forward(self, feature_bf11: Tensor) -> Tensor:
        """Logits b1hw."""
        parts = torch.split(feature_bf11.flatten(1), [shape.numel() for shape in self._shapes], dim=1)
        features = [
            part.reshape(-1, *shape).contiguous(memory_format=torch.channels_last)
            for part, shape in zip(parts, self._shapes, strict=True)
        ]
        return self.network.decode(features, (self._size, self._size))


class Features:
    """Pictures as their features; feeds and batches as `Pictures` does, with features bf11 in the place of images."""

    def __init__(self, pictures: Pictures, feature_nf: Tensor) -> None:
        self._pictures, self._feature_nf = pictures, feature_nf
        self.place = f"in memory as the frozen encoder's features ({gigabytes(feature_nf.nbytes)})"

    def __len__(self) -> int:
        return len(self._pictures)

    @property
    def device(self) -> torch.device:
        return self._feature_nf.device

    def feed(self, order_n: Tensor, size: int, device: torch.device) -> Iterator[tuple[Tensor, Tensor]]:
        """Batches of at most `size` pictures in some order."""
        order_n = order_n.to(self.device)
        for start in range(0, len(order_n), size):
            yield self.batch(order_n[start : start + size], device)

    def batch(self, index_b: Tensor, device: torch.device) -> tuple[Tensor, Tensor]:
        """Some pictures on a device: feature_bf11, and mask_b1hw, float32, 0 or 1."""
        feature_bf = self._feature_nf.index_select(0, index_b.to(self.device)).to(device)
        return feature_bf[..., None, None], self._pictures.masks(index_b, device)


@dataclass(frozen=True)
class Feed:
    """What a training's steps read.

    Attributes:
        config: as the steps take it: features are already prepared.
        size: of the pictures, px; None where steps read them as they are.
    """

    train: Pictures | Features
    val: Pictures | Features
    config: TrialConfig
    size: int | None = None

    def reader(self, network: nn.Module) -> nn.Module:
        """The network, or the part of it, that makes logits of what is read."""
        if self.size is None:
            return network
        assert isinstance(network, EncoderNetwork)
        return Decoding(network, self.size)


def feed(train: Pictures, val: Pictures, network: nn.Module, config: TrialConfig, device: torch.device) -> Feed:
    """Features where nothing changes a training's samples or its encoder, and they are not too large; else pictures."""
    if not (isinstance(network, EncoderNetwork) and network.frozen) or changes_samples(config):
        return Feed(train, val, config)
    if (len(train) + len(val)) * Decoding(network, config.image_size).length * 4 > _MOST:
        return Feed(train, val, config)
    learned, held_out = (_features(each, network, config, device) for each in (train, val))
    return Feed(learned, held_out, config.model_copy(update={"standardise": False}), config.image_size)


def _features(pictures: Pictures, network: EncoderNetwork, config: TrialConfig, device: torch.device) -> Features:
    network.eval()

    @torch.no_grad()
    def work(index_b: Tensor) -> Tensor:
        image_b3hw, _ = pictures.batch(index_b, device)
        with arithmetic(config, device), autocast(config, device):
            features = network.features(prepared(image_b3hw, config))
        return torch.cat([one.flatten(1) for one in features], dim=1)

    found = [features for _, features in FittingBatches(_BATCH).each(pictures, work)]
    return Features(pictures, torch.cat(found) if found else torch.empty(0, 1, device=device))
