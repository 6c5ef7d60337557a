"""The setting of the measurements on a GPU: the paper's protocol on random pictures, and where results are written."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ablate.config import Execution, TrialConfig
from ablate.data.arrays import Pictures
from ablate.data.devices import arithmetic, prepare_process
from ablate.identity import looks_at
from ablate.training.loop import Training

NETWORKS = ("unet", "unet_resnet50", "segnet")
GROUP = 5  # steps between two looks at the clock
WARM = 8  # steps before any are timed: more than are taken before a graph is recorded


class Bench:
    """The settings of one part, and its results so far.

    Attributes:
        executions: the ways of carrying out a step that the device has.
        recorded: the fastest of them that need not be compiled.
    """

    def __init__(self, given: Mapping[str, str]) -> None:
        self.to = Path(given["to"])
        self.size, self.width = int(given.get("size", "480")), int(given.get("width", "64"))
        self.steps, self.images = int(given.get("steps", "40")), int(given.get("images", "64"))
        self.device = torch.device(given.get("device", "cuda"))
        self.networks = tuple(given.get("networks", ",".join(NETWORKS)).split(","))
        self.executions: tuple[Execution, ...] = ("eager", "graph", "compiled") if self.on_gpu else ("eager",)
        self.recorded: Execution = "graph" if self.on_gpu else "eager"
        prepare_process(torch.get_num_threads() if self.on_gpu else 1)

    @property
    def on_gpu(self) -> bool:
        return self.device.type == "cuda"

    def training(self, network: str, execution: Execution = "eager", **fields: object) -> Training:
        """A fresh training on random pictures."""
        own = {"model": network, "image_size": self.size, "width": self.width, "encoder_weights": "none"}
        config = TrialConfig.model_validate(own | fields)
        photographs = {kind: self.pictures(8) for kind in looks_at(config)}
        pictures = self.pictures(self.images)
        return Training(config, pictures, self.pictures(8), self.device, 1.0, execution, photographs)

    def pictures(self, count: int) -> Pictures:
        """Random pictures, each with a square for an animal."""
        draw = torch.Generator().manual_seed(0)
        image_n3hw = torch.randint(0, 256, (count, 3, self.size, self.size), dtype=torch.uint8, generator=draw)
        mask_n1hw = torch.zeros((count, 1, self.size, self.size), dtype=torch.uint8)
        mask_n1hw[..., self.size // 4 : self.size // 2, self.size // 4 : self.size // 2] = 1
        meta = {"source": "", "image_id": "", "location": "", "seq_id": None, "width": self.size, "height": self.size}
        box = [self.size / 4, self.size / 4, self.size / 2, self.size / 2]
        return Pictures.of(image_n3hw, mask_n1hw, np.ones(count, bool), [meta | {"boxes": [{"box": box}]}] * count)

    def wait(self) -> None:
        """Returns when the device has done all that it was given."""
        if self.on_gpu:
            torch.cuda.synchronize()

    def take_steps(self, training: Training, count: int) -> None:
        """Steps as an epoch takes them, without its beginning and its end."""
        batch, done = training.config.batch_size, 0
        training.network.train()
        with arithmetic(training.config, self.device):
            while done < count:
                order = torch.randperm(self.images)[: min((count - done), self.images // batch) * batch]
                for one in training._train.feed(order, batch, self.device):
                    self._take(training, one)
                    done += 1

    def waits(self, training: Training) -> str:
        """Whether the host waits for the device in 30 steps: `never`, or for what."""
        self.take_steps(training, 8)
        batches = [*training._train.feed(torch.arange(training.config.batch_size), 4, self.device)]
        self.wait()
        with arithmetic(training.config, self.device):
            if self.on_gpu:
                torch.cuda.set_sync_debug_mode("error")
            try:
                for _ in range(30 if self.on_gpu else 2):
                    self._take(training, batches[0])
            except RuntimeError as error:
                return str(error).splitlines()[0]
            finally:
                if self.on_gpu:
                    torch.cuda.set_sync_debug_mode("default")
        return "never"

    def _take(self, training: Training, batch: tuple[torch.Tensor, torch.Tensor]) -> None:
        if training._teacher is not None:
            training._teacher.step = 10**6  # it tells what it guesses
        training._step(*batch)
        if training._mean is not None:
            training._mean.update(10**6)

    def milliseconds(self, work: Callable[[int], object], rounds: int) -> list[float]:
        """Of one piece of work, by rounds of `GROUP` pieces; `work` does as many as it is told."""
        each = []
        for _ in range(rounds):
            began = time.perf_counter()
            work(GROUP)
            self.wait()
            each.append(1000 * (time.perf_counter() - began) / GROUP)
        return each

    def race(self, contenders: Mapping[str, Callable[[int], object]]) -> dict[str, float]:
        """Milliseconds of each contender's work, the median of rounds in which they take turns."""
        for work in contenders.values():
            work(WARM)
        self.wait()
        found: dict[str, list[float]] = {name: [] for name in contenders}
        for _ in range(max(1, self.steps // GROUP)):
            for name, work in contenders.items():
                found[name] += self.milliseconds(work, 1)
        return {name: round(statistics.median(each), 3) for name, each in found.items()}

    def note(self, part: str, name: str, found: object) -> None:
        """Keeps a result, and prints it."""
        result = read(self.to)
        result.setdefault(part, {})[name] = found
        self.to.write_text(json.dumps(result, indent=2) + "\n")
        print(f"{part:<12} {name:<34} {json.dumps(found)}", flush=True)


def read(path: Path) -> dict[str, Any]:
    """The results so far."""
    found: dict[str, Any] = json.loads(path.read_text()) if path.is_file() else {}
    return found
