"""`python -m benchmarks.step [networks=unet,unet_resnet50,segnet] [augment=none,jitter]`: what the training loop costs.

Epochs of the product's `Training` on arrays in memory, images per second, side by side with

- a bare loop in PyTorch: the same network, optimizer, loss and jitter, batches from the same arrays, nothing else;
- Lightning with the same network and a DataLoader over image files (`workers=8`), which also jitters;
- the same with the U-Net-ResNet-50 of segmentation_models_pytorch, where the network is ours of that name, `width=64`.

The last two where they are installed: `uv run --with lightning --with segmentation-models-pytorch python -m
benchmarks.step`. Further settings: device, threads, rounds, seconds (a turn), images (an epoch), and fields of a trial
as `trial.NAME=VALUE`. What is not given is as in the demo.
"""

from __future__ import annotations

import importlib.util
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from ablate.config import TrialConfig, trial_config
from ablate.data.arrays import Pictures
from ablate.data.devices import prepare_process
from ablate.training.loop import Training
from ablate.training.parts import build_augmentation, build_network
from benchmarks import alternate, machine, samples, settings
from benchmarks.alternate import Work
from datasets.demo import TRIAL_DEFAULTS

BARE, PRODUCT = "bare loop", "ablate"


class Setting:
    """One network and augmentation, with the pictures that all contenders train on."""

    def __init__(self, config: TrialConfig, pictures: Pictures, files: Path, device: torch.device) -> None:
        self.config, self.device, self.files, self.pictures = config, device, files, pictures

    def network(self) -> nn.Module:
        return build_network(self.config, self.device)

    def optimizer(self, network: nn.Module) -> torch.optim.Optimizer:
        rate = self.config.learning_rate
        if self.config.optimizer == "sgd":
            return torch.optim.SGD(network.parameters(), lr=rate, momentum=0.9, nesterov=True)
        return torch.optim.Adam(network.parameters(), lr=rate)

    def product(self) -> Work:
        """Epochs of the product, under the switches that its trials set."""
        training = Training(self.config, self.pictures, samples.nothing_of(self.pictures), self.device)

        def epoch() -> float:
            torch.use_deterministic_algorithms(True, warn_only=True)
            try:
                training.run_epoch()
            finally:
                torch.use_deterministic_algorithms(False)
            return self._images_an_epoch

        return epoch

    def bare(self) -> Work:
        """The loop that one would write for this training alone."""
        network, augment = self.network(), build_augmentation(self.config)
        optimizer, batch = self.optimizer(network), self.config.batch_size
        pictures = self.pictures.to(self.device)
        image_n3hw = pictures.image_n3hw
        masks_hw = [torch.from_numpy(pictures.mask_hw(index)) for index in range(len(pictures))]
        mask_n1hw = torch.stack(masks_hw)[:, None].to(self.device)

        def epoch() -> float:
            network.train()
            total = torch.zeros((), device=self.device)
            order_n = torch.randperm(len(image_n3hw)).to(self.device)
            for index_b in order_n[: self._images_an_epoch].split(batch):
                image_b3hw, mask_b1hw = image_n3hw[index_b].float() / 255, mask_n1hw[index_b].float()
                with torch.no_grad():
                    image_b3hw, mask_b1hw = augment(image_b3hw, mask_b1hw)
                with torch.autocast(self.device.type, torch.bfloat16, enabled=self.device.type == "cuda"):
                    logits_b1hw = network(image_b3hw.contiguous(memory_format=torch.channels_last))
                loss = F.binary_cross_entropy_with_logits(logits_b1hw.float(), mask_b1hw)
                optimizer.zero_grad(set_to_none=True)
                loss.backward()
                optimizer.step()
                total += loss.detach()
            float(total)  # waits for the device
            return self._images_an_epoch

        return epoch

    def lightning(self, network: nn.Module, workers: int) -> Work:
        """Lightning over a DataLoader of the files."""
        from benchmarks._lightning import Module, Turns
        from benchmarks.file_dataset import loader

        network = network.to(memory_format=torch.channels_last)
        batches = loader(self.files, self.config, workers)
        return Turns(Module(network, self.optimizer(network)), batches, self.device.type == "cuda")

    @property
    def _images_an_epoch(self) -> int:
        return len(self.pictures) // self.config.batch_size * self.config.batch_size

    def gflop(self, network: nn.Module) -> float:
        """Of an image, forward and backward."""
        image_b3hw = torch.rand(2, 3, self.config.image_size, self.config.image_size)
        with FlopCounterMode(display=False) as counter:
            network.cpu()(image_b3hw).sum().backward()
        return counter.get_total_flops() / 2e9


def contenders(setting: Setting, workers: int) -> tuple[dict[str, Work], dict[str, float]]:
    """What is compared, and GFLOP an image of each network in it."""
    works = {BARE: setting.bare(), PRODUCT: setting.product()}
    gflop = {"ablate": setting.gflop(setting.network())}
    if _installed("lightning"):
        works[f"Lightning, files, {workers} workers"] = setting.lightning(setting.network(), workers)
    is_smp = setting.config.model == "unet_resnet50" and setting.config.width == 64
    if is_smp and _installed("lightning") and _installed("segmentation_models_pytorch"):
        from benchmarks._lightning import smp_unet

        gflop["smp"] = setting.gflop(smp_unet())
        works[f"Lightning + smp, files, {workers} workers"] = setting.lightning(smp_unet(), workers)
    return works, gflop


def _installed(name: str) -> bool:
    return importlib.util.find_spec(name) is not None


def main(given: Mapping[str, str]) -> None:
    before = machine.describe()
    device, threads = torch.device(given.get("device", "cpu")), int(given.get("threads", 1))
    rounds, seconds, workers = int(given.get("rounds", 5)), float(given.get("seconds", 2)), int(given.get("workers", 2))
    prepare_process(threads)
    torch.use_deterministic_algorithms(False)  # but in the product's turns
    fields = {key.removeprefix("trial."): value for key, value in given.items() if key.startswith("trial.")}
    base = TRIAL_DEFAULTS | {"epochs": 10**6, "schedule": "constant", "learning_rate": 1e-3} | fields
    found: dict[str, Any] = {"device": str(device), "threads": threads, "trial": base, "torch": torch.__version__}
    found["not_installed"] = [name for name in ("lightning", "segmentation_models_pytorch") if not _installed(name)]
    if found["not_installed"]:
        print(
            f"not installed: {', '.join(found['not_installed'])}; to compare with them: uv run --with lightning "
            "--with segmentation-models-pytorch python -m benchmarks.step"
        )
    with tempfile.TemporaryDirectory(prefix="ablate-benchmark-") as scratch:
        size, images = trial_config(base).image_size, int(given.get("images", 256))
        samples.write_files(Path(scratch), images, size)
        pictures = samples.from_files(Path(scratch))
        for network in given.get("networks", "unet,unet_resnet50,segnet").split(","):
            for augment in given.get("augment", "none,jitter").split(","):
                config = trial_config(base, {"model": network, "augment": augment})
                setting = Setting(config, pictures, Path(scratch), device)
                works, gflop = contenders(setting, workers)
                figures = alternate.race(works, BARE, rounds, seconds)
                found[f"{network}, {augment}"] = figures | {"gflop_an_image": gflop}
                alternate.print_table(f"{network}, {augment}, {size} px", figures)
                print("GFLOP an image: " + ", ".join(f"{name} {value:.2f}" for name, value in gflop.items()) + "\n")
    machine.save(Path(given.get("to", Path(__file__).parent / "results" / "step.json")), before, found)


if __name__ == "__main__":
    main(settings.given(__doc__))
