"""`python -m benchmarks.jitter [sizes=64,480] [device=cpu] [rounds=5] [seconds=1]`: milliseconds of colour jitter.

Of a batch (8 at 64 px, else 4), as the training does it and in other ways:

- Kornia, as the product has it: factors for each image, the order of the four operations drawn for each batch;
- Kornia compiled: with one fixed order, which makes other pictures; and with the random order, each operation compiled;
- torchvision v2: image by image, which draws for each; and on the whole batch, with the same factors for all images.

`compile=false` leaves out what torch.compile takes half a minute to prepare.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ablate.config import TrialConfig
from ablate.training.parts import build_augmentation
from benchmarks import alternate, machine, settings

Jitter = Callable[[Tensor], Tensor]

PRODUCT = "Kornia, eager"
_STRENGTH = TrialConfig(augment="jitter")
_AMOUNTS = tuple(getattr(_STRENGTH, f"jitter_{name}") for name in ("brightness", "contrast", "saturation", "hue"))


def contenders(compiling: bool) -> dict[str, Jitter]:
    """By name what jitters a batch, image_b3hw in [0, 1]."""
    from kornia.augmentation import ColorJitter
    from torchvision.transforms import v2

    product, whole = build_augmentation(_STRENGTH), v2.ColorJitter(*_AMOUNTS)
    found: dict[str, Jitter] = {
        PRODUCT: lambda image_b3hw: product(image_b3hw, image_b3hw)[0],
        "torchvision, image by image": lambda image_b3hw: torch.stack([whole(image) for image in image_b3hw]),
        "torchvision, same factors for all": whole,
    }
    if compiling:
        fixed = ColorJitter(*_AMOUNTS, order=(0, 1, 2, 3))
        found["Kornia, fixed order, compiled"] = torch.compile(fixed)
        found["Kornia, each operation compiled"] = _each_operation_compiled()
    return found


def _each_operation_compiled() -> Jitter:
    from kornia import enhance

    brightness, contrast, saturation, hue = _AMOUNTS
    operations = [
        (torch.compile(enhance.adjust_brightness_accumulative), 1 - brightness, 1 + brightness),
        (torch.compile(enhance.adjust_contrast_with_mean_subtraction), 1 - contrast, 1 + contrast),
        (torch.compile(enhance.adjust_saturation_with_gray_subtraction), 1 - saturation, 1 + saturation),
        (torch.compile(enhance.adjust_hue), -2 * torch.pi * hue, 2 * torch.pi * hue),  # in radians
    ]

    def jitter(image_b3hw: Tensor) -> Tensor:
        for index in torch.randperm(len(operations)).tolist():
            operation, least, most = operations[index]
            factor_b = torch.empty(len(image_b3hw), device=image_b3hw.device).uniform_(least, most)
            image_b3hw = operation(image_b3hw, factor_b)
        return image_b3hw

    return jitter


def main(given: Mapping[str, str]) -> None:
    before = machine.describe()
    device, compiling = torch.device(given.get("device", "cpu")), given.get("compile", "true") == "true"
    threads, rounds, seconds = int(given.get("threads", 1)), int(given.get("rounds", 5)), float(given.get("seconds", 1))
    torch.set_num_threads(threads)
    found: dict[str, Any] = {"device": str(device), "threads": threads, "torch": torch.__version__}
    for size in map(int, given.get("sizes", "64,480").split(",")):
        batch = 8 if size <= 64 else 4
        image_b3hw = torch.rand((batch, 3, size, size), generator=torch.Generator().manual_seed(0)).to(device)

        def once(jitter: Jitter, image_b3hw: Tensor = image_b3hw) -> float:
            with torch.no_grad():
                jitter(image_b3hw)
            if image_b3hw.is_cuda:
                torch.cuda.synchronize()
            return 1.0

        works = {name: lambda jitter=jitter: once(jitter) for name, jitter in contenders(compiling).items()}
        figures = alternate.race(works, PRODUCT, rounds, seconds)
        found[f"{size} px"] = {
            name: one | {"ms": 1000 / one["per_second"], "batch": batch} for name, one in figures.items()
        }
        alternate.print_table(f"batches of {batch}, {size} px", figures, "batches")
        print("ms a batch: " + ", ".join(f"{name} {1000 / one['per_second']:.2f}" for name, one in figures.items()))
    machine.save(Path(given.get("to", Path(__file__).parent / "results" / "jitter.json")), before, found)


if __name__ == "__main__":
    main(settings.given(__doc__))
