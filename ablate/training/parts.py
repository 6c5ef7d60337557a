"""From a configuration to the parts of a training: its network, what changes its samples, and its optimizer."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor, nn

from ablate import plugins
from ablate.augment import Augmentation, Compilable, recipes
from ablate.augment.recipes import Photographs
from ablate.config import TrialConfig
from ablate.identity import active_recipes
from ablate.models._encoder_network import EncoderNetwork

HOST = torch.device("cpu")
_RATE_FACTOR = "rate_factor"  # of an optimizer's group


def build_network(config: TrialConfig, device: torch.device) -> nn.Module:
    """The network of a configuration, its weights drawn from the configuration's seed."""
    torch.manual_seed(config.seed)
    network: nn.Module = _build("ablate.models", config.model, "trial.model", config)
    return network.to(memory_format=torch.channels_last).to(device)


def weights_license(config: TrialConfig) -> str | None:
    """The licence of pretrained weights; None where there are none, or nobody says."""
    tell = getattr(plugins.load("ablate.models", config.model, "trial.model"), "weights_license", None)
    if tell is None:
        return None
    told: str | None = tell(**{field: getattr(config, field) for field in inspect.signature(tell).parameters})
    return told


def build_augmentation(
    config: TrialConfig,
    photographs: Mapping[str, Photographs] = MappingProxyType({}),
    beside: Augmentation | None = None,
) -> Augmentation:
    """What is done to samples: a configuration's recipes and its augmentation, in their order.

    Args:
        photographs: what recipes look at, by its kind (see `recipes.LOOKS_AT`).
        beside: adds photographs to the synthetic samples, which from there on are treated alike.
    """
    own: Augmentation = _build("ablate.augment", config.augment, "trial.augment", config)
    stages = [
        *_recipes(recipes.ON_SYNTHETIC, config, photographs),
        *([beside] if beside else []),
        *_recipes(recipes.BEFORE_AUGMENT, config, photographs),
        *([own] if config.augment != "none" else []),
        *_recipes(recipes.AFTER_AUGMENT, config, photographs),
    ]
    return own if not stages else stages[0] if len(stages) == 1 else _Chain(stages)


def changes_samples(config: TrialConfig) -> bool:
    """Whether a training sees anything but the samples as they are."""
    return config.augment != "none" or config.adapt != "none" or bool(active_recipes(config))


class _Chain:
    """One after the other."""

    def __init__(self, stages: Sequence[Augmentation]) -> None:
        self._stages = stages

    def __call__(self, image_b3hw: Tensor, mask_b1hw: Tensor) -> tuple[Tensor, Tensor]:
        for stage in self._stages:
            image_b3hw, mask_b1hw = stage(image_b3hw, mask_b1hw)
        return image_b3hw, mask_b1hw

    def compiled(self) -> Augmentation:
        """The same, compiled where a stage can be."""
        return _Chain([stage.compiled() if isinstance(stage, Compilable) else stage for stage in self._stages])


def _recipes(
    names: Sequence[str], config: TrialConfig, photographs: Mapping[str, Photographs]
) -> Iterator[Augmentation]:
    for name in names:
        if name in active_recipes(config):
            module = plugins.load("ablate.augment.recipes", name, f"trial.{name}")
            yield module.build(getattr(config, name), photographs.get(recipes.LOOKS_AT.get(name, "")))


def _build(package: str, name: str, key: str, config: TrialConfig) -> Any:  # noqa: ANN401 - what a part builds
    fields = plugins.reads(package, name)
    return plugins.load(package, name, key).build(**{field: getattr(config, field) for field in fields})


def build_optimizer(config: TrialConfig, network: nn.Module, device: torch.device) -> torch.optim.Optimizer:
    """The optimizer of a configuration; on a GPU one kernel for all weights, whose counts and rate lie there too."""
    on_gpu = device.type == "cuda"
    common: dict[str, Any] = {"weight_decay": config.weight_decay, "fused": on_gpu or None}
    groups = list(_groups(config, network, device if on_gpu else None))
    match config.optimizer:
        case "adam":
            return torch.optim.Adam(groups, capturable=on_gpu, **common)
        case "adamw":
            return torch.optim.AdamW(groups, capturable=on_gpu, **common)
        case "sgd":
            return torch.optim.SGD(groups, momentum=0.9, nesterov=True, **common)


def _groups(config: TrialConfig, network: nn.Module, gpu: torch.device | None) -> Iterator[dict[str, Any]]:
    """What learns, in groups of one rate: the encoder by itself where its rate is another."""
    learning = [parameter for parameter in network.parameters() if parameter.requires_grad]
    factor = network.encoder_rate if isinstance(network, EncoderNetwork) else 1.0
    slower = {id(each) for each in network.encoder.parameters()} if factor != 1.0 else set()  # type: ignore[union-attr]
    for share, wanted in ((1.0, False), (factor, True)):
        parameters = [each for each in learning if (id(each) in slower) == wanted]
        if parameters:
            rate = config.learning_rate * share
            own = torch.tensor(rate, device=gpu) if gpu is not None else rate
            yield {"params": parameters, "lr": own, _RATE_FACTOR: share}


def set_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """Sets the learning rate of the next step, without waiting for the device."""
    for group in optimizer.param_groups:
        own = rate * group[_RATE_FACTOR]
        if isinstance(group["lr"], Tensor):
            group["lr"].fill_(own)
        else:
            group["lr"] = own


def restore_optimizer(optimizer: torch.optim.Optimizer, state: dict[str, Any]) -> None:
    """Gives an optimizer the moments of another one; rate, weight decay and how it computes stay its own."""
    own = [{name: value for name, value in group.items() if name != "params"} for group in optimizer.param_groups]
    groups = [given | kept for given, kept in zip(state["param_groups"], own, strict=True)]
    # Not after loading: whether counts of steps go to the GPU is decided there, by the groups.
    optimizer.load_state_dict({"state": state["state"], "param_groups": groups})
    for group, kept in zip(optimizer.param_groups, own, strict=True):
        group["lr"] = kept["lr"]  # loading has copied it
