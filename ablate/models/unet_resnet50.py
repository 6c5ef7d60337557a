"""U-Net whose encoder is a ResNet-50 (He et al., 2016), optionally pretrained on ImageNet.

The decoder is that of segmentation_models.pytorch: each step doubles the size by nearest neighbour, appends the
encoder's features of that size and convolves twice. 32.5 M parameters at width 64.

`encoder_weights=imagenet` means timm's `resnet50.tv_in1k`: torchvision's first weights (IMAGENET1K_V1, 76.1 % top-1,
He et al.'s recipe), what loading a pretrained ResNet-50 gave when the paper was written. timm's other tags come from
later recipes with heavier augmentation. timm's record names the file and part of its SHA-256, so that `imagenet` is the
same bytes everywhere; torch keeps them in its hub cache (`TORCH_HOME`).
"""

from __future__ import annotations

import pickle
import textwrap
from itertools import pairwise
from typing import Self

import timm
import torch
import torch.nn.functional as F
from safetensors import SafetensorError
from timm.models import load_state_dict
from timm.models.resnet import downsample_conv
from torch import Tensor, nn

from ablate.errors import UsageError
from ablate.models._blocks import convolution, initialise

# What a file raises that is something else: a list, a whole network, half of one.
_UNREADABLE = (OSError, RuntimeError, AttributeError, TypeError, ValueError, LookupError, EOFError)
_IMAGENET = "resnet50.tv_in1k"
_IMAGENET_WIDTH = 64
_NARROWEST = 8  # channels of a decoder stage


def build(*, width: int, encoder_weights: str, freeze_encoder: bool) -> nn.Module:
    """A U-Net on a ResNet-50 whose every layer has `width` / 64 of the usual channels.

    Args:
        width: channels after the first convolution; 64 is the ResNet-50 that weights are published for.
        encoder_weights: `imagenet`; `none`; or a file with the encoder's weights under timm's or torchvision's names,
            safetensors or a torch state dict, with or without the classifier.
        freeze_encoder: the encoder stays as it is, its batch norm's statistics too; only the decoder learns.

    Raises:
        UsageError: the weights cannot be had, or are not those of a ResNet-50 of this width.
    """
    network = UNetResNet50(width)
    if encoder_weights == "imagenet":
        if width != _IMAGENET_WIDTH:
            raise UsageError(
                f"trial.width={width}: the ImageNet weights are of width {_IMAGENET_WIDTH}; "
                f"type trial.width={_IMAGENET_WIDTH} or trial.encoder_weights=none"
            )
        _load(network.encoder, _imagenet(), encoder_weights, width)
    elif encoder_weights != "none":
        _load(network.encoder, _read(encoder_weights), encoder_weights, width)
    if freeze_encoder:
        network.freeze_encoder()
    return network


def prefetch(*, encoder_weights: str) -> None:
    """Brings the ImageNet weights into the local cache, where `build` finds them without network.

    Raises:
        UsageError: they are not there and cannot be downloaded.
    """
    if encoder_weights == "imagenet":
        _imagenet()


class UNetResNet50(nn.Module):
    """Five levels of encoder features, at 1/2 to 1/32 of the image's size, and a decoder back to full size."""

    mean: Tensor
    std: Tensor

    def __init__(self, width: int) -> None:
        super().__init__()
        self._frozen = False
        # ImageNet's mean and deviation, whatever the weights: pretrained ones expect it, and random ones get the same
        # so that two trials that differ in `encoder_weights` differ in nothing else.
        record = timm.get_pretrained_cfg(_IMAGENET)
        self.register_buffer("mean", torch.tensor(record.mean).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(record.std).view(1, 3, 1, 1), persistent=False)
        self.encoder = _encoder(width)
        skips = [16 * width, 8 * width, 4 * width, width, 0]  # the last step reaches full size, where there is no skip
        # A stage of two channels, as a width of 8 would make the last one, learns only with some seeds.
        outputs = [max(_NARROWEST, width * multiple // 4) for multiple in (16, 8, 4, 2, 1)]
        self.decoder = nn.ModuleList(
            nn.Sequential(convolution(below + skip, here), convolution(here, here))
            for (below, here), skip in zip(pairwise([32 * width, *outputs]), skips, strict=True)
        )
        self.head = nn.Conv2d(outputs[-1], 1, 3, padding=1)
        initialise(self.decoder)
        initialise(self.head)

    def freeze_encoder(self) -> None:
        """From now on the encoder neither learns nor adapts its batch norm's statistics."""
        self._frozen = True
        self.encoder.requires_grad_(False)

    def train(self, mode: bool = True) -> Self:
        """Training mode, of a frozen encoder never."""
        super().train(mode)
        if self._frozen:
            self.encoder.eval()
        return self

    def forward(self, image_b3hw: Tensor) -> Tensor:
        """Logits b1hw of images in [0, 1]."""
        *skips, features = self.encoder((image_b3hw - self.mean) / self.std)
        *stages, last = self.decoder
        for stage, skip in zip(stages, reversed(skips), strict=True):
            features = stage(torch.cat([_resize(features, skip), skip], dim=1))
        logits: Tensor = self.head(last(_resize(features, image_b3hw)))
        return logits


def _resize(features: Tensor, like: Tensor) -> Tensor:
    return F.interpolate(features, size=like.shape[-2:], mode="nearest")


def _encoder(width: int) -> nn.Module:
    """timm's ResNet-50 with random weights, giving its features at 1/2, 1/4, 1/8, 1/16 and 1/32."""
    channels = tuple(width * 2**stage for stage in range(4))
    encoder = timm.create_model("resnet50", features_only=True, channels=channels)
    if width != _IMAGENET_WIDTH:
        # timm scales the stages but not a plain stem: it has 64 channels whatever `stem_width` says.
        first = encoder.layer1[0]
        encoder.conv1 = nn.Conv2d(3, width, 7, stride=2, padding=3, bias=False)
        encoder.bn1 = nn.BatchNorm2d(width)
        first.conv1 = nn.Conv2d(width, width, 1, bias=False)
        first.downsample = downsample_conv(width, 4 * width, kernel_size=1)
        for module in (encoder.conv1, first.conv1, first.downsample):
            initialise(module)
    assert isinstance(encoder, nn.Module)
    return encoder


def _load(encoder: nn.Module, state: dict[str, Tensor], encoder_weights: str, width: int) -> None:
    try:
        encoder.load_state_dict({name: value for name, value in state.items() if not name.startswith("fc.")})
    except RuntimeError as error:
        reason = textwrap.shorten(str(error).partition("\n")[2], 160)
        raise UsageError(
            f"trial.encoder_weights={encoder_weights}: not the weights of a ResNet-50 of trial.width={width}: {reason}"
        ) from error


def _read(path: str) -> dict[str, Tensor]:
    try:
        state: dict[str, Tensor] = load_state_dict(path, weights_only=True)  # nothing but tensors is unpickled
    except (*_UNREADABLE, SafetensorError, pickle.UnpicklingError) as error:
        reason = textwrap.shorten(str(error), 160) or "there is no such file"
        raise UsageError(f"trial.encoder_weights={path}: cannot be read as a weights file: {reason}") from error
    return state


def _imagenet() -> dict[str, Tensor]:
    # timm would fetch the same weights from the Hugging Face hub, which retries for 45 s without network and asks it
    # again for every trial; this looks only into the cache once the file is there, and checks its hash on arrival.
    url = timm.get_pretrained_cfg(_IMAGENET).url
    try:
        state: dict[str, Tensor] = torch.hub.load_state_dict_from_url(
            url, map_location="cpu", check_hash=True, progress=False, weights_only=True
        )
    except (OSError, RuntimeError, pickle.UnpicklingError) as error:
        raise UsageError(
            f"trial.encoder_weights=imagenet: cannot get {url} ({textwrap.shorten(str(error), 160)}); "
            "type trial.encoder_weights=FILE for weights that you have, or trial.encoder_weights=none"
        ) from error
    return state
