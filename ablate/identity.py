"""Who a trial is: hashes of what decides its result, never of an order or of Ray's ids.

- **training id** (`t...`): training fields and the digest of the trial's own arm. Names checkpoint and weights.
- **score id** (`s...`): the training id, the evaluation fields and the digest of the photographs. A row's `trial`.

A field is hashed only where it differs from its *birth default*, so that a new field leaves old ids as they are.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import pydantic

from ablate import plugins
from ablate.augment import recipes
from ablate.config import OfAugmentation, OfNetwork, Recipe, Training, TrialConfig, fields_of

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
_FILES = frozenset({"model", "augment", "encoder_weights"})  # fields whose value may be a file
_OF_TRAINING = frozenset(fields_of(Training))
_RECIPES = fields_of(Recipe)
_OF_UNLABELLED = tuple(name for name in _RECIPES if recipes.LOOKS_AT.get(name) == recipes.UNLABELLED)
_JSON = json.JSONEncoder(sort_keys=True, separators=(",", ":"))


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


class Identities:
    """Ids of trials that are planned together: what their parts' files hold is read once, so that all see one state."""

    def __init__(self) -> None:
        self._reads = functools.cache(_reads)
        self._contents = functools.cache(_by_content)
        self._code = functools.cache(_code_digest)

    def ids(
        self, config: TrialConfig, arm_digest: str, looked_at: Mapping[str, str], photos_digest: str
    ) -> tuple[str, str]:
        """The names of a trial's training and of the trial, see `training_id` and `score_id`."""
        fields = self.distinct(config)
        training = _training_id(fields, arm_digest, looked_at)
        return training, _score_id(fields, training, photos_digest)

    def code_digest(self, config: TrialConfig) -> str:
        """Digest of what the code does that a trial of this configuration runs, as it lies where this is called."""
        chooses = bool(config.train_names or config.train_images)
        return self._code(config.model, config.augment, active_recipes(config), config.adapt, chooses)

    def ignored(self, config: TrialConfig) -> frozenset[str]:
        """The fields that the configuration's network and augmentation do not read."""
        of_network = self._reads("ablate.models", config.model)
        of_augmentation = self._reads("ablate.augment", config.augment)
        return _unread(of_network, of_augmentation, _looks_at_unlabelled(config), config.freeze_encoder)

    def distinct(self, config: TrialConfig) -> dict[str, object]:
        """The fields that tell this configuration apart: those that are read and are not at their birth default."""
        without = self.ignored(config)
        unlike = [(field, value) for field, value in vars(config).items() if value != BIRTH_DEFAULTS[field]]
        return {
            field: self._contents(field, value) if field in _FILES else value
            for field, value in unlike
            if field not in without
        }


def training_id(config: TrialConfig, arm_digest: str, looked_at: Mapping[str, str] = MappingProxyType({})) -> str:
    """Names the training that a trial needs; other arms, and photographs that it doesn't look at, have no part in it.

    Args:
        looked_at: the digests of the photographs that it does look at, by their kind (`looks_at`).
    """
    return _training_id(Identities().distinct(config), arm_digest, looked_at)


def score_id(config: TrialConfig, training: str, photos_digest: str) -> str:
    """Names a trial: a training, by its id, and how and on what it is scored."""
    return _score_id(Identities().distinct(config), training, photos_digest)


def code_digest(config: TrialConfig) -> str:
    """As `Identities` has it, of one configuration."""
    return Identities().code_digest(config)


def ignored(config: TrialConfig) -> frozenset[str]:
    """As `Identities` has it, of one configuration."""
    return Identities().ignored(config)


def member_id(search: str, cell: int, number: int) -> str:
    """Names a member of a population, which has no one configuration; the cell's seed is in the search's own id."""
    return "s" + _hash({"search": search, "cell": cell, "member": number})


def segment_id(search: str, cell: int, number: int, segment: int) -> str:
    """Names a part of a member's training: before, or after, it continues with another's network."""
    return "t" + _hash({"search": search, "cell": cell, "member": number, "segment": segment})


def _training_id(fields: Mapping[str, object], arm_digest: str, looked_at: Mapping[str, str]) -> str:
    of_training = {field: value for field, value in fields.items() if field in _OF_TRAINING}
    content = {"fields": of_training, "arm": arm_digest}
    return "t" + _hash(content | ({"looked_at": dict(looked_at)} if looked_at else {}))


def _score_id(fields: Mapping[str, object], training: str, photos_digest: str) -> str:
    of_scoring = {field: value for field, value in fields.items() if field not in _OF_TRAINING}
    return "s" + _hash({"training": training, "fields": of_scoring, "photos": photos_digest})


def _code_digest(model: str, augment: str, active: tuple[str, ...], adapt: str, chooses: bool) -> str:
    """Args: chooses: whether the trial trains on some of the images only."""
    package = Path(__file__).parent
    files = {path for pattern in _TRIAL_CODE for path in package.glob(pattern)}
    files |= {package / "data/training_sources.py"} if chooses else set()
    parts = [("ablate.models", model), ("ablate.augment", augment)]
    parts += [("ablate.augment.recipes", name) for name in active]
    parts += [("ablate.training", adapt)] if adapt != "none" else []
    files |= {file for part in parts for file in plugins.sources(*part)}
    if active or adapt != "none":
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
    values = vars(config)
    return tuple([name for name in _RECIPES if values[name]])


def looks_at(config: TrialConfig) -> dict[str, tuple[str, str]]:
    """Which photographs a training looks at, without their labels: by their kind the arm and the split."""
    kinds = {recipes.LOOKS_AT[name] for name in active_recipes(config) if name in recipes.LOOKS_AT}
    kinds |= {recipes.UNLABELLED} if _looks_at_unlabelled(config) else set()
    places = {
        recipes.EMPTY: ("real", "empty"),
        recipes.UNLABELLED: (config.unlabelled, "test" if config.unlabelled == "real" else "train"),
    }
    return {kind: places[kind] for kind in sorted(kinds)}


def _looks_at_unlabelled(config: TrialConfig) -> bool:
    values = vars(config)  # as fast as a hundred thousand trials need it
    return values["adapt"] != "none" or any(values[name] for name in _OF_UNLABELLED)


def _reads(package: str, name: str) -> frozenset[str]:
    return plugins.reads(package, name) if plugins.is_path(name) else _imported_reads(package, name)


@functools.cache
def _imported_reads(package: str, name: str) -> frozenset[str]:
    """As when this process first asked, see `_imported`."""
    return plugins.reads(package, name)


@functools.cache
def _unread(
    of_network: frozenset[str], of_augmentation: frozenset[str], looks_at_unlabelled: bool, frozen: bool
) -> frozenset[str]:
    """Args: of_network, of_augmentation: the fields that they read."""
    network = {*fields_of(OfNetwork)} - of_network
    augmentation = {*fields_of(OfAugmentation)} - of_augmentation
    unseen = set() if looks_at_unlabelled else {"unlabelled"}
    of_learning = {*OF_LEARNING_ENCODERS} if frozen and "freeze_encoder" not in network else set()
    return frozenset(network | augmentation | unseen | of_learning)


def _by_content(field: str, value: str) -> str:
    """Files count by what is in them, wherever they lie."""
    if field in {"model", "augment"}:
        return plugins.content(value)
    if field == "encoder_weights" and is_file(value):
        path = Path(value)
        return "file@" + _hash([(path.name, hashlib.sha256(path.read_bytes()).hexdigest())])
    return value


def is_file(weights: str) -> bool:
    """Whether `encoder_weights` is a file's path."""
    return weights not in {"imagenet", "none", "pip"} and not weights.startswith("hub:")


def _hash(content: object) -> str:
    return hashlib.sha256(_JSON.encode(content).encode()).hexdigest()[:16]
