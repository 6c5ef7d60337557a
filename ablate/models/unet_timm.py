"""Any timm network as the encoder, under a U-Net decoder or, of a plain vision transformer, a light one.

    trial.model=unet_timm trial.encoder=tf_efficientnet_lite1 trial.encoder_weights=pip trial.freeze_encoder=true
    trial.model=unet_timm trial.encoder=vit_small_patch14_dinov2 trial.decoder=linear trial.freeze_encoder=true

An encoder is what `timm.list_models()` names, with or without a tag of weights (`convnext_tiny.fb_in22k`): convnext,
efficientnet, regnet, resnet and other pyramids, and plain vision transformers such as those of DINOv2 and DINOv3.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from ablate.errors import UsageError
from ablate.models import _pretrained, _timm_encoder
from ablate.models._decoders import DptDecoder, LinearDecoder, UNetDecoder
from ablate.models._encoder_network import EncoderNetwork
from ablate.models._timm_encoder import Description, TimmEncoder


def build(
    *,
    width: int,
    encoder: str,
    decoder: str,
    encoder_weights: str,
    freeze_encoder: bool,
    freeze_norm: bool,
    encoder_rate: float,
) -> nn.Module:
    """A decoder of 4 x `width` channels at its lowest step on an encoder.

    Args:
        width: of the decoder; the encoder has its own.
        encoder: timm's name of it.
        decoder: `unet`, `dpt` or `linear`; `auto`: `dpt` of a plain vision transformer, else `unet`.
        encoder_weights: see `ablate.models._pretrained`.
        freeze_encoder: the encoder stays as it is, its batch norm's statistics too; only the decoder learns.
        freeze_norm: its batch norm keeps the statistics that it was given.
        encoder_rate: its learning rate over the decoder's.

    Raises:
        UsageError: there is no such encoder or decoder, they do not fit, or the weights cannot be had.
    """
    network = _UNetTimm(_timm_encoder.build(encoder, encoder_weights), encoder, decoder, width)
    return network.set_learning(freeze_encoder, freeze_norm, encoder_rate)


def weights_license(*, encoder: str, encoder_weights: str) -> str | None:
    """The licence of the weights; None where there are none or nobody says."""
    return _pretrained.weights_license(encoder, encoder_weights)


class _UNetTimm(EncoderNetwork):
    def __init__(self, encoder: TimmEncoder, name: str, decoder: str, width: int) -> None:
        about = encoder.description
        super().__init__(about.mean, about.std, multiple=max(about.reductions))
        self.encoder = encoder
        self.decoder = _decoder(decoder, name, about, width)

    def decode(self, features: Sequence[Tensor], size_hw: tuple[int, int]) -> Tensor:
        """Logits b1hw of an image of this size from the encoder's features of it."""
        height, width = size_hw
        logits: Tensor = self.decoder(features, self.padded(size_hw))
        return logits[..., :height, :width]


def _decoder(decoder: str, encoder: str, about: Description, width: int) -> nn.Module:
    allowed = ("dpt", "linear") if about.plain else ("unet", "linear")
    chosen = allowed[0] if decoder == "auto" else decoder
    if chosen not in allowed:
        raise UsageError(f"trial.decoder={decoder}: allowed for {encoder}: auto, {', '.join(allowed)}")
    match chosen:
        case "dpt":
            return DptDecoder(about.channels, about.reductions[0], width)
        case "linear":
            return LinearDecoder(about.channels)
        case _:
            return UNetDecoder(about.channels, about.reductions, width)
