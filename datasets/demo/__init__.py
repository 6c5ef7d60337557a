"""The embedded demo: rendered deer for training, photographs of another look for the test, in the real raw formats.

Small images, narrow networks and few epochs, so that the 15 trials of the paper's grid take minutes on a CPU.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from datasets.config import Crop, PrepareConfig

_HERE = Path(__file__).parent

TRIAL_DEFAULTS: Mapping[str, object] = MappingProxyType(
    {
        "image_size": 64,
        "epochs": 20,
        "batch_size": 8,
        "width": 8,
        "encoder_weights": "none",
        "optimizer": "adam",
        "learning_rate": 3e-3,
        "schedule": "cosine",
        "warmup": 0.1,
    }
)


def config(to: Path, raw: Path = _HERE) -> PrepareConfig:
    """How the demo's raw files become the data root `to`; `raw` is the folder that holds them."""
    return PrepareConfig(
        synthetic=str(raw / "synthetic"),
        photos=str(raw / "photos"),
        annotations=str(raw / "annotations.json"),
        to=str(to),
        exclude=str(raw / "exclude.txt"),
        photo_masks=str(raw / "photo_masks"),
        crop=Crop(size=96, min_side=20),
        trial_defaults=dict(TRIAL_DEFAULTS),
    )
