"""Shards to arrays: every picture decoded once per node, squashed to the network's size, and kept.

The arrays lie in the node's cache as memory-mapped files, so that all trials of a node share one copy in the page cache
and a picture is decoded once, however many trials read it. While somebody reads them they are not evicted.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from ablate import plugins
from ablate.data import shards
from ablate.data.devices import room
from ablate.data.root import Data
from ablate.data.shards import Sample
from ablate.metrics.geometry.boxes import Boxes, stack
from ablate.storage import node_cache, publishing
from ablate.storage.node_cache import Hold

_WHOLE = "meta.json"


@dataclass(frozen=True)
class Pictures:
    """A split at network size, in the order of its shards.

    Attributes:
        image_n3hw: uint8.
        mask_n1hw: uint8, 1 where the animal is.
        has_mask_n: whether a picture came with a mask at all; where not, its mask is 0.
        meta_n: each sample's JSON.
        held: keeps the arrays in the cache; None where they are elsewhere.
    """

    image_n3hw: Tensor
    mask_n1hw: Tensor
    has_mask_n: NDArray[np.bool_]
    meta_n: Sequence[dict[str, Any]]
    held: Hold | None = field(default=None, repr=False, compare=False)

    def __len__(self) -> int:
        return len(self.meta_n)

    @property
    def device(self) -> torch.device:
        """Where the arrays lie."""
        return self.image_n3hw.device

    def mask_hw(self, index: int) -> NDArray[np.bool_]:
        """One mask, true where the animal is."""
        mask_hw: NDArray[np.bool_] = self.mask_n1hw[index, 0].cpu().numpy() > 0
        return mask_hw

    def to(self, device: torch.device, share: float = 1.0) -> Pictures:
        """The same on a device, if they fit there beside the training; else they stay in the host's memory.

        Args:
            share: of the device that this process was given.
        """
        size = self.image_n3hw.nbytes + self.mask_n1hw.nbytes
        # Half of what is free is left to the network, its gradients and activations.
        if device.type != "cuda" or size > room(device, share) // 2:
            return self
        return Pictures(self.image_n3hw.to(device), self.mask_n1hw.to(device), self.has_mask_n, self.meta_n)

    def part(self, fraction: float) -> Pictures:
        """The pictures of a share of the source images, at least one; a smaller share is part of a larger one.

        Which images are in a share depends on their names alone, so that the shares of two arms show the same ones.
        """
        if fraction == 1.0:
            return self
        sources = sorted({str(meta["source"]) for meta in self.meta_n}, key=_shuffled)
        kept = set(sources[: max(1, round(fraction * len(sources)))])
        index_m = [index for index, meta in enumerate(self.meta_n) if str(meta["source"]) in kept]
        return self.at(index_m)

    def at(self, index_m: Sequence[int]) -> Pictures:
        """Some of the pictures."""
        meta_m = [self.meta_n[index] for index in index_m]
        return Pictures(self.image_n3hw[index_m], self.mask_n1hw[index_m], self.has_mask_n[index_m], meta_m, self.held)

    def batches(self, size: int) -> Sequence[Tensor]:
        """The indices of all pictures in order, where the arrays lie, in batches of at most `size`."""
        index_n = torch.arange(len(self), device=self.device)
        return [index_n[start : start + size] for start in range(0, len(self), size)]

    def batch(self, index_b: Tensor, device: torch.device) -> tuple[Tensor, Tensor]:
        """Some pictures on a device: image_b3hw, float32 in [0, 1], and mask_b1hw, float32, 0 or 1."""
        index_b = index_b.to(self.device)
        image_b3hw = self.image_n3hw[index_b].to(device, non_blocking=True)
        mask_b1hw = self.mask_n1hw[index_b].to(device, non_blocking=True)
        return image_b3hw.float() / 255.0, mask_b1hw.float()


@dataclass(frozen=True)
class Photograph:
    """What is known of one real photograph: the JSON of its sample (see the data contracts)."""

    meta: dict[str, Any]

    @property
    def boxes_n4(self) -> Boxes:
        """True boxes, xyxy pixels of the stored photograph; none on an empty one."""
        return stack([box["box"] for box in self.meta["boxes"]])

    @property
    def wh(self) -> tuple[int, int]:
        return self.meta["width"], self.meta["height"]

    @cached_property
    def captured_at(self) -> datetime | None:
        text = self.meta.get("captured_at")
        return datetime.fromisoformat(text) if text else None


def _shuffled(source: str) -> bytes:
    """Orders names as if at random, but always in the same way."""
    return hashlib.sha256(source.encode()).digest()


def load(data: Data, arm: str, split: str, size: int) -> Pictures:
    """A split of an arm at `size` x `size` pixels, from the node's cache or decoded into it.

    Raises:
        ValueError: a shard does not hold what the manifest says, or a picture in it cannot be decoded.
        UsageError: the shards are remote and cannot be copied, or the cache has no room.
    """
    # Pictures that another version of this file squashed are not these.
    name = f"{arm}-{split}-{data.manifest.arm(arm).digest[:16]}-{size}-{plugins.source_digest(Path(__file__))[:8]}"
    held = node_cache.hold(
        "decoded",
        name,
        lambda: data.decoded_size(arm, split, size),
        lambda folder: _decode(data, arm, split, size, folder),
        _WHOLE,
    )
    folder = held.folder
    image = np.load(folder / "image.npy", mmap_mode="c")  # copy on write: torch wants writable memory
    mask = np.load(folder / "mask.npy", mmap_mode="c")
    records = json.loads((folder / _WHOLE).read_bytes())
    has_mask = np.array([record["has_mask"] for record in records], dtype=bool)
    meta = [record["meta"] for record in records]
    return Pictures(torch.from_numpy(image), torch.from_numpy(mask), has_mask, meta, held)


def _decode(data: Data, arm: str, split: str, size: int, folder: Path) -> None:
    for left in folder.glob(".*.partial"):
        left.unlink()  # by a process that died
    wanted = data.manifest.arm(arm)
    count, held = wanted.counts.get(split, 0), sum(shard.samples for shard in wanted.of_split(arm, split))
    if held != count:
        raise ValueError(f"data={data.place}: {held} samples in the shards of {arm}/{split}, {count} by its count")
    records: list[dict[str, Any]] = []
    with (
        data.shards(arm) as root,
        publishing(folder / "image.npy") as image_path,
        publishing(folder / "mask.npy") as mask_path,
    ):
        image_n3hw = _array(image_path, (count, 3, size, size))
        mask_n1hw = _array(mask_path, (count, 1, size, size))
        for index, sample in enumerate(shards.read(root, data.manifest, arm, split)):
            image_n3hw[index] = _image(sample, size)
            if sample.mask_png is not None:
                mask_n1hw[index] = _mask(sample, size)
            records.append({"has_mask": sample.mask_png is not None, "meta": sample.meta})
        image_n3hw.flush()
        mask_n1hw.flush()
    with publishing(folder / _WHOLE) as path:  # last: it says that the arrays are whole
        path.write_text(json.dumps(records))


def _array(path: Path, shape: tuple[int, ...]) -> np.memmap[Any, np.dtype[np.uint8]]:
    """An array of bytes in a new file that has all of its room on the disk: a full one would end the process later."""
    array = np.lib.format.open_memmap(path, "w+", np.uint8, shape)
    with path.open("rb+") as file:
        os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
    return array


def _image(sample: Sample, size: int) -> NDArray[np.uint8]:
    return squash(_decoded(sample.jpg, cv2.IMREAD_COLOR_RGB, sample.key), size)


def _mask(sample: Sample, size: int) -> NDArray[np.uint8]:
    assert sample.mask_png is not None
    mask_hw = _decoded(sample.mask_png, cv2.IMREAD_GRAYSCALE, sample.key)
    covered = squash(np.where(mask_hw > 0, 255, 0).astype(np.uint8)[..., None], size)
    return (covered >= 128).astype(np.uint8)  # animal where it covers at least half of the pixel


def _decoded(data: bytes, flags: int, key: str) -> NDArray[np.uint8]:
    try:
        picture = cv2.imdecode(np.frombuffer(data, np.uint8), flags | cv2.IMREAD_IGNORE_ORIENTATION)
    except cv2.error:  # it has no bytes, or tells an absurd size
        picture = None
    if picture is None:
        raise ValueError(f"sample {key}: the picture cannot be decoded")
    decoded: NDArray[np.uint8] = picture.astype(np.uint8, copy=False)
    return decoded


def squash(image_hwc: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """Resizes to a square without keeping the aspect, antialiased (paper section 3.3): (h, w, c) to (c, size, size)."""
    image_1chw = torch.from_numpy(np.ascontiguousarray(image_hwc)).permute(2, 0, 1)[None]
    squashed = F.interpolate(image_1chw, size=(size, size), mode="bilinear", antialias=True, align_corners=False)
    result: NDArray[np.uint8] = squashed[0].numpy()
    return result
