"""A trained network on real photographs: one row for each, with the columns of every metric found."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ablate import plugins
from ablate.config import TrialConfig
from ablate.data.arrays import Photograph, Pictures
from ablate.data.devices import arithmetic
from ablate.metrics import Prediction, Truth
from ablate.metrics.geometry import rle
from ablate.training.fitting_batches import FittingBatches
from ablate.training.step import logits

Measure = Callable[[Prediction, Truth], dict[str, object]]

_BATCH = 32
_MOST_THREADS = 4  # half of the time of measuring is Python's, whose lock one thread has at a time


def score(
    network: nn.Module, pictures: Pictures, config: TrialConfig, device: torch.device, threads: int | None = None
) -> list[dict[str, Any]]:
    """Measures a network on photographs: the columns of `images` but those that name the trial, one row each.

    Args:
        threads: that measure a batch while the network works on the next one; none: up to four of torch's where the
            network is on a GPU, else one, as the network needs them itself.
    """

    def row(index: int, probability_hw: NDArray[np.float32]) -> dict[str, Any]:
        photograph = Photograph(pictures.meta_n[index])
        prediction = Prediction.of(probability_hw, config.threshold, photograph.wh)
        mask_hw = pictures.mask_hw(index) if pictures.has_mask_n[index] else None
        truth = Truth(photograph.boxes_n4, photograph.wh, mask_hw)
        assert prediction.segments is not None
        mask = {"mask_rle": rle.encode(prediction.segments.foreground_hw)}
        return known(photograph) | measured(prediction, truth) | mask

    threads = threads or (min(torch.get_num_threads(), _MOST_THREADS) if device.type == "cuda" else 1)
    rows: list[dict[str, Any]] = []
    measuring: Iterator[dict[str, Any]] = iter(())
    index_n = itertools.count()
    with ThreadPoolExecutor(threads) as pool:
        begin = pool.map if threads > 1 else map
        for probability_bhw in probabilities(network, pictures, config, device):
            rows += measuring
            measuring = begin(row, itertools.islice(index_n, len(probability_bhw)), probability_bhw)
        rows += measuring
    return rows


@torch.inference_mode()
def probabilities(
    network: nn.Module, pictures: Pictures, config: TrialConfig, device: torch.device
) -> Iterator[NDArray[np.float32]]:
    """The network's probability_bhw of all pictures in order, float32 in [0, 1], batch by batch.

    On a GPU the next batch is computed while the caller works with one.
    """
    network.eval()

    def begin(index_b: Tensor) -> Callable[[], NDArray[np.float32]]:
        image_b3hw, _ = pictures.batch(index_b, device)
        with arithmetic(config, device):  # not across a yield: what happens between two batches is not ours
            return _to_host(_probability(network, image_b3hw, config)[:, 0])

    before: Callable[[], NDArray[np.float32]] | None = None
    for _, on_its_way in FittingBatches(_BATCH).each(pictures, begin):
        if before is not None:
            yield before()
        before = on_its_way
    if before is not None:
        yield before()


def _probability(network: nn.Module, image_b3hw: Tensor, config: TrialConfig) -> Tensor:
    probability_b1hw = logits(network, image_b3hw, config).sigmoid()
    if not config.test_flip:
        return probability_b1hw
    mirrored_b1hw = logits(network, image_b3hw.flip(-1), config).sigmoid()
    return (probability_b1hw + mirrored_b1hw.flip(-1)) / 2


def _to_host(probability_bhw: Tensor) -> Callable[[], NDArray[np.float32]]:
    """Begins to copy an array to the host's memory; what it returns waits for the array and gives it."""
    if probability_bhw.device.type != "cuda":
        return probability_bhw.numpy
    host_bhw = torch.empty(probability_bhw.shape, dtype=probability_bhw.dtype, pin_memory=True)
    host_bhw.copy_(probability_bhw, non_blocking=True)
    copied = torch.cuda.Event()  # type: ignore[no-untyped-call]
    copied.record()

    def wait() -> NDArray[np.float32]:
        copied.synchronize()
        return host_bhw.numpy()

    return wait


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
