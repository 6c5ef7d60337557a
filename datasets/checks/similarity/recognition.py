"""Does a network that was trained on the crops still find the animal in their translation?"""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from ablate.config import TrialConfig
from ablate.data.arrays import Pictures
from ablate.training import evaluate
from ablate.training.loop import Training

SIDE = 64  # pixels of the network's input
_BATCH = 8


def configuration(n_train: int, images: int) -> TrialConfig:
    """A small U-Net with jitter, so that it does not go by colours alone; about `images` images seen in training."""
    return TrialConfig(
        model="unet",
        arm="crop",
        augment="jitter",
        image_size=SIDE,
        width=8,
        batch_size=_BATCH,
        encoder_weights="none",
        optimizer="adam",
        learning_rate=3e-3,
        schedule="cosine",
        epochs=max(1, round(images / max(n_train, 1))),
    )


def trained(train: Pictures, val: Pictures, images: int, device: torch.device) -> tuple[nn.Module, TrialConfig]:
    """The network, trained on crops at `SIDE` pixels."""
    config = configuration(len(train), images)
    training = Training(config, train, val, device)
    while not training.finished:
        training.run_epoch()
    return training.network, config


def mask_iou(network: nn.Module, pictures: Pictures, config: TrialConfig, device: torch.device) -> float:
    """Total intersection over total union of predicted and true masks, in [0, 1]."""
    shared = union = 0
    for index, probability_hw in enumerate(evaluate.probabilities(network, pictures, config, device)):
        found_hw, animal_hw = probability_hw >= config.threshold, pictures.mask_hw(index)
        shared += int(np.count_nonzero(found_hw & animal_hw))
        union += int(np.count_nonzero(found_hw | animal_hw))
    return shared / union if union else float("nan")
