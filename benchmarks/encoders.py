"""`python -m benchmarks.encoders [encoder=tf_efficientnet_lite1]`: what it costs that an encoder learns.

Epochs of the product's `Training`, images per second, of one network on arrays in memory:

- tuned: the encoder learns too, its batch norm's statistics are kept;
- frozen, jittered: no gradient and no activation of the encoder, which is computed anew for changed pictures;
- frozen: nothing changes the pictures, so that what the encoder makes of them is computed once, before the first epoch.

Further settings: image_size=128, batch_size=8, images=128, threads=1, rounds=5, seconds=2 (a turn), device=cpu.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from ablate.config import trial_config
from ablate.data.arrays import Pictures
from ablate.data.devices import prepare_process
from ablate.training.loop import Training
from benchmarks import alternate, machine, samples, settings
from benchmarks.alternate import Work

TUNED = "tuned"
CONTENDERS: Mapping[str, Mapping[str, object]] = {
    TUNED: {"freeze_encoder": False, "freeze_norm": True},
    f"{TUNED}, jittered": {"freeze_encoder": False, "freeze_norm": True, "augment": "jitter"},
    "frozen, jittered": {"freeze_encoder": True, "augment": "jitter"},
    "frozen": {"freeze_encoder": True},
}


def contender(base: Mapping[str, object], fields: Mapping[str, object], pictures: Pictures, device: str) -> Work:
    """Epochs of a training."""
    config = trial_config(base, fields)
    training = Training(config, pictures, samples.nothing_of(pictures), torch.device(device))

    def epoch() -> float:
        training.run_epoch()
        return len(pictures) // config.batch_size * config.batch_size

    return epoch


def main(given: Mapping[str, str]) -> None:
    before = machine.describe()
    prepare_process(int(given.get("threads", 1)))
    device, images = given.get("device", "cpu"), int(given.get("images", 128))
    base: dict[str, object] = {
        "model": "unet_timm",
        "encoder": given.get("encoder", "tf_efficientnet_lite1"),
        "encoder_weights": "none",  # what they are costs nothing
        "width": 32,
        "image_size": int(given.get("image_size", 128)),
        "batch_size": int(given.get("batch_size", 8)),
        "optimizer": "adamw",
        "epochs": 10**6,
    }
    with tempfile.TemporaryDirectory(prefix="ablate-benchmark-") as scratch:
        samples.write_files(Path(scratch), images, int(str(base["image_size"])))
        pictures = samples.from_files(Path(scratch))
        began = time.perf_counter()
        contender(base, CONTENDERS["frozen"], pictures, device)
        once = time.perf_counter() - began
        works = {name: contender(base, fields, pictures, device) for name, fields in CONTENDERS.items()}
        figures = alternate.race(works, TUNED, int(given.get("rounds", 5)), float(given.get("seconds", 2)))
    alternate.print_table(f"{base['encoder']}, {base['image_size']} px", figures)
    print(f"network and features of {images} pictures, once: {once:.1f} s")
    found: dict[str, Any] = {"device": device, "trial": base, "figures": figures, "features_once_seconds": once}
    machine.save(Path(given.get("to", Path(__file__).parent / "results" / "encoders.json")), before, found)


if __name__ == "__main__":
    main(settings.given(__doc__))
