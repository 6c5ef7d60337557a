"""A decoder of segmentation_models.pytorch on any timm encoder that it takes; needs the extra `smp`.

    trial.model=smp trial.decoder=unetplusplus trial.encoder=tf_efficientnet_lite1 trial.encoder_weights=pip

`trial.width` has no part in it: its decoders have widths of their own.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from types import ModuleType
from typing import Any

from torch import Tensor, nn

from ablate.errors import UsageError, suggest
from ablate.models import _pretrained, _timm_encoder
from ablate.models._encoder_network import EncoderNetwork

_MULTIPLE = 32  # what sizes its networks take


def build(
    *,
    encoder: str,
    decoder: str,
    encoder_weights: str,
    freeze_encoder: bool,
    freeze_norm: bool,
    encoder_rate: float,
) -> nn.Module:
    """A network of segmentation_models.pytorch.

    Args:
        encoder: timm's name of it, without its `tu-`.
        decoder: its name of an architecture, such as unet, unetplusplus, fpn, deeplabv3plus; `auto`: unet.
        encoder_weights: see `ablate.models._pretrained`.
        freeze_encoder: the encoder stays as it is, its batch norm's statistics too; only the decoder learns.
        freeze_norm: its batch norm keeps the statistics that it was given.
        encoder_rate: its learning rate over the decoder's.

    Raises:
        UsageError: the package is missing, it has no such decoder, they do not fit, or the weights cannot be had.
    """
    given = _timm_encoder.build(encoder, encoder_weights)
    network = _Smp(_create(_package(), encoder, decoder), given.description)
    try:
        network.encoder.get_submodule("model").load_state_dict(given.network.state_dict())
    except (RuntimeError, AttributeError) as error:
        raise UsageError(
            f"trial.encoder={encoder}: segmentation_models.pytorch takes another form of it; type trial.model=unet_timm"
        ) from error
    return network.set_learning(freeze_encoder, freeze_norm, encoder_rate)


def weights_license(*, encoder: str, encoder_weights: str) -> str | None:
    """The licence of the weights; None where there are none or nobody says."""
    return _pretrained.weights_license(encoder, encoder_weights)


class _Smp(EncoderNetwork):
    def __init__(self, network: Any, about: _timm_encoder.Description) -> None:  # noqa: ANN401 - it is not typed
        super().__init__(about.mean, about.std, multiple=_MULTIPLE)
        self.encoder, self.decoder, self.head = network.encoder, network.decoder, network.segmentation_head

    def decode(self, features: Sequence[Tensor], size_hw: tuple[int, int]) -> Tensor:
        """Logits b1hw of an image of this size from the encoder's features of it."""
        height, width = size_hw
        logits: Tensor = self.head(self.decoder(list(features)))
        return logits[..., :height, :width]


def _package() -> ModuleType:
    try:
        import segmentation_models_pytorch
    except ModuleNotFoundError as error:
        raise UsageError(
            "trial.model=smp: segmentation_models.pytorch is not installed; type: pip install -e '.[smp]', or "
            "uv run --extra smp ..."
        ) from error
    package: ModuleType = segmentation_models_pytorch
    return package


def _create(package: ModuleType, encoder: str, decoder: str) -> nn.Module:
    # Its DPT has a form of its own; unet_timm has one too.
    allowed = {name: one for name, one in package.MODEL_ARCHITECTURES_MAPPING.items() if name != "dpt"}
    chosen = "unet" if decoder == "auto" else decoder
    if chosen not in allowed:
        raise UsageError(f"trial.decoder={decoder}: no decoder of smp; {suggest(decoder, [*allowed, 'auto'])}")
    try:
        network: nn.Module = allowed[chosen](encoder_name=f"tu-{encoder}", encoder_weights=None, classes=1)
    except Exception as error:  # of a decoder that cannot use an encoder; they have no common type
        raise UsageError(
            f"trial.decoder={decoder}: cannot use {encoder} ({textwrap.shorten(str(error), 160)}); type another of the "
            "two, or trial.model=unet_timm"
        ) from error
    return network
