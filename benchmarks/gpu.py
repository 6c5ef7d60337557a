"""`python -m benchmarks.gpu [to=FILE] [size=480] [steps=40]`: what the training does on a GPU.

The paper's protocol on random pictures: full width, 480 px, batches of 4. For each network, with and without jitter:
where the host waits for the device within a step, milliseconds a step and memory under each precision, whether a
training that goes on from its checkpoint equals one that never stopped, and photographs scored per second. Every part
is written when it is known. `device=cpu` with small numbers shows that the script runs.
"""

from __future__ import annotations

import collections
import json
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ablate.config import TrialConfig
from ablate.data.arrays import Pictures
from ablate.data.devices import arithmetic
from ablate.training import checkpoint, evaluate
from ablate.training.loop import Training
from benchmarks import machine

NETWORKS = ("unet", "unet_resnet50", "segnet")
WARM, GROUP = 10, 5  # steps before any are timed; steps between two looks at the clock


class Bench:
    """The settings of one run, and its results so far."""

    def __init__(self, given: dict[str, str]) -> None:
        self.to = Path(given.get("to", Path(__file__).parent / "results" / "gpu.json"))
        self.size, self.steps = int(given.get("size", "480")), int(given.get("steps", "40"))
        self.width, self.images = int(given.get("width", "64")), int(given.get("images", "64"))
        self.device = torch.device(given.get("device", "cuda"))
        self.result: dict[str, Any] = {"machine": machine.describe(), "torch": torch.__version__}
        if self.device.type == "cuda":
            self.result |= {"card": torch.cuda.get_device_name(), "cuda": torch.version.cuda}

    @property
    def precisions(self) -> tuple[str, ...]:
        return ("bfloat16", "tf32", "float32") if self.device.type == "cuda" else ("bfloat16", "float32")

    def training(self, network: str, augment: str = "none", precision: str = "auto") -> Training:
        """A fresh training on random pictures."""
        config = TrialConfig(
            model=network,
            augment=augment,
            precision=precision,
            image_size=self.size,
            width=self.width,
            encoder_weights="none",
        )
        return Training(config, self.pictures(self.images), self.pictures(8), self.device)

    def pictures(self, count: int) -> Pictures:
        draw = torch.Generator().manual_seed(0)
        image_n3hw = torch.randint(0, 256, (count, 3, self.size, self.size), dtype=torch.uint8, generator=draw)
        mask_n1hw = torch.zeros((count, 1, self.size, self.size), dtype=torch.uint8)
        mask_n1hw[..., self.size // 4 : self.size // 2, self.size // 4 : self.size // 2] = 1
        meta = {"source": "", "image_id": "", "location": "", "seq_id": None, "width": self.size, "height": self.size}
        box = [self.size / 4, self.size / 4, self.size / 2, self.size / 2]
        return Pictures.of(image_n3hw, mask_n1hw, np.ones(count, bool), [meta | {"boxes": [{"box": box}]}] * count)

    def wait(self) -> None:
        if self.device.type == "cuda":
            torch.cuda.synchronize()

    def note(self, part: str, name: str, found: object) -> None:
        """Keeps and prints a result."""
        self.result.setdefault(part, {})[name] = found
        self.to.write_text(json.dumps(self.result, indent=2) + "\n")
        print(f"{part:<14} {name:<38} {json.dumps(found)}", flush=True)

    def steps_of(self, training: Training, steps: int) -> None:
        """Steps as an epoch takes them, without its beginning and its end."""
        batch = training.config.batch_size
        order_n = torch.randperm(self.images, generator=torch.Generator().manual_seed(1)).to(self.device)
        with arithmetic(training.config, self.device):
            for step in range(steps):
                start = step * batch % (self.images - batch + 1)
                training._step(order_n[start : start + batch])

    def milliseconds(self, training: Training) -> dict[str, float]:
        """Of a step: median over groups of steps; peak memory of the device in MB."""
        training.network.train()
        self.steps_of(training, WARM)
        self.wait()
        if self.device.type == "cuda":
            torch.cuda.reset_peak_memory_stats()
        each = []
        for _ in range(max(1, self.steps // GROUP)):
            began = time.perf_counter()
            self.steps_of(training, GROUP)
            self.wait()
            each.append(1000 * (time.perf_counter() - began) / GROUP)
        peak = torch.cuda.max_memory_allocated() / 2**20 if self.device.type == "cuda" else 0.0
        median = statistics.median(each)
        return {
            "ms": round(median, 2),
            "least_ms": round(min(each), 2),
            "images_per_second": round(1000 * training.config.batch_size / median, 1),
            "peak_mb": round(peak),
        }


def synchronizing(bench: Bench) -> None:
    """The lines of a step at which the host waits for the device, with their counts in 20 steps."""
    for network in NETWORKS:
        for augment in ("none", "jitter"):
            training = bench.training(network, augment)
            training.network.train()
            bench.steps_of(training, 2)
            bench.wait()
            with warnings.catch_warnings(record=True) as seen, _told_of_waiting(bench.device):
                warnings.simplefilter("always")
                bench.steps_of(training, 20)
            at = (f"{'/'.join(Path(one.filename).parts[-3:])}:{one.lineno}" for one in seen if _waits(one))
            bench.note("synchronizing", f"{network}, {augment}", dict(collections.Counter(at)))


@contextmanager
def _told_of_waiting(device: torch.device) -> Iterator[None]:
    if device.type != "cuda":
        yield
        return
    torch.cuda.set_sync_debug_mode("warn")
    try:
        yield
    finally:
        torch.cuda.set_sync_debug_mode("default")


def _waits(warning: warnings.WarningMessage) -> bool:
    return "synchroniz" in str(warning.message)


def precision(bench: Bench) -> None:
    """How far a convolution is from the one in float64, as a share of its norm, under each precision."""
    torch.manual_seed(0)
    image, kernel = torch.randn(4, 64, 120, 120, device=bench.device), torch.randn(64, 64, 3, 3, device=bench.device)
    exact = torch.nn.functional.conv2d(image.double(), kernel.double())
    for name in bench.precisions:
        told = TrialConfig(precision=name)
        with (
            arithmetic(told, bench.device),
            torch.autocast(bench.device.type, torch.bfloat16, enabled=name == "bfloat16"),
        ):
            found = torch.nn.functional.conv2d(image, kernel)
        bench.note("convolution", name, float((found.double() - exact).norm() / exact.norm()))


def steps(bench: Bench) -> None:
    """Milliseconds a step, by network, augmentation and precision, then with other switches of torch."""
    for network in NETWORKS:
        for augment, name in (("jitter", "bfloat16"), *(("none", name) for name in bench.precisions)):
            bench.note(
                "step", f"{network}, {augment}, {name}", bench.milliseconds(bench.training(network, augment, name))
            )
        torch.use_deterministic_algorithms(False)
        bench.note("step", f"{network}, not deterministic", bench.milliseconds(bench.training(network)))
        torch.backends.cudnn.benchmark = True
        bench.note("step", f"{network}, cuDNN benchmark", bench.milliseconds(bench.training(network)))
        torch.backends.cudnn.benchmark = False
        torch.use_deterministic_algorithms(True, warn_only=True)


def resuming(bench: Bench) -> None:
    """Two epochs in one go against one, a checkpoint and another: equality of rows and weights, and the pace."""
    for network in NETWORKS:
        whole, first, second = (bench.training(network, "jitter") for _ in range(3))
        whole.run_epoch()
        first.run_epoch()
        repeated = _same_weights(whole, first)
        with tempfile.TemporaryDirectory() as folder:
            checkpoint.save(Path(folder), "t", "code", first)
            assert checkpoint.restore(Path(folder), "t", "code", second) == (1, "code")
        whole.run_epoch()
        second.run_epoch()
        losses = [training.rows[-1]["train_loss"] for training in (whole, second)]
        about = {"repeated_equal": repeated, "resumed_equal": _same_weights(whole, second), "losses": losses}
        about |= {"ms_before": bench.milliseconds(whole)["ms"], "ms_after": bench.milliseconds(second)["ms"]}
        bench.note("resume", network, about)


def _same_weights(one: Training, other: Training) -> bool:
    pairs = zip(one.network.state_dict().values(), other.network.state_dict().values(), strict=True)
    return all(torch.equal(left, right) for left, right in pairs)


def scoring(bench: Bench) -> None:
    """Photographs per second through the network, the box and every metric, after a first pass."""
    for network in NETWORKS:
        training, photographs = bench.training(network), bench.pictures(bench.images)
        evaluate.score(training.network, photographs, training.config, bench.device)
        began = time.perf_counter()
        evaluate.score(training.network, photographs, training.config, bench.device)
        bench.note("scoring", network, round(len(photographs) / (time.perf_counter() - began), 1))


def main(given: dict[str, str]) -> None:
    bench = Bench(given)
    torch.use_deterministic_algorithms(True, warn_only=True)
    warnings.filterwarnings("ignore", message=".*does not have a deterministic implementation")
    for part in (precision, synchronizing, steps, resuming, scoring):
        began = time.perf_counter()
        try:
            part(bench)
        except Exception as error:  # noqa: BLE001 - the other parts are worth as much
            bench.note("failed", part.__name__, f"{type(error).__name__}: {error}")
        bench.note("seconds", part.__name__, round(time.perf_counter() - began, 1))


if __name__ == "__main__":
    main(dict(word.partition("=")[::2] for word in sys.argv[1:]))
