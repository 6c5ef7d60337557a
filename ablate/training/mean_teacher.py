"""Self-training on photographs without labels: a mean teacher guesses their masks, the student learns the surest.

The teacher is the mean of the student's weights (Tarvainen and Valpola, 2017). It sees a photograph as it is; the
student sees it changed by the training's recipes. Which guesses are told is decided for animal and background apart, as
in class-balanced self-training (Zou et al., 2018): with one limit of probability for both, a network that takes too
much for animal is told so by itself, and soon takes everything. Until the student has learned something from the
synthetic samples it is told nothing.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from ablate.augment.recipes import Photographs

_TOLD = 0.5  # share of the pixels of animal, and of those of background, that are told: the surest
_WARM = 0.25  # of all steps, before which nothing is told


class MeanTeacher:
    """Adds as many photographs to a batch as it has samples, with the teacher's guesses as masks: 0, 1, or -1, unsure.

    Args of its call as of an `Augmentation`, and the same batch twice as large is what it returns.
    """

    def __init__(self, photographs: Photographs, probability: Callable[[Tensor], Tensor], steps: int) -> None:
        """Args: probability: the teacher's, b1hw of images b3hw; steps: of the whole training."""
        self._photographs, self._probability = photographs, probability
        self._warm = round(_WARM * steps)
        self.step = 0  # the training sets it, as it may continue from a checkpoint

    @torch.no_grad()
    def __call__(self, image_b3hw: Tensor, mask_b1hw: Tensor) -> tuple[Tensor, Tensor]:
        index_b = torch.randint(len(self._photographs), (len(image_b3hw),))
        photograph_b3hw, _ = self._photographs.batch(index_b, image_b3hw.device)
        guess_b1hw = torch.full_like(mask_b1hw, -1.0)
        if self.step >= self._warm:
            guess_b1hw = guesses(self._probability(photograph_b3hw), mask_b1hw.mean())
        return torch.cat([image_b3hw, photograph_b3hw]), torch.cat([mask_b1hw, guess_b1hw])


class Apart(nn.Module):
    """A network that takes the second half of a batch, photographs, without their statistics.

    Its batch norm learns those of the synthetic samples and applies them to photographs, as in evaluation. With those
    of both together, and nothing told, a network scored half as much on the photographs.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, image_b3hw: Tensor) -> Tensor:
        """Logits b1hw."""
        synthetic_b3hw, photograph_b3hw = image_b3hw.chunk(2)
        synthetic_b1hw = self.network(synthetic_b3hw)
        norms = [each for each in self.network.modules() if isinstance(each, _BatchNorm) and each.training]
        for norm in norms:
            norm.eval()
        photograph_b1hw = self.network(photograph_b3hw)
        for norm in norms:
            norm.train()
        return torch.cat([synthetic_b1hw, photograph_b1hw])


def guesses(probability_b1hw: Tensor, animal: Tensor) -> Tensor:
    """Masks of 0, 1 and -1: of the pixels of a batch the surest ones of either kind.

    Args:
        animal: share of the pixels that are taken for animal at most: that of the synthetic samples.
    """
    limits_2 = torch.stack([_TOLD * (1 - animal), 1 - _TOLD * animal])
    low, high = torch.quantile(probability_b1hw.flatten(), limits_2)
    guess_b1hw = torch.full_like(probability_b1hw, -1.0)
    guess_b1hw = torch.where(probability_b1hw <= low.clamp(max=0.5), 0.0, guess_b1hw)
    return torch.where(probability_b1hw >= high.clamp(min=0.5), 1.0, guess_b1hw)
