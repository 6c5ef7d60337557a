"""The manifest of a data root: what lies in it, how it was derived, and the training fields that suit it.

It may be a stranger's, so that nothing of it is a path, a name or a number before it has been checked: a name that
leads elsewhere, or that a terminal would obey, makes it no manifest.
"""

from __future__ import annotations

import codecs
import hashlib
import re
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import pydantic
from pydantic import Field
from pydantic_core import PydanticCustomError

from ablate.errors import UsageError, plain, suggest
from ablate.storage import publish

SCHEMA_VERSION = 1
REAL, REVERSE, ADAPT = "real", "reverse", "adapt"
PHOTOGRAPHS = (REAL, REVERSE)  # arms of photographs: networks are scored on them, never trained
NOT_TRAINING_ARMS = (*PHOTOGRAPHS, ADAPT)  # ADAPT: photographs without labels, which a training may look at
MANIFEST = "manifest.json"
_FILES = ("model", "augment", "encoder_weights")  # fields whose value may be a file that is run or read
_ARM = re.compile(r"\w[\w .,+=@()-]*")
_SHARD = re.compile(r"\w[\w.-]*\.tar")
_LONGEST = 100  # bytes of a name: file systems take 255, and some names are parts of others
_MOST = 10**9  # samples
_DEEPEST = 50

Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]  # SHA-256
Count = Annotated[int, Field(ge=0, le=_MOST, strict=True)]
Split = Annotated[str, Field(pattern=r"^[a-z]{1,20}$")]


class Shard(pydantic.BaseModel):
    """One tar file: its name below the data root, its checksum and the number of samples in it."""

    name: str
    sha256: Digest
    samples: Count

    @pydantic.field_validator("name")
    @classmethod
    def _below(cls, name: str) -> str:
        arm, _, file = name.partition("/")
        if not (_is_name(arm, _ARM) and _is_name(file, _SHARD)):
            raise PydanticCustomError("shard", "{name} is no shard's name, as crop/train-000000.tar is", _shown(name))
        return name


class Arm(pydantic.BaseModel):
    """One arm as the manifest records it. The digest is over the samples' content, not over how they are sharded."""

    digest: Digest
    counts: dict[Split, Count]
    shards: list[Shard]

    def of_split(self, arm: str, split: str) -> list[Shard]:
        return [shard for shard in self.shards if shard.name.startswith(f"{arm}/{split}-")]


class Manifest(pydantic.BaseModel):
    """What a data root holds, how it was derived, and the training fields that suit it."""

    schema_version: Annotated[int, Field(ge=0, le=_MOST)] = SCHEMA_VERSION
    parameters: dict[str, Any] = {}
    trial_defaults: dict[str, Any] = {}
    arms: dict[str, Arm] = {}

    @pydantic.field_validator("arms")
    @classmethod
    def _own_shards(cls, arms: dict[str, Arm]) -> dict[str, Arm]:
        for name, arm in arms.items():
            if not _is_name(name, _ARM):
                raise PydanticCustomError("arm", "{name} is no arm's name", _shown(name))
            names = [shard.name for shard in arm.shards]
            for shard in names:
                if shard.partition("/")[0] != name:
                    raise PydanticCustomError("shard", "it names {name}, which is no shard of " + name, _shown(shard))
            if len(set(names)) < len(names):
                raise PydanticCustomError("shard", f"a shard of {name} is there twice")
        return arms

    @pydantic.field_validator("trial_defaults")
    @classmethod
    def _sound_defaults(cls, defaults: dict[str, Any]) -> dict[str, Any]:
        problem = wrong_default(defaults)
        if problem:
            raise PydanticCustomError("default", "{problem}", {"problem": problem})
        return defaults

    @pydantic.field_validator("parameters")
    @classmethod
    def _readable(cls, parameters: dict[str, Any]) -> dict[str, Any]:
        if not _is_readable(parameters):
            raise PydanticCustomError("parameters", "a number in it is too large, or it is nested too deep")
        return parameters

    def arm(self, name: str) -> Arm:
        if name not in self.arms:
            raise UsageError(
                f"trial.arm={name}: the data has no such arm; {suggest(name, self.training_arms())}; prepare the data "
                f'with arms=...,{name}, or leave it out: where="arm!={name}"'
            )
        return self.arms[name]

    def training_arm(self, name: str) -> Arm:
        """An arm to train on, which the arms of photographs are not."""
        if name == ADAPT:
            raise UsageError(
                f"trial.arm={name}: unlabelled photographs, which have no masks to train on; trial.adapt= and "
                f"trial.fda= learn from them beside a training arm; {suggest(name, self.training_arms())}"
            )
        if name in PHOTOGRAPHS:
            raise UsageError(
                f"trial.arm={name}: photographs, which are not trained on; {suggest(name, self.training_arms())}"
            )
        return self.arm(name)

    def joined(self, name: str) -> tuple[str, ...]:
        """The arms that a name joins with a `+` between them, in the order of their names; one where it is one's."""
        return (name,) if name in self.arms else tuple(sorted({*name.split("+")}))

    def joined_digest(self, name: str) -> str:
        """The digest of an arm, or of several together."""
        digests = [self.arm(one).digest for one in self.joined(name)]
        return digests[0] if len(digests) == 1 else hashlib.sha256("\n".join(digests).encode()).hexdigest()

    def split_digest(self, arm: str, split: str) -> str:
        """A digest of the photographs of a split: what is looked at must not depend on the arm's other split."""
        shards = sorted(shard.sha256 for shard in self.looked_at(arm).of_split(arm, split))
        return hashlib.sha256("\n".join(shards).encode()).hexdigest()

    def count(self, name: str, split: str) -> int:
        """How many samples a split of an arm, or of several together, has."""
        return sum(self.arm(one).counts.get(split, 0) for one in self.joined(name))

    def looked_at(self, arm: str) -> Arm:
        """Photographs that a training looks at without their labels: of the test set, or others (`adapt`)."""
        return self.photographs(arm) if arm in PHOTOGRAPHS else self.adapt()

    def photographs(self, arm: str = REAL) -> Arm:
        """The test set, as it is (`real`) or in the look of the synthetic images (`reverse`)."""
        assert arm in PHOTOGRAPHS
        if REAL not in self.arms:
            raise UsageError(f"the data has no photographs (no arm {REAL!r}); repeat datasets.prepare with photos=DIR")
        if arm not in self.arms:
            raise UsageError(
                f"trial.direction={arm}: the data has no arm {arm!r}; repeat datasets.prepare with reverse=true"
            )
        return self.arms[arm]

    def adapt(self) -> Arm:
        """The photographs without labels that a training may look at."""
        if ADAPT not in self.arms:
            raise UsageError(
                f"the data has no unlabelled photographs (no arm {ADAPT!r}); repeat datasets.prepare with "
                "adapt_photos=DIR, or type trial.unlabelled=real, which learns from the test photographs (transductive)"
            )
        return self.arms[ADAPT]

    def photographs_of(self, digest: str | None) -> str | None:
        """The arm of photographs that has a digest, if one has."""
        return next((name for name in PHOTOGRAPHS if name in self.arms and self.arms[name].digest == digest), None)

    def training_arms(self) -> list[str]:
        return sorted(set(self.arms) - {*NOT_TRAINING_ARMS})

    def transductive(self, arm: str) -> bool:
        """Whether test photographs, without their labels, had a part in how an arm looks, or are in it (`adapt`)."""
        arms = self.parameters.get("arms")
        entry = arms.get(arm) if isinstance(arms, dict) else None
        if not isinstance(entry, dict):
            return False
        served = entry.get("style_photos")
        # Older manifests do not say it, but which photographs served.
        return bool(entry.get("transductive", isinstance(served, dict) and served.get("split") == "test"))


def write_manifest(root: Path, manifest: Manifest) -> None:
    """Publishes the manifest; written last, it is what makes a folder of shards a data root."""
    publish(root / MANIFEST, (manifest.model_dump_json(indent=2) + "\n").encode())


def read_manifest(root: Path) -> Manifest:
    """The manifest of a data root.

    Raises:
        UsageError: there is none, or it is not one that this version can read.
    """
    path = root / MANIFEST
    if not path.is_file():
        raise UsageError(f"data={root}: no {MANIFEST} there; make one with: python -m datasets.prepare ... to={root}")
    try:
        manifest = Manifest.model_validate_json(path.read_bytes().removeprefix(codecs.BOM_UTF8))
    except pydantic.ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(plain(str(part))[:_LONGEST] for part in first["loc"])
        raise UsageError(f"{path}: not a manifest: {place and f'{place}: '}{plain(first['msg'])}") from error
    if not manifest.model_fields_set & {"arms", "schema_version"}:
        raise UsageError(f"{path}: not a manifest of datasets.prepare: it has neither schema_version nor arms")
    if manifest.schema_version != SCHEMA_VERSION:
        raise UsageError(
            f"{path}: schema version {manifest.schema_version}, this version reads {SCHEMA_VERSION}; "
            "prepare the data again"
        )
    return manifest


def scored_on(direction: str) -> str:
    """The arm of photographs that `trial.direction` names."""
    return REVERSE if direction == "reverse" else REAL


def wrong_default(defaults: Mapping[str, object]) -> str:
    """What makes training fields none that data can suggest, in a sentence; empty where nothing does."""
    for field, value in defaults.items():
        shown = plain(f"trial_defaults.{field}={value if isinstance(value, str) else type(value).__name__}")[:_LONGEST]
        if not isinstance(value, str | int | float | bool | None) or not _is_readable(value, largest=2**63):
            return f"{shown}: no value of a field of a trial"
        if field in _FILES and not re.fullmatch(r"\w*", str(value)):
            return f"{shown}: data cannot name a file; leave it out, and type trial.{field}=FILE for a run"
        if field == "train_names" and not re.fullmatch(r"[\w|-]*", str(value)):  # some expressions take years to match
            return f"{shown}: data can name images by letters, digits, - and | only; type trial.{field}=... for a run"
    return ""


def is_arm_name(name: str) -> bool:
    """Whether an arm can have this name: one folder's, and nothing but letters to a terminal."""
    return _is_name(name, _ARM)


def _is_name(name: str, form: re.Pattern[str]) -> bool:
    composed = unicodedata.normalize("NFC", name)
    return bool(form.fullmatch(composed)) and len(name.encode("utf-8", "replace")) <= _LONGEST


def _is_readable(value: object, largest: int = 10**100, depth: int = 0) -> bool:
    """Whether its numbers can be printed, and nothing is nested so deep that a reader gives up."""
    if isinstance(value, dict | list):
        inner = value.values() if isinstance(value, dict) else value
        return depth < _DEEPEST and all(_is_readable(one, largest, depth + 1) for one in inner)
    return not isinstance(value, int) or abs(value) < largest


def _shown(name: str) -> dict[str, Any]:
    return {"name": repr(plain(name))[:_LONGEST]}
