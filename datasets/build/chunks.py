"""The unit of work: a chunk of inputs whose samples share one shard in each arm.

A chunk is written by one process, in its order. When its shards are published, a record of all that is to be known of
it follows; that record is what makes the chunk finished, for this try or, after a kill, for the next.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import cv2
import pydantic

from ablate.data.manifest import Shard
from ablate.data.shards import Sample, ShardWriter, Written
from ablate.storage import publish, sha256
from datasets.build.publishing import RECORDS, ROOT, working
from datasets.raw.skipped import Considered, Skipped


@dataclass(frozen=True)
class Outcome:
    """What became of one input: what is said of it, and its samples, each with its arm.

    Attributes:
        windows: how many windows were cut from it, by its size as `WxH`.
    """

    considered: Sequence[Considered] = ()
    skipped: Sequence[Skipped] = ()
    samples: Sequence[tuple[str, Sample]] = ()
    windows: Mapping[str, int] = field(default_factory=dict)


class Stage(Protocol):
    """One kind of input and what is made of it; pickled, it reaches every worker.

    Attributes:
        arms: the arms that its samples may belong to.
        gpu: whether it computes faster on a GPU.
    """

    @property
    def arms(self) -> tuple[str, ...]: ...

    @property
    def gpu(self) -> bool: ...

    def process(self, item: Any, /) -> Outcome:  # noqa: ANN401 - an input of the stage's own kind
        """Decodes and judges one input and makes its samples."""


@dataclass(frozen=True)
class Chunk:
    """Some inputs in a fixed order.

    Attributes:
        kind: of its inputs.
        images: how many pictures have to be looked at, at most.
        fingerprint: of everything that the chunk's samples follow from; a record with another one is out of date.
    """

    kind: str
    split: str
    number: int
    items: tuple[Any, ...]
    images: int
    fingerprint: str

    @property
    def name(self) -> str:
        """Such as `synthetic-train-000003`."""
        return f"{self.kind}-{self.split}-{self.number:06d}"


class Finished(pydantic.BaseModel):
    """The record of a finished chunk."""

    fingerprint: str
    considered: list[Considered]
    skipped: list[Skipped]
    written: dict[str, Written]
    windows: dict[str, int] = {}


def fingerprint(common: str, files: Iterable[Path]) -> str:
    """A digest of what all chunks have in common, and of a chunk's files by name, size and time of change."""
    hashed = hashlib.sha256(common.encode())
    for path in files:
        try:
            found = path.stat()
            hashed.update(f"{path}\0{found.st_size}\0{found.st_mtime_ns}\0".encode("utf-8", "surrogateescape"))
        except OSError:
            hashed.update(f"{path}\0absent\0".encode("utf-8", "surrogateescape"))
    return hashed.hexdigest()


def write(stage: Stage, chunk: Chunk, building: Path) -> Finished:
    """Processes a chunk and publishes its shards and its record below `building`.

    Raises:
        OSError: an input cannot be read, or the folder cannot be written; names the file.
    """
    considered: list[Considered] = []
    skipped: list[Skipped] = []
    windows: Counter[str] = Counter()
    _record(building, chunk).unlink(missing_ok=True)  # it must not outlive the shards that it tells of
    with contextlib.ExitStack() as stack:
        writers = {
            arm: stack.enter_context(ShardWriter(building / ROOT, arm, chunk.split, chunk.number)) for arm in stage.arms
        }
        for item in chunk.items:
            outcome = stage.process(item)
            considered += outcome.considered
            skipped += outcome.skipped
            windows.update(outcome.windows)
            for arm, sample in outcome.samples:
                writers[arm].add(sample)
    finished = Finished(
        fingerprint=chunk.fingerprint,
        considered=considered,
        skipped=skipped,
        written={arm: writer.written for arm, writer in writers.items() if writer.written is not None},
        windows=dict(windows),
    )
    publish(_record(building, chunk), finished.model_dump_json().encode())
    return finished


@dataclass(frozen=True)
class ChunkWriter:
    """The job that writes the chunks of a stage below a folder."""

    stage: Stage
    building: Path

    @property
    def gpu(self) -> bool:
        """Whether the stage computes faster on one."""
        return self.stage.gpu

    def __call__(self, chunk: Chunk, /) -> Finished:
        """Writes a chunk.

        Raises:
            OSError: an input cannot be read, or the folder cannot be written; names the file.
        """
        cv2.setNumThreads(1)  # parallel over chunks; more threads than cores only get in each other's way
        with working(self.building):
            return write(self.stage, chunk, self.building)


def finished(building: Path, chunk: Chunk) -> Finished | None:
    """The record of a chunk that is finished, if its inputs are still the same and its shards are what it tells."""
    try:
        record = Finished.model_validate_json(_record(building, chunk).read_bytes())
    except (FileNotFoundError, pydantic.ValidationError):
        return None
    if record.fingerprint != chunk.fingerprint:
        return None
    return record if all(_is_whole(building / ROOT, part.shard) for part in record.written.values()) else None


def record(building: Path, chunk: Chunk) -> Finished:
    """The record of a chunk that this command has finished."""
    return Finished.model_validate_json(_record(building, chunk).read_bytes())


def _is_whole(root: Path, shard: Shard) -> bool:
    return (root / shard.name).is_file() and sha256(root / shard.name) == shard.sha256


def _record(building: Path, chunk: Chunk) -> Path:
    return building / RECORDS / f"{chunk.name}.json"
