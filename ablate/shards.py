"""The sample schema, and the shards that hold it: WebDataset tar files beside a `manifest.json`.

Layout of a data root:

    manifest.json
    {full,crop,i2i,...}/{train,val}-000000.tar    key.jpg  key.mask.png  key.json
    real/{test,empty}-000000.tar                  key.jpg  key.json  [key.mask.png]
    reverse/{test,empty}-000000.tar               the same photographs in the look of the synthetic images, if wanted

The same samples give the same bytes and the same digest. Nothing but `.jpg`, `.png` and `.json` is read, and nothing
is ever unpickled.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import pydantic

from ablate.errors import UsageError, suggest
from ablate.storage import publish, publishing, sha256

SCHEMA_VERSION = 1
REAL, REVERSE = "real", "reverse"
PHOTOGRAPHS = (REAL, REVERSE)  # arms of photographs: networks are scored on them, never trained
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
            raise UsageError(
                f"trial.arm={name}: the data has no such arm; {suggest(name, self.training_arms())}; prepare the data "
                f'with arms=...,{name}, or leave it out: where="arm!={name}"'
            )
        return self.arms[name]

    def training_arm(self, name: str) -> Arm:
        """An arm to train on, which the arms of photographs are not."""
        if name in PHOTOGRAPHS:
            raise UsageError(
                f"trial.arm={name}: photographs, which are not trained on; {suggest(name, self.training_arms())}"
            )
        return self.arm(name)

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

    def photographs_of(self, digest: str | None) -> str | None:
        """The arm of photographs that has a digest, if one has."""
        return next((name for name in PHOTOGRAPHS if name in self.arms and self.arms[name].digest == digest), None)

    def training_arms(self) -> list[str]:
        return sorted(set(self.arms) - {*PHOTOGRAPHS})

    def transductive(self, arm: str) -> bool:
        """Whether test photographs, without their labels, had a part in how an arm looks."""
        arms = self.parameters.get("arms")
        told = arms.get(arm) if isinstance(arms, dict) else None
        if not isinstance(told, dict):
            return False
        served = told.get("style_photos")
        # Older manifests do not say it, but which photographs served.
        return bool(told.get("transductive", isinstance(served, dict) and served.get("split") == "test"))


class Written(pydantic.BaseModel):
    """What a writer leaves to be joined into an arm: its shard, and a line for the content of each sample."""

    shard: Shard
    lines: list[str]

    @property
    def keys(self) -> list[str]:
        return [line.split(" ")[1] for line in self.lines]


class ShardWriter:
    """Writes one shard below `root`; use as a context manager, then read `.written` (None: nothing was added).

    The shard appears under its name when the block ends well. The same samples in the same order give the same bytes.
    """

    def __init__(self, root: Path, arm: str, split: str, number: int) -> None:
        self.written: Written | None = None
        self._arm, self._split = arm, split
        self._name = f"{arm}/{split}-{number:06d}.tar"
        self._lines: dict[str, str] = {}  # by key
        self._publishing = publishing(root / self._name)
        self._tar: Any = None

    def __enter__(self) -> ShardWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._tar is None:
            return
        with contextlib.ExitStack() as stack:
            stack.push(self._publishing)
            if kind is not None:
                stack.callback(self._close)
                stack.__exit__(kind, error, trace)
                return
            self._close()
            shard = Shard(name=self._name, sha256=sha256(self._partial), samples=len(self._lines))
        self.written = Written(shard=shard, lines=list(self._lines.values()))

    def _close(self) -> None:
        with self._file:
            self._tar.close()

    def add(self, sample: Sample) -> None:
        """Appends a sample.

        Raises:
            ValueError: its key cannot be a sample's, or is there already.
        """
        if not sample.key or any(mark in sample.key for mark in "./\\"):
            raise ValueError(f"sample key {sample.key!r}: must not be empty nor hold dots or slashes")
        if sample.key in self._lines:
            raise ValueError(f"sample key {sample.key!r}: there are two of it in {self._name}")
        members = _members(sample)
        if self._tar is None:
            self._begin()
        self._tar.write(members)
        content = " ".join(
            f"{name}={hashlib.sha256(data).hexdigest()}" for name, data in members.items() if name != "__key__"
        )
        self._lines[sample.key] = f"{self._split} {sample.key} {content}"

    def _begin(self) -> None:
        import webdataset as wds  # slow to import, and planning reads only manifests

        self._partial = self._publishing.__enter__()
        self._file = self._partial.open("wb")
        # A fixed time and owner: the bytes must not tell when and by whom they were written.
        self._tar = wds.TarWriter(self._file, mtime=0, user="ablate", group="ablate", mode=0o444, encoder=False)


def joined(written: Iterable[Written]) -> Arm:
    """An arm made of shards; its digest does not depend on how the samples are divided among them.

    Raises:
        ValueError: two samples of a split have one key.
    """
    shards: list[Shard] = []
    lines: list[str] = []
    counts: dict[str, int] = {}
    for part in written:
        shards.append(part.shard)
        lines += part.lines
        split = Path(part.shard.name).name.rsplit("-", 1)[0]
        counts[split] = counts.get(split, 0) + part.shard.samples
    lines.sort()
    for line, following in itertools.pairwise(lines):
        if line.split(" ")[:2] == following.split(" ")[:2]:
            raise ValueError(f"sample key {line.split(' ')[1]!r}: there are two of it")
    digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    return Arm(digest=digest, counts=dict(sorted(counts.items())), shards=sorted(shards, key=lambda s: s.name))


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
        for sample in read_shard(root / shard.name):
            found += 1
            yield sample
        if found != shard.samples:
            raise ValueError(f"{root / shard.name}: {found} samples, the manifest says {shard.samples}")


def read_shard(path: Path) -> Iterator[Sample]:
    """The samples of one shard, in the order in which they were written.

    Raises:
        ValueError: a sample lacks a member.
    """
    from webdataset.tariterators import group_by_keys, tar_file_expander

    with path.open("rb") as stream:
        # select_files keeps WebDataset from ever seeing a member that its decoders would unpickle.
        members = tar_file_expander([{"url": str(path), "stream": stream}], select_files=_is_member)
        for record in group_by_keys(members):
            if "jpg" not in record or "json" not in record:
                raise ValueError(f"{path}: sample {record['__key__']} has no .jpg or no .json")
            yield Sample(record["__key__"], record["jpg"], record.get("mask.png"), json.loads(record["json"]))


def _is_member(name: str) -> bool:
    return Path(name).name.partition(".")[2] in _MEMBERS


def scored_on(direction: str) -> str:
    """The arm of photographs that `trial.direction` names."""
    return REVERSE if direction == "reverse" else REAL


def splits(arm: str) -> Sequence[str]:
    """The splits that an arm is written in."""
    return ("test", "empty") if arm in PHOTOGRAPHS else ("train", "val")
