"""The sample schema, and the shards that hold it: WebDataset tar files beside a `manifest.json`.

Layout of a data root:

    manifest.json
    {full,crop,i2i,...}/{train,val}-000000.tar    key.jpg  key.mask.png  key.json
    real/{test,empty}-000000.tar                  key.jpg  key.json  [key.mask.png]
    reverse/{test,empty}-000000.tar               the same photographs in the look of the synthetic images, if wanted
    adapt/train-000000.tar                        key.jpg  key.json: photographs without labels, if there are any

The same samples give the same bytes and the same digest. Nothing but `.jpg`, `.png` and `.json` is read, and nothing
is ever unpickled.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
import tarfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import pydantic

from ablate.data import sample_json
from ablate.data.manifest import ADAPT, NOT_TRAINING_ARMS, PHOTOGRAPHS, Arm, Manifest, Shard
from ablate.errors import UsageError, plain
from ablate.storage import publishing, sha256

_MEMBERS = ("jpg", "mask.png", "json")
_HEADER, _MAGIC = 512, slice(257, 262)  # of a tar file


@dataclass(frozen=True)
class Sample:
    """One picture with what is known of it.

    Attributes:
        key: unique within the arm; no dots or slashes (WebDataset splits names at the first dot).
        jpg: the encoded picture.
        mask_png: 8-bit single channel, animal where not 0; None for photographs without masks.
        meta: the sample's JSON. Training: source, window, boxes, translator. Real: image_id, location, ... boxes.
            Adapt: image_id, location, width, height.
    """

    key: str
    jpg: bytes
    mask_png: bytes | None
    meta: dict[str, Any] = field(default_factory=dict)


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
        ValueError: a shard does not hold what the manifest says, or a sample not what readers rely on; names both.
    """
    schema = sample_json.Photograph if arm in NOT_TRAINING_ARMS else sample_json.Training
    for shard in manifest.arm(arm).of_split(arm, split):
        found = 0
        for sample in read_shard(root / shard.name):
            found += 1
            try:
                sample_json.require(sample.meta, schema)
            except ValueError as error:
                raise ValueError(f"{root / shard.name}: {arm}/{split}, sample {sample.key}: {error}") from error
            yield sample
        if found != shard.samples:
            raise ValueError(f"{root / shard.name}: {found} samples, the manifest says {shard.samples}")


def read_shard(path: Path) -> Iterator[Sample]:
    """The samples of one shard, in the order in which they were written. Nothing is unpacked.

    Raises:
        ValueError: it is no tar file, or a sample lacks a member or has a name or JSON that cannot be; names both.
    """
    for record in _records(path):
        key = record["__key__"]
        if "jpg" not in record or "json" not in record:
            raise ValueError(f"{path}: sample {plain(key)} has no .jpg or no .json")
        if any(mark in key for mark in "/\\") or plain(key) != key:
            raise ValueError(f"{path}: sample {plain(key)!r}: a name must not hold slashes nor control characters")
        try:
            meta = sample_json.decoded(record["json"])
        except ValueError as error:
            raise ValueError(f"{path}: sample {key}: {error}") from error
        yield Sample(key, record["jpg"], record.get("mask.png"), meta)


def _records(path: Path) -> Iterator[dict[str, Any]]:
    from webdataset.tariterators import group_by_keys, tar_file_expander

    with path.open("rb") as stream:
        if stream.read(_HEADER)[_MAGIC] != b"ustar":  # a compressed one could unfold into any size
            raise ValueError(f"{path}: not a tar file")
        stream.seek(0)
        # select_files keeps WebDataset from ever seeing a member that its decoders would unpickle.
        members = tar_file_expander([{"url": str(path), "stream": stream}], select_files=_is_member)
        try:
            yield from group_by_keys(members)
        except (tarfile.TarError, ValueError, EOFError) as error:
            said = plain(str(error.args[0] if error.args else error))  # WebDataset adds its streams to the arguments
            raise ValueError(f"{path}: not a sound tar file: {said}") from error


def _is_member(name: str) -> bool:
    return Path(name).name.partition(".")[2] in _MEMBERS


def splits(arm: str) -> Sequence[str]:
    """The splits that an arm is written in."""
    if arm == ADAPT:
        return ("train",)
    return ("test", "empty") if arm in PHOTOGRAPHS else ("train", "val")
