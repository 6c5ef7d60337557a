"""`python -m benchmarks.input [size=64] [images=256] [trial.NAME=VALUE]`: what it costs to get pictures to the network.

First the share that fetching batches has of an epoch of training; then pictures per second without any training, from
the arrays that the product has decoded once, from a PyTorch DataLoader over image files (`workers=0,2`), and from
WebDataset straight from the shards, which both decode in every epoch. Decoding once is measured too. Further settings:
device, threads, rounds, seconds (a turn). What is not given is as in the demo; the network is a U-Net.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ablate.config import TrialConfig, trial_config
from ablate.data.arrays import Pictures
from ablate.training.loop import Training
from benchmarks import alternate, machine, samples, settings
from benchmarks.alternate import Work
from benchmarks.file_dataset import loader
from datasets.demo import TRIAL_DEFAULTS

ARRAYS, EPOCH, FETCH = "ablate, decoded once", "epoch of training", "its batches alone"


def fetched(pictures: Pictures, config: TrialConfig, device: torch.device) -> Iterator[tuple[Tensor, Tensor]]:
    """The batches of an epoch as the product's training takes them."""
    yield from pictures.feed(torch.randperm(len(pictures)), config.batch_size, device)


def batches_of_arrays(pictures: Pictures, config: TrialConfig, device: torch.device) -> Work:
    """Every picture once, in random order."""

    def epoch() -> float:
        return _count(fetched(pictures, config, device), device)

    return epoch


def from_files(folder: Path, config: TrialConfig, device: torch.device, workers: int) -> Work:
    """A DataLoader over the files."""
    batches = loader(folder, config, workers)
    return lambda: _count(_moved(batches, device), device)


def from_shards(folder: Path, config: TrialConfig, device: torch.device) -> Work:
    """WebDataset as its documentation has it: the shards' samples, shuffled in a buffer, decoded, in batches."""
    import webdataset as wds

    shards = sorted(map(str, folder.glob("crop/train-*.tar")))
    data = wds.WebDataset(shards, shardshuffle=False, empty_check=False).shuffle(1000).decode("torchrgb")
    batches = data.to_tuple("jpg", "mask.png").batched(config.batch_size)
    return lambda: _count(_moved(batches, device), device)


def _moved(batches: Any, device: torch.device) -> Iterator[tuple[Tensor, Tensor]]:  # noqa: ANN401 - any loader
    for image_b3hw, mask_b1hw in batches:
        yield image_b3hw.to(device, non_blocking=True), mask_b1hw.to(device, non_blocking=True)


def _count(batches: Iterator[tuple[Tensor, Tensor]], device: torch.device) -> float:
    count = 0
    for image_b3hw, _ in batches:
        count += len(image_b3hw)
    if device.type == "cuda":
        torch.cuda.synchronize()
    return count


def training(pictures: Pictures, config: TrialConfig, device: torch.device) -> Work:
    """Epochs of the product's training."""
    one = Training(config, pictures, samples.nothing_of(pictures), device)

    def epoch() -> float:
        one.run_epoch()
        return len(pictures) // config.batch_size * config.batch_size

    return epoch


def main(given: Mapping[str, str]) -> None:
    before = machine.describe()
    device, images = torch.device(given.get("device", "cpu")), int(given.get("images", 256))
    rounds, seconds = int(given.get("rounds", 5)), float(given.get("seconds", 2))
    torch.set_num_threads(int(given.get("threads", 1)))
    fields = {key.removeprefix("trial."): value for key, value in given.items() if key.startswith("trial.")}
    fields["image_size"] = given.get("size", "64")
    config = trial_config(TRIAL_DEFAULTS, {"epochs": 10**6, "schedule": "constant", "learning_rate": 1e-3}, fields)
    with tempfile.TemporaryDirectory(prefix="ablate-benchmark-") as scratch:
        folder, size = Path(scratch), config.image_size
        os.environ["ABLATE_CACHE"] = str(folder / "cache")
        samples.write_files(folder / "files", images, size)
        samples.write_shards(folder / "shards", images, size)
        began = time.perf_counter()
        pictures = samples.decoded(folder / "shards", size)
        once = time.perf_counter() - began
        pictures = pictures.to(device)
        works = {EPOCH: training(pictures, config, device), FETCH: batches_of_arrays(pictures, config, device)}
        step = alternate.race(works, EPOCH, rounds, seconds)
        works = {ARRAYS: batches_of_arrays(pictures, config, device)}
        for workers in map(int, given.get("workers", "0,2").split(",")):
            works[f"DataLoader over files, {workers} workers"] = from_files(folder / "files", config, device, workers)
        works["WebDataset from shards"] = from_shards(folder / "shards", config, device)
        delivered = alternate.race(works, ARRAYS, rounds, seconds)
    # Decoding has taken this long for the first epoch, and no other; a grid's trials share it too.
    share = {"median": 1 / step[FETCH]["ratio"], "least": 1 / step[FETCH]["ratio_max"]}
    share |= {"most": 1 / step[FETCH]["ratio_min"], "by_cpu_time": 1 / step[FETCH]["cpu_ratio"]}
    alternate.print_table(f"{config.model}, {size} px, batches of {config.batch_size}", step)
    print(f"fetching batches is {share['median']:.2%} of an epoch ({share['least']:.2%} .. {share['most']:.2%})\n")
    alternate.print_table("delivered", delivered)
    print(f"decoding once: {images / once:,.0f} images/s")
    found = {"device": str(device), "trial": config.model_dump(), "images": images, "decoding_once_seconds": once}
    found |= {"step": step, "share_of_an_epoch": share, "delivered": delivered}
    machine.save(Path(given.get("to", Path(__file__).parent / "results" / "input.json")), before, found)


if __name__ == "__main__":
    main(settings.given(__doc__))
