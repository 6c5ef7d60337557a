"""A split as arrays at network size: opened in the node's cache, put on a device, and fed to the training in batches.

The arrays lie in the node's cache as memory-mapped files, so that all trials of a node share one copy in the page cache
and a picture is decoded once, however many trials read it. While somebody reads them they are not evicted.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ablate import plugins
from ablate.data import decoding
from ablate.data.devices import room
from ablate.data.gpu_copies import gpu_copies
from ablate.data.root import Data
from ablate.metrics.geometry.boxes import Boxes, stack
from ablate.storage import node_cache
from ablate.storage.node_cache import Hold

_BYTE = 8  # bits


@dataclass(frozen=True)
class Pictures:
    """A split at network size, in the order of its shards.

    Attributes:
        image_n3hw: uint8.
        mask_n1hk: uint8, masks as bits along the width, the first pixel in the highest bit; k is w / 8, rounded up.
        has_mask_n: whether a picture came with a mask at all; where not, its mask is 0.
        meta_n: each sample's JSON.
        held: keeps the arrays in the cache; None where they are elsewhere.
        place: where the arrays lie and why, in words.
    """

    image_n3hw: Tensor
    mask_n1hk: Tensor
    has_mask_n: NDArray[np.bool_]
    meta_n: Sequence[dict[str, Any]]
    held: Hold | None = field(default=None, repr=False, compare=False)
    place: str = "in the host's memory"

    @classmethod
    def of(
        cls,
        image_n3hw: Tensor,
        mask_n1hw: Tensor,
        has_mask_n: NDArray[np.bool_],
        meta_n: Sequence[dict[str, Any]],
    ) -> Pictures:
        """Pictures whose masks are given as one number a pixel, not 0 where the animal is."""
        bits_n1hk = np.packbits(mask_n1hw.numpy() != 0, axis=-1)
        return cls(image_n3hw, torch.from_numpy(bits_n1hk), has_mask_n, meta_n)

    def __len__(self) -> int:
        return len(self.meta_n)

    @property
    def device(self) -> torch.device:
        """Where the arrays lie."""
        return self.image_n3hw.device

    @property
    def _bytes(self) -> int:
        return self.image_n3hw.nbytes + self.mask_n1hk.nbytes

    def mask_hw(self, index: int) -> NDArray[np.bool_]:
        """One mask, true where the animal is."""
        bits_hk = self.mask_n1hk[index, 0].cpu().numpy()
        return np.unpackbits(bits_hk, axis=-1, count=self.image_n3hw.shape[-1]).astype(bool)

    def to(self, device: torch.device, allowed: int | None = None) -> Pictures:
        """The same on a device, unless they take more bytes than allowed: then they stay in the host's memory."""
        if device.type != "cuda":
            return self
        why = node_cache.gigabytes(self._bytes)
        if allowed is not None:
            why += f", where up to {node_cache.gigabytes(allowed)} may lie on the GPU"
            if self._bytes > allowed:
                return replace(self, place=f"in the host's memory, and each batch is copied ahead of its use ({why})")
        there = self.image_n3hw.to(device), self.mask_n1hk.to(device)
        return Pictures(*there, self.has_mask_n, self.meta_n, place=f"on the GPU ({why})")

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
        return Pictures(self.image_n3hw[index_m], self.mask_n1hk[index_m], self.has_mask_n[index_m], meta_m, self.held)

    def feed(self, order_n: Tensor, size: int, device: torch.device) -> Iterator[tuple[Tensor, Tensor]]:
        """Batches of at most `size` pictures in some order, as `batch` gives them.

        The host waits for the device at most once, however many there are. Pictures that do not lie on it are copied
        there while it computes on those before them, by a thread that ends with the iterator.

        Args:
            order_n: indices of pictures, int64, on the CPU.
        """
        if device.type == "cuda" and self.device.type == "cpu":
            for image_b3hw, mask_b1hk in gpu_copies((self.image_n3hw, self.mask_n1hk), split(order_n, size), device):
                yield self._floats(image_b3hw, mask_b1hk)
        else:
            for index_b in split(order_n.to(self.device), size):
                yield self.batch(index_b, device)

    def batches(self, size: int) -> Sequence[Tensor]:
        """The indices of all pictures in order, where the arrays lie, in batches of at most `size`."""
        return split(torch.arange(len(self), device=self.device), size)

    def batch(self, index_b: Tensor, device: torch.device) -> tuple[Tensor, Tensor]:
        """Some pictures on a device: image_b3hw, float32 in [0, 1], and mask_b1hw, float32, 0 or 1."""
        # Towards a GPU nobody waits; from one the CPU must, which would read what is not there yet.
        index_b = index_b.to(self.device, non_blocking=self.device.type == "cuda")
        # On a CPU it takes a fiftieth of the time of `[index_b]`.
        image_b3hw, mask_b1hk = self.image_n3hw.index_select(0, index_b), self.mask_n1hk.index_select(0, index_b)
        return self._floats(image_b3hw.to(device, non_blocking=True), mask_b1hk.to(device, non_blocking=True))

    def _floats(self, image_b3hw: Tensor, mask_b1hk: Tensor) -> tuple[Tensor, Tensor]:
        return image_b3hw.float() / 255.0, mask_floats(mask_b1hk, self.image_n3hw.shape[-1])


def mask_floats(mask_b1hk: Tensor, width: int) -> Tensor:
    """Masks of bits as mask_b1hw, float32, 0 or 1."""
    shift_8 = torch.arange(_BYTE - 1, -1, -1, dtype=torch.uint8, device=mask_b1hk.device)
    return (mask_b1hk[..., None] >> shift_8).bitwise_and(1).flatten(-2)[..., :width].float()


def place(pictures: Sequence[Pictures], device: torch.device, share: float) -> list[Pictures]:
    """Splits on a device, as many of them, from the first on, as fit there beside a training.

    Args:
        share: of the device that this process was given.
    """
    # The other half is left to the network, its gradients and activations.
    left = room(device, share) // 2 if device.type == "cuda" else 0
    placed = []
    for each in pictures:
        placed.append(each.to(device, left))
        left -= each._bytes if placed[-1].device.type == "cuda" else 0
    return placed


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


def split(index_n: Tensor, size: int) -> list[Tensor]:
    """Row numbers in batches of at most `size`."""
    return [index_n[start : start + size] for start in range(0, len(index_n), size)]


def _shuffled(source: str) -> bytes:
    """Orders names as if at random, but always in the same way."""
    return hashlib.sha256(source.encode()).digest()


def load(
    data: Data,
    arm: str,
    split: str,
    size: int,
    threads: int | None = None,
    report: Callable[[str], None] = lambda line: None,
) -> Pictures:
    """A split of an arm, or of several with a `+` between them, at `size` x `size` pixels.

    From the node's cache, or decoded into it.

    Args:
        threads: that decode; none: as many as torch computes with.
        report: is told what was decoded, in how many seconds.

    Raises:
        ValueError: a shard does not hold what the manifest says, or a picture in it cannot be decoded.
        UsageError: the shards are remote and cannot be copied, or the cache has no room.
    """

    def make(folder: Path) -> None:
        began, by = time.perf_counter(), threads or torch.get_num_threads()
        count = decoding.decode(data, arm, split, size, folder, by)
        seconds = time.perf_counter() - began
        report(f"{arm}/{split}: {count} pictures decoded to {size} px in {seconds:.1f} s by {by} thread(s)")

    # Pictures that another version of that file has decoded are not these.
    code = plugins.source_digest(Path(decoding.__file__))[:8]
    name = f"{arm}-{split}-{data.manifest.joined_digest(arm)[:16]}-{size}-{code}"
    held = node_cache.hold("decoded", name, lambda: data.decoded_size(arm, split, size), make, decoding.META)
    image = np.load(held.folder / decoding.IMAGES, mmap_mode="c")  # copy on write: torch wants writable memory
    mask = np.load(held.folder / decoding.MASKS, mmap_mode="c")
    records = json.loads((held.folder / decoding.META).read_bytes())
    has_mask = np.array([record["has_mask"] for record in records], dtype=bool)
    meta = [record["meta"] for record in records]
    return Pictures(torch.from_numpy(image), torch.from_numpy(mask), has_mask, meta, held)
