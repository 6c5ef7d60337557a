"""U-Net whose encoder is a ResNet-50 (He et al., 2016), optionally pretrained on ImageNet.

The decoder is that of segmentation_models.pytorch: each step doubles the size by nearest neighbour, appends the
encoder's features of that size and convolves twice. 32.5 M parameters at width 64.

`encoder_weights=imagenet` means timm's `resnet50.tv_in1k`: torchvision's first weights (IMAGENET1K_V1, 76.1 % top-1,
He et al.'s recipe), what loading a pretrained ResNet-50 gave when the paper was written. timm's other tags come from
later recipes with heavier augmentation. timm's record names the file and part of its SHA-256, so that `imagenet` is the
same bytes everywhere; torch keeps them in its hub cache (`TORCH_HOME`).
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import timm
from timm.models.resnet import downsample_conv
from torch import Tensor, nn

from ablate.errors import UsageError
from ablate.models import _pretrained
from ablate.models._blocks import initialise
from ablate.models._decoders import UNetDecoder, decoded
from ablate.models._encoder_network import EncoderNetwork

_IMAGENET = "resnet50.tv_in1k"
_IMAGENET_WIDTH = 64
_REDUCTIONS = (2, 4, 8, 16, 32)  # of its features: the image's side over theirs


def build(
    *, width: int, encoder_weights: str, freeze_encoder: bool, freeze_norm: bool = False, encoder_rate: float = 1.0
) -> nn.Module:
    """A U-Net on a ResNet-50 whose every layer has `width` / 64 of the usual channels.

    Args:
        width: channels after the first convolution; 64 is the ResNet-50 that weights are published for.
        encoder_weights: `imagenet`; `none`; `hub:ID`; or a file with the encoder's weights under timm's or
            torchvision's names, safetensors or a torch state dict, with or without the classifier.
        freeze_encoder: the encoder stays as it is, its batch norm's statistics too; only the decoder learns.
        freeze_norm: its batch norm keeps the statistics that it was given.
        encoder_rate: its learning rate over the decoder's.

    Raises:
        UsageError: the weights cannot be had, or are not those of a ResNet-50 of this width.
    """
    network = UNetResNet50(width)
    if encoder_weights == "imagenet" and width != _IMAGENET_WIDTH:
        raise UsageError(
            f"trial.width={width}: the ImageNet weights are of width {_IMAGENET_WIDTH}; "
            f"type trial.width={_IMAGENET_WIDTH} or trial.encoder_weights=none"
        )
    state = _weights(encoder_weights)
    if state is not None:
        _load(network.encoder, state, encoder_weights, width)
    return network.set_learning(freeze_encoder, freeze_norm, encoder_rate)


def weights_license(*, encoder_weights: str) -> str | None:
    """The licence of the weights; None where there are none or nobody says."""
    return _pretrained.weights_license(_IMAGENET, encoder_weights)


class UNetResNet50(EncoderNetwork):
    """Five levels of encoder features, at 1/2 to 1/32 of the image's size, and a decoder back to full size."""

    def __init__(self, width: int) -> None:
        # ImageNet's mean and deviation, whatever the weights: pretrained ones expect it, and random ones get the same
        # so that two trials that differ in `encoder_weights` differ in nothing else.
        record = timm.get_pretrained_cfg(_IMAGENET)
        super().__init__(record.mean, record.std, stored=False)  # as weights of older versions lie on disks
        self.encoder = _encoder(width)
        decoder = UNetDecoder([width, *(width * 2**stage for stage in range(2, 6))], _REDUCTIONS, width)
        self.decoder, self.head = decoder.stages, decoder.head  # by the names that weights of older versions have

    def decode(self, features: Sequence[Tensor], size_hw: tuple[int, int]) -> Tensor:
        """Logits b1hw of an image of this size from the encoder's features of it."""
        return decoded(self.decoder, self.head, features, size_hw)


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


def _weights(encoder_weights: str) -> dict[str, Tensor] | None:
    if encoder_weights == "imagenet":
        # timm would take the same weights from the Hugging Face hub; this looks only into torch's cache once the file
        # is there, and checks its hash on arrival.
        return _pretrained.from_url(timm.get_pretrained_cfg(_IMAGENET).url)
    return _pretrained.weights("resnet50", encoder_weights)


def _load(encoder: nn.Module, state: dict[str, Tensor], encoder_weights: str, width: int) -> None:
    try:
        encoder.load_state_dict({name: value for name, value in state.items() if not name.startswith("fc.")})
    except RuntimeError as error:
        reason = textwrap.shorten(str(error).partition("\n")[2], 160)
        raise UsageError(
            f"trial.encoder_weights={encoder_weights}: not the weights of a ResNet-50 of trial.width={width}: {reason}"
        ) from error
