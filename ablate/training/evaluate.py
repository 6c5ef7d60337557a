"""A trained network on real photographs: one row for each, with the columns of every metric found."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ablate import plugins
from ablate.config import TrialConfig
from ablate.data.arrays import Photograph, Pictures
from ablate.data.devices import arithmetic
from ablate.metrics import Prediction, Truth
from ablate.metrics.geometry import rle
from ablate.training.loop import logits

Measure = Callable[[Prediction, Truth], dict[str, object]]

_BATCH = 32


def score(network: nn.Module, pictures: Pictures, config: TrialConfig, device: torch.device) -> list[dict[str, Any]]:
    """Measures a network on photographs: the columns of `images` but those that name the trial, one row each."""
    rows = []
    for index, probability_hw in enumerate(probabilities(network, pictures, config, device)):
        photograph = Photograph(pictures.meta_n[index])
        prediction = Prediction.of(probability_hw, config.threshold, photograph.wh)
        mask_hw = pictures.mask_hw(index) if pictures.has_mask_n[index] else None
        truth = Truth(photograph.boxes_n4, photograph.wh, mask_hw)
        assert prediction.segments is not None
        mask = {"mask_rle": rle.encode(prediction.segments.foreground_hw)}
        rows.append(known(photograph) | measured(prediction, truth) | mask)
    return rows


@torch.inference_mode()
def probabilities(
    network: nn.Module, pictures: Pictures, config: TrialConfig, device: torch.device
) -> Iterator[NDArray[np.float32]]:
    """The network's probability_hw for each picture, float32 in [0, 1]."""
    network.eval()
    for index_b in pictures.batches(_BATCH):
        image_b3hw, _ = pictures.batch(index_b, device)
        with arithmetic(config, device):  # not across a yield: what happens between two batches is not ours
            probability_bhw = logits(network, image_b3hw, config).sigmoid()[:, 0].cpu().numpy()
        yield from probability_bhw


def mean_iou(network: nn.Module, pictures: Pictures, config: TrialConfig, device: torch.device) -> float:
    """The paper's score of a network: mean over the photographs with an animal of their box IoU."""
    values = [row["iou"] for row in score(network, pictures, config, device) if row["iou"] is not None]
    return float(np.mean(values)) if values else float("nan")


def measured(prediction: Prediction, truth: Truth) -> dict[str, Any]:
    """The columns of every metric found, for one photograph."""
    columns: dict[str, Any] = {}
    for measure in _measures():
        columns |= measure(prediction, truth)
    return columns


@cache
def _measures() -> list[Measure]:
    return [plugins.load("ablate.metrics", name, "metric").measure for name in plugins.names("ablate.metrics")]


def known(photograph: Photograph) -> dict[str, Any]:
    """The columns that say which photograph it is, and where its animals are."""
    meta = photograph.meta
    return {
        "location": meta["location"],
        "image_id": meta["image_id"],
        "seq_id": meta["seq_id"],
        "captured_at": photograph.captured_at,
        "width": meta["width"],
        "height": meta["height"],
        "true_boxes": photograph.boxes_n4.tolist(),
    }
