"""What a training minimises, of a network's logits against masks; `loss=` in a trial's configuration.

Each takes logits_b1hw and mask_b1hw, float32, the mask 0 or 1, and gives the mean over the batch's pictures.

In self-training the second half of a batch are photographs, whose masks a teacher has guessed: -1 where it is unsure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
import torch.nn.functional as F
from torch import Tensor

from ablate.config import TrialConfig

Loss = Callable[[Tensor, Tensor], Tensor]

_SMOOTH = 1.0  # pixels: a picture without an animal has a loss too, and no division by 0


def bce(logits_b1hw: Tensor, mask_b1hw: Tensor) -> Tensor:
    """Binary cross-entropy, mean over pixels."""
    return F.binary_cross_entropy_with_logits(logits_b1hw, mask_b1hw)


def dice(logits_b1hw: Tensor, mask_b1hw: Tensor) -> Tensor:
    """1 - 2 |P and M| / (|P| + |M|), of each picture's probabilities P and mask M (Milletari et al., 2016)."""
    probability_b1hw = torch.sigmoid(logits_b1hw)
    shared_b = (probability_b1hw * mask_b1hw).sum(dim=(1, 2, 3))
    total_b = (probability_b1hw + mask_b1hw).sum(dim=(1, 2, 3))
    return (1.0 - (2.0 * shared_b + _SMOOTH) / (total_b + _SMOOTH)).mean()


def bce_dice(logits_b1hw: Tensor, mask_b1hw: Tensor) -> Tensor:
    """The sum of both."""
    return bce(logits_b1hw, mask_b1hw) + dice(logits_b1hw, mask_b1hw)


LOSSES: Mapping[str, Loss] = {"bce": bce, "dice": dice, "bce_dice": bce_dice}


def loss_of(config: TrialConfig) -> Loss:
    """What a configuration's training minimises on a batch."""
    supervised = LOSSES[config.loss]
    if config.adapt == "none":
        return supervised

    def adapted(logits_b1hw: Tensor, mask_b1hw: Tensor) -> Tensor:
        (logits_s1hw, logits_p1hw), (mask_s1hw, guess_p1hw) = logits_b1hw.chunk(2), mask_b1hw.chunk(2)
        return supervised(logits_s1hw, mask_s1hw) + guessed(logits_p1hw, guess_p1hw)

    return adapted


def guessed(logits_b1hw: Tensor, guess_b1hw: Tensor) -> Tensor:
    """Binary cross-entropy where a guess is sure, mean over all pixels: photographs count as far as they are known."""
    sure_b1hw = (guess_b1hw >= 0).float()
    loss_b1hw = F.binary_cross_entropy_with_logits(logits_b1hw, guess_b1hw.clamp(min=0), reduction="none")
    return (loss_b1hw * sure_b1hw).mean()
