"""What a frozen encoder makes of pictures that nothing changes: computed once, fed to the decoder in every epoch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ablate.config import TrialConfig
from ablate.data.arrays import Pictures, mask_floats, split
from ablate.data.devices import arithmetic, room
from ablate.data.gpu_copies import gpu_copies
from ablate.models._encoder_network import EncoderNetwork
from ablate.storage.node_cache import gigabytes
from ablate.training.fitting_batches import FittingBatches
from ablate.training.parts import changes_samples
from ablate.training.step import autocast, prepared

_MOST = 2 * 1024**3  # bytes of a training's features; fixed, so that memory decides nothing about a result
_BATCH = 32
_FLOAT = 4  # bytes


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


@dataclass(frozen=True)
class Features:
    """Pictures as their features; feeds and batches as `Pictures` does, with features bf11 in the place of images.

    Attributes:
        feature_nf: as the encoder gives them, level after level.
        mask_n1hk: bits, as of `Pictures`, and on the same device.
        width: of the masks, px.
        place: where they lie and why, in words.
    """

    feature_nf: Tensor
    mask_n1hk: Tensor
    width: int
    place: str = "in the host's memory, as the frozen encoder's features"

    def __len__(self) -> int:
        return len(self.mask_n1hk)

    @property
    def device(self) -> torch.device:
        return self.feature_nf.device

    @property
    def nbytes(self) -> int:
        return self.feature_nf.nbytes + self.mask_n1hk.nbytes

    def to(self, device: torch.device, allowed: int) -> Features:
        """The same on a GPU, unless they take more bytes than allowed."""
        if device.type != "cuda" or self.nbytes > allowed:
            return self
        there = self.feature_nf.to(device), self.mask_n1hk.to(device)
        return Features(*there, self.width, f"on the GPU, as the frozen encoder's features ({gigabytes(self.nbytes)})")

    def feed(self, order_n: Tensor, size: int, device: torch.device) -> Iterator[tuple[Tensor, Tensor]]:
        """Batches of at most `size` pictures in some order; copied ahead of their use where they lie elsewhere."""
        if device.type == "cuda" and self.device.type == "cpu":
            for feature_bf, mask_b1hk in gpu_copies((self.feature_nf, self.mask_n1hk), split(order_n, size), device):
                yield feature_bf[..., None, None], mask_floats(mask_b1hk, self.width)
        else:
            for index_b in split(order_n.to(self.device), size):
                yield self.batch(index_b, device)

    def batch(self, index_b: Tensor, device: torch.device) -> tuple[Tensor, Tensor]:
        """Some pictures, by indices where they lie, on a device: feature_bf11, and mask_b1hw, float32, 0 or 1."""
        feature_bf = self.feature_nf.index_select(0, index_b).to(device, non_blocking=True)
        mask_b1hk = self.mask_n1hk.index_select(0, index_b).to(device, non_blocking=True)
        return feature_bf[..., None, None], mask_floats(mask_b1hk, self.width)


@dataclass(frozen=True)
class Feed:
    """What a training's steps read.

    Attributes:
        config: as the steps take it: features are already prepared.
        size: of the pictures that features are of, px; None where steps read pictures.
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


def feed(
    train: Pictures, val: Pictures, network: nn.Module, config: TrialConfig, device: torch.device, share: float
) -> Feed | None:
    """Features where nothing changes a training's samples or its encoder, and they are not too large; else None.

    Args:
        share: of the device's memory that this process was given.
    """
    if not (isinstance(network, EncoderNetwork) and network.frozen) or changes_samples(config):
        return None
    length = Decoding(network, config.image_size).length
    if (len(train) + len(val)) * length * _FLOAT > _MOST:
        return None
    learned, held_out = (_features(each, length, network, config, device) for each in (train, val))
    left = room(device, share) // 2 if device.type == "cuda" else 0  # the other half is the training's
    learned, held_out = learned.to(device, left), held_out.to(device, left - learned.nbytes)
    return Feed(learned, held_out, config.model_copy(update={"standardise": False}), config.image_size)


def _features(
    pictures: Pictures, length: int, network: EncoderNetwork, config: TrialConfig, device: torch.device
) -> Features:
    network.eval()
    feature_nf = torch.empty(len(pictures), length)

    @torch.no_grad()
    def work(index_b: Tensor) -> Tensor:
        image_b3hw, _ = pictures.batch(index_b, device)
        with arithmetic(config, device), autocast(config, device):
            features = network.features(prepared(image_b3hw, config))
        return torch.cat([one.flatten(1).float() for one in features], dim=1).cpu()

    for index_b, feature_bf in FittingBatches(_BATCH).each(pictures, work):
        feature_nf[index_b] = feature_bf
    return Features(feature_nf, pictures.mask_n1hk, pictures.image_n3hw.shape[-1])
