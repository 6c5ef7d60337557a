"""The sample schema, and the shards that hold it: WebDataset tar files beside a `manifest.json`.

Layout of a data root:

    manifest.json
    {full,crop,i2i,...}/{train,val}-000000.tar    key.jpg  key.mask.png  key.json
    real/{test,empty}-000000.tar                  key.jpg  key.json  [key.mask.png]

The same samples give the same bytes and the same digest. Nothing but `.jpg`, `.png` and `.json` is read, and nothing
is ever unpickled.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import pydantic

from ablate.errors import UsageError, suggest
from ablate.storage import publish, sha256

SCHEMA_VERSION = 1
REAL = "real"
MANIFEST = "manifest.json"
_MEMBERS = ("jpg", "mask.png", "json")


@dataclass(frozen=True)
class Sample:
    """One picture with what is known of it.

    Attributes:
        key: unique within the arm; no dots or slashes (WebDataset splits names at the first dot).
        jpg: the encoded picture.
        mask_png: 8-bit single channel, animal where not 0; None for photographs without masks.
        meta: the sample's JSON. Training: source, window, boxes, translator. Real: image_id, location, ... boxes.
    """

    key: str
    jpg: bytes
    mask_png: bytes | None
    meta: dict[str, Any] = field(default_factory=dict)


class Shard(pydantic.BaseModel):
    """One tar file: its name below the data root, its checksum and the number of samples in it."""

    name: str
    sha256: str
    samples: int


class Arm(pydantic.BaseModel):
    """One arm as the manifest records it. The digest is over the samples' content, not over how they are sharded."""

    digest: str
    counts: dict[str, int]
    shards: list[Shard]

    def of_split(self, arm: str, split: str) -> list[Shard]:
        return [shard for shard in self.shards if shard.name.startswith(f"{arm}/{split}-")]


class Manifest(pydantic.BaseModel):
    """What a data root holds, how it was derived, and the training fields that suit it."""

    schema_version: int = SCHEMA_VERSION
    parameters: dict[str, Any] = {}
    trial_defaults: dict[str, Any] = {}
    arms: dict[str, Arm] = {}

    def arm(self, name: str) -> Arm:
        if name not in self.arms:
            raise UsageError(f"trial.arm={name}: the data has no such arm; {suggest(name, self.training_arms())}")
        return self.arms[name]

    def photographs(self) -> Arm:
        """The test set."""
        if REAL not in self.arms:
            raise UsageError(f"the data has no photographs (no arm {REAL!r}); repeat datasets.prepare with photos=DIR")
        return self.arms[REAL]

    def training_arms(self) -> list[str]:
        return sorted(set(self.arms) - {REAL})


class ArmWriter:
    """Writes the samples of one arm into shards below `root`; use as a context manager, then read `.arm`.

    Samples must come in a fixed order per split; their bytes then depend on nothing else.
    """

    def __init__(self, root: Path, arm: str, samples_per_shard: int = 1000) -> None:
        self.arm: Arm | None = None
        self._root, self._name, self._limit = root, arm, samples_per_shard
        self._open: dict[str, _OpenShard] = {}
        self._shards: list[Shard] = []
        self._lines: list[str] = []
        self._keys: set[str] = set()
        (root / arm).mkdir(parents=True, exist_ok=True)

    def __enter__(self) -> ArmWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for shard in self._open.values():
            shard.close()
        if kind is None:
            self._shards += [shard.publish() for shard in self._open.values()]
            digest = hashlib.sha256("\n".join(sorted(self._lines)).encode()).hexdigest()
            self.arm = Arm(digest=digest, counts=self._counts(), shards=sorted(self._shards, key=lambda s: s.name))
        else:
            for shard in self._open.values():
                shard.discard()

    def add(self, split: str, sample: Sample) -> None:
        """Appends one sample to a split, beginning a new shard when the current one is full."""
        if not sample.key or any(mark in sample.key for mark in "./\\"):
            raise ValueError(f"sample key {sample.key!r}: must not be empty nor hold dots or slashes")
        if sample.key in self._keys:
            raise ValueError(f"sample key {sample.key!r}: there are two of it in arm {self._name}")
        self._keys.add(sample.key)
        shard = self._open.get(split)
        if shard is None or shard.samples == self._limit:
            number = 0 if shard is None else shard.number + 1
            if shard is not None:
                shard.close()
                self._shards.append(shard.publish())
            shard = self._open[split] = _OpenShard(self._root, self._name, split, number)
        members = _members(sample)
        shard.write(members)
        content = " ".join(
            f"{name}={hashlib.sha256(data).hexdigest()}" for name, data in members.items() if name != "__key__"
        )
        self._lines.append(f"{split} {sample.key} {content}")

    def _counts(self) -> dict[str, int]:
        counts: dict[str, int] = {}
        for shard in self._shards:
            split = Path(shard.name).name.rsplit("-", 1)[0]
            counts[split] = counts.get(split, 0) + shard.samples
        return dict(sorted(counts.items()))


class _OpenShard:
    def __init__(self, root: Path, arm: str, split: str, number: int) -> None:
        import webdataset as wds  # slow to import, and planning reads only manifests

        self.number, self.samples = number, 0
        self._name = f"{arm}/{split}-{number:06d}.tar"
        self._final = root / self._name
        self._partial = self._final.with_suffix(".tar.partial")
        self._file = self._partial.open("wb")
        # A fixed time and owner: the bytes must not tell when and by whom they were written.
        self._tar = wds.TarWriter(self._file, mtime=0, user="ablate", group="ablate", mode=0o444, encoder=False)

    def write(self, members: dict[str, Any]) -> None:
        self._tar.write(members)
        self.samples += 1

    def close(self) -> None:
        self._tar.close()
        self._file.close()

    def publish(self) -> Shard:
        self._partial.replace(self._final)
        return Shard(name=self._name, sha256=sha256(self._final), samples=self.samples)

    def discard(self) -> None:
        self._partial.unlink(missing_ok=True)


def _members(sample: Sample) -> dict[str, Any]:
    members: dict[str, Any] = {"__key__": sample.key, "jpg": sample.jpg}
    if sample.mask_png is not None:
        members["mask.png"] = sample.mask_png
    members["json"] = json.dumps(sample.meta, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()
    return members


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
        manifest = Manifest.model_validate_json(path.read_bytes())
    except pydantic.ValidationError as error:
        raise UsageError(f"{path}: not a manifest: {error.errors()[0]['msg']}") from error
    if manifest.schema_version != SCHEMA_VERSION:
        raise UsageError(
            f"{path}: schema version {manifest.schema_version}, this version reads {SCHEMA_VERSION}; "
            "prepare the data again"
        )
    return manifest


def verify(root: Path, manifest: Manifest, arms: Iterable[str]) -> None:
    """Compares every shard of some arms with the manifest.

    Raises:
        UsageError: a shard is missing or its bytes are not the recorded ones; names it.
    """
    for name in arms:
        for shard in manifest.arm(name).shards:
            path = root / shard.name
            if not path.is_file():
                raise UsageError(f"{path}: the shard is missing; copy the data again or repeat datasets.prepare")
            if sha256(path) != shard.sha256:
                raise UsageError(
                    f"{path}: the shard is truncated or altered (its checksum is not the manifest's); "
                    "copy the data again or repeat datasets.prepare"
                )


def read(root: Path, manifest: Manifest, arm: str, split: str) -> Iterator[Sample]:
    """The samples of a split, in the order in which they were written; none where the split does not exist.

    Raises:
        ValueError: a shard does not hold what the manifest says.
    """
    for shard in manifest.arm(arm).of_split(arm, split):
        found = 0
        for sample in _read_tar(root / shard.name):
            found += 1
            yield sample
        if found != shard.samples:
            raise ValueError(f"{root / shard.name}: {found} samples, the manifest says {shard.samples}")


def _read_tar(path: Path) -> Iterator[Sample]:
    from webdataset.tariterators import group_by_keys, tar_file_expander

    with path.open("rb") as stream:
        # select_files keeps WebDataset from ever seeing a member that its decoders would unpickle.
        members = tar_file_expander([{"url": str(path), "stream": stream}], select_files=_is_member)
        for record in group_by_keys(members):
            yield Sample(record["__key__"], record["jpg"], record.get("mask.png"), json.loads(record["json"]))


def _is_member(name: str) -> bool:
    return Path(name).name.partition(".")[2] in _MEMBERS


def splits(arm: str) -> Sequence[str]:
    """The splits that an arm is written in."""
    return ("test", "empty") if arm == REAL else ("train", "val")
