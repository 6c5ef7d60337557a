"""timm's networks as encoders: built with random or given weights, and what a decoder must know of them."""

from __future__ import annotations

import difflib
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import timm
import torch
from torch import Tensor, nn

from ablate.errors import UsageError
from ablate.models import _pretrained
from ablate.models._pretrained import State

_DEPTHS = 4  # features of a plain transformer, of evenly spaced blocks


@dataclass(frozen=True)
class Description:
    """What a decoder must know of an encoder.

    Attributes:
        channels: of each of its features, those of the largest size first.
        reductions: the image's side over that of the features.
        mean: of the images in [0, 1] that the weights were trained on, a channel; std likewise.
    """

    channels: tuple[int, ...]
    reductions: tuple[int, ...]
    mean: tuple[float, float, float]
    std: tuple[float, float, float]

    @property
    def plain(self) -> bool:
        """Whether all features have one size, as those of a plain vision transformer."""
        return len(set(self.reductions)) == 1


class TimmEncoder(nn.Module):
    """A timm network that gives its features, b c h w, those of the largest size first."""

    def __init__(self, network: nn.Module, description: Description) -> None:
        super().__init__()
        self.network, self.description = network, description

    def forward(self, image_b3hw: Tensor) -> list[Tensor]:
        """Features of normalised images."""
        found: list[Tensor] = self.network(image_b3hw)
        # Some families, such as Swin, put the channels last.
        return [
            one if one.shape[1] == channels else one.permute(0, 3, 1, 2)
            for one, channels in zip(found, self.description.channels, strict=True)
        ]


def build(encoder: str, encoder_weights: str) -> TimmEncoder:
    """An encoder; its random weights, or those that are replaced, come from torch's global generator.

    Raises:
        UsageError: timm has no such network, it gives no features of images of any size, or the weights cannot be had
            or are another network's.
    """
    require(encoder)
    network = _create(encoder, encoder_weights, _pretrained.weights(encoder, encoder_weights))
    mean, std = _pretrained.normalisation(encoder, encoder_weights)
    info: Any = network.feature_info
    described = Description(
        channels=tuple(info.channels()),
        reductions=tuple(info.reduction()),
        mean=mean,
        std=std,
    )
    built = TimmEncoder(network, described)
    _require_any_size(encoder, built)
    return built


def require(encoder: str) -> None:
    """Raises a `UsageError` where timm has no network of this name."""
    name, _, tag = encoder.partition(".")
    if name.startswith("timm/"):
        raise UsageError(f"trial.encoder={encoder}: without timm/: {encoder.removeprefix('timm/')}")
    if not timm.is_model(name):
        near = difflib.get_close_matches(name, timm.list_models(), n=3)
        hint = f"did you mean {' or '.join(near)}? " if near else ""
        raise UsageError(
            f"trial.encoder={encoder}: timm {timm.__version__} has no such network; {hint}"
            "python -c \"import timm; print(timm.list_models('*convnext*'))\" lists those of a family"
        )
    tags = timm.list_pretrained(f"{name}.*")
    if tag and encoder not in tags:
        known = ", ".join(tags) or "none"
        raise UsageError(f"trial.encoder={encoder}: timm has no weights {tag!r} of {name}; allowed: {name}, {known}")


def _create(encoder: str, encoder_weights: str, state: State | None) -> Any:  # noqa: ANN401 - timm is not typed
    options: dict[str, Any] = {"features_only": True}
    blocks = _plain_blocks(encoder)
    if blocks:
        spaced = tuple(blocks * (step + 1) // _DEPTHS - 1 for step in range(_DEPTHS))
        options |= {"out_indices": spaced, "dynamic_img_size": True}
    if state is not None:
        record = timm.get_pretrained_cfg(encoder)
        classifier = (record.classifier,) if isinstance(record.classifier, str) else record.classifier or ()
        dropped = tuple(f"{one}." for one in classifier)
        kept = {key: value for key, value in state.items() if not key.startswith(dropped)}
        options |= {"pretrained": True, "pretrained_cfg_overlay": {"state_dict": kept, "num_classes": 0}}
    try:
        with _pretrained.quiet("timm"):  # it tells that what follows the features is not needed
            network = timm.create_model(encoder, **options)
            random = [] if state is None else _still_random(network, encoder, options)
    except Exception as error:  # of timm, torch or the network: they have no common type
        if state is not None:
            raise _foreign(encoder, encoder_weights, _reason(error)) from error
        raise UsageError(
            f"trial.encoder={encoder}: timm gives no features of it ({_reason(error)}); take one of another family: "
            "convnext, efficientnet, regnet, resnet, or a plain vision transformer"
        ) from error
    if random:
        raise _foreign(encoder, encoder_weights, textwrap.shorten(f"they lack {', '.join(random)}", 160))
    return network


def _foreign(encoder: str, encoder_weights: str, reason: str) -> UsageError:
    return UsageError(f"trial.encoder_weights={encoder_weights}: not the weights of {encoder}: {reason}")


def _still_random(network: nn.Module, encoder: str, options: Mapping[str, Any]) -> list[str]:
    """What the given weights have left as it was drawn: of features, timm takes what fits and says nothing of the rest.

    Drawn once more from another seed, it is what differs.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(torch.initial_seed() + 1)
        again = timm.create_model(encoder, **options).state_dict()
    return [name for name, value in network.state_dict().items() if not torch.equal(value, again[name])]


def _plain_blocks(encoder: str) -> int:
    """How many blocks a plain vision transformer has that takes images of any size; 0 of other networks."""
    try:
        with torch.random.fork_rng(devices=[]), torch.device("meta"):
            network = timm.create_model(encoder, dynamic_img_size=True)
    except TypeError:
        return 0
    except Exception:  # noqa: BLE001 - it will fail again where its message is told
        return 0
    info = getattr(network, "feature_info", ())
    reductions = {one["reduction"] for one in info} if isinstance(info, list) else set()
    return len(info) if len(reductions) == 1 else 0


def _require_any_size(encoder: str, built: TimmEncoder) -> None:
    """Some networks, such as mixers, work at the one size that they were made for."""
    side = 2 * max(built.description.reductions)
    training = built.training
    try:
        with torch.no_grad():
            found = built.eval()(torch.zeros(1, 3, side, 2 * side))
    except Exception as error:  # of any layer
        raise UsageError(
            f"trial.encoder={encoder}: works at one image size alone ({_reason(error)}); take another, such as "
            "convnext_tiny or tf_efficientnet_lite1"
        ) from error
    finally:
        built.train(training)
    if [one.shape[1] for one in found] != [*built.description.channels]:
        raise UsageError(f"trial.encoder={encoder}: its features are no images; take one of another family")


def _reason(error: Exception) -> str:
    told = str(error)
    return textwrap.shorten(told.partition("\n")[2] if "\n" in told and "state_dict" in told else told, 160)
