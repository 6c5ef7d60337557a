"""What a training minimises, of a network's logits against masks; `loss=` in a trial's configuration.

Each takes logits_b1hw and mask_b1hw, float32, the mask 0 or 1, and gives the mean over the batch's pictures.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
import torch.nn.functional as F
from torch import Tensor

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
