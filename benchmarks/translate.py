"""`python -m benchmarks.translate [steps=2]`: what the learned translator `cut` costs at full size.

Counts the floating-point operations of a training step at 256 px and of a translation at 480 px, and times both on what
there is: a GPU, else one CPU thread. From these it computes the time of 150,000 images seen, the default, and of the
paper's 13,696 crops: as measured, and, as an estimate only, on a GPU that sustains 150 TFLOP/s in bfloat16.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks import machine, settings
from datasets.translate.contrastive.batches import Batch
from datasets.translate.contrastive.training import LAMBDA_NCE, Training, accelerator, translated
from datasets.translate.cut import Parameters

CROPS, SIDE = 13_696, 480  # the paper's
ASSUMED = 150e12  # FLOP/s: a fifth of what an H200 reaches on large matrices
_WARM = 3


def operations(work: Callable[[], object]) -> float:
    """Floating-point operations of convolutions and matrix products."""
    with FlopCounterMode(display=False) as counter:
        work()
    return float(counter.get_total_flops())


def seconds(work: Callable[[], object], steps: int, device: torch.device) -> float:
    """The median time of a call."""
    times = []
    for _ in range(steps + (_WARM if device.type == "cuda" else 0)):
        began = time.perf_counter()
        work()
        if device.type == "cuda":
            torch.cuda.synchronize()
        times.append(time.perf_counter() - began)
    return statistics.median(times[-steps:])


def measured(device: torch.device, steps: int, batch: int, small: bool = False) -> dict[str, dict[str, float]]:
    """Figures of a step of its training, and of a translation; `small` networks and pictures only rehearse."""
    p = Parameters()
    size, width, blocks, side = (32, 8, 1, 32) if small else (p.size, p.width, p.blocks, SIDE)
    rng = np.random.default_rng(0)
    training = Training(p.mode, size, width, blocks, LAMBDA_NCE[p.mode], 0, device)
    images = [rng.integers(0, 255, (batch, size, size, 3), dtype=np.uint8) for _ in range(2)]
    positions = tuple(rng.choice(pixels, patches, replace=False) for pixels, patches in training.grids)
    given = Batch(images[0], images[1], np.zeros(batch, dtype=bool), positions)
    whole = rng.integers(0, 255, (1, side, side, 3), dtype=np.uint8)
    work = {
        "train": (lambda: training.step(given, p.learning_rate), batch, p.images),
        "translate": (lambda: translated(training.generator, whole), 1, CROPS),
    }
    figures = {}
    for name, (one, count, total) in work.items():
        flop = operations(one) / count
        each = seconds(one, steps, device) / count
        figures[name] = {
            "gflop_per_image": flop / 1e9,
            "images_per_second": 1 / each,
            "tflop_per_second": flop / each / 1e12,
            "hours_for_all": each * total / 3600,
            "estimated_minutes_at_150_tflops": flop * total / ASSUMED / 60,
        }
    return figures


def main(steps: int, batch: int) -> None:
    device = accelerator()
    if device.type == "cpu":
        torch.set_num_threads(1)
    figures = measured(device, steps, batch)
    for name, found in figures.items():
        print(f"{name}: " + ", ".join(f"{key} {value:,.3g}" for key, value in found.items()), flush=True)
    memory = torch.cuda.max_memory_allocated() / 2**30 if device.type == "cuda" else None
    name = torch.cuda.get_device_name() if device.type == "cuda" else "one CPU thread"
    result = {"machine": machine.describe(), "device": name, "batch": batch, "memory_gb": memory, "figures": figures}
    kind = "gpu" if device.type == "cuda" else "cpu"
    path = Path(__file__).parent / "results" / f"translate-{kind}.json"
    path.write_text(json.dumps(result, indent=2) + "\n")
    print(f"on {name}; wrote {path}")


if __name__ == "__main__":
    words = settings.given(__doc__)
    main(int(words.get("steps", "2")), int(words.get("batch", "1")))
