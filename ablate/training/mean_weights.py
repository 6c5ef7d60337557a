"""The mean of a network's weights over its last steps, which varies less than the weights themselves."""

from __future__ import annotations

import copy

import torch
from torch import nn


class MeanWeights:
    """An exponential moving average of weights (Tarvainen and Valpola, *Mean teachers are better role models*, 2017).

    In the first steps it forgets faster, by (1 + step) / (10 + step), or the random weights would count for long.

    Attributes:
        network: of the mean weights, in evaluation mode; its batch norm's statistics are the other's last ones.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.network = copy.deepcopy(network).eval().requires_grad_(False)
        self._decay = decay
        pairs = [*zip(self.network.parameters(), network.parameters(), strict=True)]
        self._mean: list[torch.Tensor] = [mean for mean, own in pairs if own.requires_grad]
        self._own = [own for _, own in pairs if own.requires_grad]
        self._buffers = _by_dtype(self.network, network)

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Takes the weights after a step, from 0 on, into the mean. The host waits for nothing."""
        decay = min(self._decay, (1 + step) / (10 + step))
        torch._foreach_lerp_(self._mean, [own.detach() for own in self._own], 1 - decay)
        for mean, buffers in self._buffers:
            torch._foreach_copy_(mean, buffers)


def _by_dtype(mean: nn.Module, network: nn.Module) -> list[tuple[list[torch.Tensor], list[torch.Tensor]]]:
    """The buffers of both, in lists that one kernel copies."""
    lists: dict[torch.dtype, tuple[list[torch.Tensor], list[torch.Tensor]]] = {}
    for to, of in zip(mean.buffers(), network.buffers(), strict=True):
        for found, buffer in zip(lists.setdefault(of.dtype, ([], [])), (to, of), strict=True):
            found.append(buffer)
    return [*lists.values()]
