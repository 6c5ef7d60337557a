"""The embedded demo: rendered deer for training, photographs of another look for the test, in the real raw formats.

Small images, narrow networks and few epochs, so that the 15 trials of the paper's grid take minutes on a CPU.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from datasets.options import Crop, PrepareConfig

_HERE = Path(__file__).parent

# Chosen by time and by the validation on synthetic images alone. In a few hundred steps SGD at a high rate trains even
# SegNet, which has no skip connections; Adam at any rate did not. The full jitter underfits in so short a training.
TRIAL_DEFAULTS: Mapping[str, object] = MappingProxyType(
    {
        "image_size": 64,
        "epochs": 20,
        "batch_size": 8,
        "width": 8,
        "encoder_weights": "none",
        "optimizer": "sgd",
        "learning_rate": 0.5,
        "schedule": "cosine",
        "warmup": 0.1,
        "jitter_brightness": 0.15,
        "jitter_contrast": 0.15,
        "jitter_saturation": 0.15,
        "jitter_hue": 0.04,
    }
)


def config(to: Path, raw: Path = _HERE) -> PrepareConfig:
    """How the demo's raw files become the data root `to`; `raw` is the folder that holds them."""
    return PrepareConfig(
        synthetic=str(raw / "synthetic"),
        photos=str(raw / "photos"),
        annotations=(str(raw / "annotations.json"),),
        to=str(to),
        exclude=str(raw / "exclude.txt"),
        photo_masks=str(raw / "photo_masks"),
        crop=Crop(size=64, min_side=16),  # windows as large as the networks' input, as in the paper
        translator_options=("style=all",),
        trial_defaults=dict(TRIAL_DEFAULTS),
        workers=1,  # a few seconds of work: not worth starting Ray
    )
