"""Who a trial is: hashes of what decides its result, never of an order or of Ray's ids.

- **training id** (`t...`): training fields and the digest of the trial's own arm. Names checkpoint and weights.
- **score id** (`s...`): the training id, the evaluation fields and the digest of the photographs. A row's `trial`.

A field is hashed only where it differs from its *birth default*, so that a new field leaves old ids as they are.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType

import pydantic

from ablate import plugins
from ablate.augment import recipes
from ablate.config import Evaluation, OfAugmentation, OfNetwork, Recipe, Training, TrialConfig, fields_of

# What each field's default was when the field was born. Never edit a line: replace the field by a new one instead.
BIRTH_DEFAULTS: Mapping[str, object] = MappingProxyType(
    {
        "model": "unet",
        "arm": "crop",
        "augment": "none",
        "seed": 0,
        "image_size": 480,
        "epochs": 20,
        "batch_size": 4,
        "width": 64,
        "encoder_weights": "imagenet",
        "freeze_encoder": False,
        "train_fraction": 1.0,
        "loss": "bce",
        "optimizer": "adam",
        "learning_rate": 1e-4,
        "weight_decay": 0.0,
        "schedule": "constant",
        "warmup": 0.0,
        "precision": "auto",
        "jitter_brightness": 0.4,
        "jitter_contrast": 0.4,
        "jitter_saturation": 0.4,
        "jitter_hue": 0.1,
        "jitter_probability": 1.0,
        "oracle": False,
        "selection": "last",
        "threshold": 0.5,
        "direction": "forward",
        "encoder": "tf_efficientnet_lite1",
        "decoder": "auto",
        "freeze_norm": False,
        "encoder_rate": 1.0,
        "paste": 0.0,
        "geometric": 0.0,
        "photometric": 0.0,
        "fda": 0.0,
        "pasta": 0.0,
        "standardise": False,
        "ema": 0.0,
        "adapt": "none",
        "unlabelled": "adapt",
        "test_flip": False,
        "train_names": "",
        "train_images": 0,
    }
)

# What every trial runs, whatever its network and augmentation.
_TRIAL_CODE = (
    "data/arrays.py",
    "data/decoding.py",
    "data/devices.py",
    "data/gpu_copies.py",
    "data/thread_map.py",
    "training/best_epoch.py",
    "training/evaluate.py",
    "training/fitting_batches.py",
    "training/loop.py",
    "training/frozen_features.py",
    "training/losses.py",
    "training/mean_weights.py",
    "training/parts.py",
    "training/step.py",
    "metrics/*.py",
    "metrics/geometry/*.py",
)


OF_LEARNING_ENCODERS = ("freeze_norm", "encoder_rate")  # fields that say nothing about a frozen one


class PlannedTrial(pydantic.BaseModel):
    """One trial and everything that identifies it."""

    model_config = pydantic.ConfigDict(frozen=True)

    name: str
    config: TrialConfig
    trial: str
    training: str
    arm_digest: str
    photos_digest: str
    code: str
    transductive: bool = False  # its arm, or what it is scored on, took its style from the test photographs
    search: str | None = None  # the search that suggested it


def training_id(config: TrialConfig, arm_digest: str, looked_at: Mapping[str, str] = MappingProxyType({})) -> str:
    """Names the training that a trial needs; other arms, and photographs that it doesn't look at, have no part in it.

    Args:
        looked_at: the digests of the photographs that it does look at, by their kind (`looks_at`).
    """
    content = {"fields": _distinct(config, fields_of(Training)), "arm": arm_digest}
    return "t" + _hash(content | ({"looked_at": dict(looked_at)} if looked_at else {}))


def score_id(config: TrialConfig, training: str, photos_digest: str) -> str:
    """Names a trial: a training, by its id, and how and on what it is scored."""
    fields = _distinct(config, fields_of(Evaluation))
    return "s" + _hash({"training": training, "fields": fields, "photos": photos_digest})


def member_id(search: str, cell: int, number: int) -> str:
    """Names a member of a population, which has no one configuration; the cell's seed is in the search's own id."""
    return "s" + _hash({"search": search, "cell": cell, "member": number})


def segment_id(search: str, cell: int, number: int, segment: int) -> str:
    """Names a part of a member's training: before, or after, it continues with another's network."""
    return "t" + _hash({"search": search, "cell": cell, "member": number, "segment": segment})


def code_digest(config: TrialConfig) -> str:
    """Digest of what the code does that a trial of this configuration runs, as it lies where this is called."""
    package = Path(__file__).parent
    files = {path for pattern in _TRIAL_CODE for path in package.glob(pattern)}
    files |= {package / "data/training_sources.py"} if config.train_names or config.train_images else set()
    parts = [("ablate.models", config.model), ("ablate.augment", config.augment)]
    parts += [("ablate.augment.recipes", name) for name in active_recipes(config)]
    parts += [("ablate.training", config.adapt)] if config.adapt != "none" else []
    files |= {file for part in parts for file in plugins.sources(*part)}
    if active_recipes(config) or config.adapt != "none":
        files.add(Path(recipes.__file__))  # it says in which order they follow each other
    # By name and content, not by where they lie; several are called `__init__.py`.
    of = {path: _imported if package in path.parents else plugins.source_digest for path in files}
    return _hash(sorted((path.name, digest(path)) for path, digest in of.items()))


@functools.cache
def _imported(path: Path) -> str:
    """As when this process first asked: a module stays as it was imported, whatever becomes of its file."""
    return plugins.source_digest(path)


def active_recipes(config: TrialConfig) -> tuple[str, ...]:
    """The recipes that a training follows, in the order of their fields."""
    return tuple(name for name in fields_of(Recipe) if getattr(config, name))


def looks_at(config: TrialConfig) -> dict[str, tuple[str, str]]:
    """Which photographs a training looks at, without their labels: by their kind the arm and the split."""
    kinds = {recipes.LOOKS_AT[name] for name in active_recipes(config) if name in recipes.LOOKS_AT}
    kinds |= {recipes.UNLABELLED} if config.adapt != "none" else set()
    places = {
        recipes.EMPTY: ("real", "empty"),
        recipes.UNLABELLED: (config.unlabelled, "test" if config.unlabelled == "real" else "train"),
    }
    return {kind: places[kind] for kind in sorted(kinds)}


def ignored(config: TrialConfig) -> frozenset[str]:
    """The fields that the configuration's network and augmentation do not read."""
    network = {*fields_of(OfNetwork)} - plugins.reads("ablate.models", config.model)
    augmentation = {*fields_of(OfAugmentation)} - plugins.reads("ablate.augment", config.augment)
    unseen = set() if recipes.UNLABELLED in looks_at(config) else {"unlabelled"}
    frozen = set(OF_LEARNING_ENCODERS) if config.freeze_encoder and "freeze_encoder" not in network else set()
    return frozenset(network | augmentation | unseen | frozen)


def _distinct(config: TrialConfig, fields: Iterable[str]) -> dict[str, object]:
    """The fields that tell this configuration apart: those that are read and are not at their birth default."""
    without = ignored(config)
    values = {field: _by_content(field, getattr(config, field)) for field in fields if field not in without}
    return {field: value for field, value in values.items() if value != BIRTH_DEFAULTS[field]}


def _by_content(field: str, value: object) -> object:
    """Files count by what is in them, wherever they lie."""
    if field in {"model", "augment"}:
        return plugins.content(str(value))
    if field == "encoder_weights" and is_file(str(value)):
        path = Path(str(value))
        return "file@" + _hash([(path.name, hashlib.sha256(path.read_bytes()).hexdigest())])
    return value


def is_file(weights: str) -> bool:
    """Whether `encoder_weights` is a file's path."""
    return weights not in {"imagenet", "none", "pip"} and not weights.startswith("hub:")


def _hash(content: object) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]
