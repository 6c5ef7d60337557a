"""Shards to arrays: every picture of a split decoded, squashed to the network's size, and written into a folder.

image.npy   (n, 3, size, size), uint8
mask.npy    (n, 1, size, size / 8 rounded up), uint8: bits, the first pixel in the highest one
meta.json   of each picture whether it has a mask, and its sample's JSON; written last
"""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from ablate.data import shards
from ablate.data.root import Data
from ablate.data.shards import Sample
from ablate.data.thread_map import thread_map
from ablate.storage import publishing

IMAGES, MASKS, META = "image.npy", "mask.npy", "meta.json"

# image_3hw, mask_1hk where there is one, and the sample's JSON.
_Decoded = tuple[NDArray[np.uint8], NDArray[np.uint8] | None, dict[str, Any]]


def decode(data: Data, arm: str, split: str, size: int, folder: Path, threads: int) -> int:
    """Decodes a split of an arm, or of several with a `+` between them, into a folder; says how many pictures it has.

    Raises:
        ValueError: a shard does not hold what the manifest says, or a picture in it cannot be decoded.
        UsageError: the shards are remote and cannot be copied.
    """
    for left in folder.glob(".*.partial"):
        left.unlink()  # by a process that died
    arms = data.manifest.joined(arm)
    for one in arms:
        _require_count(data, one, split)
    count = data.manifest.count(arm, split)
    records: list[dict[str, Any]] = []
    with publishing(folder / IMAGES) as image_path, publishing(folder / MASKS) as mask_path:
        image_n3hw = _array(image_path, (count, 3, size, size))
        mask_n1hk = _array(mask_path, (count, 1, size, -(-size // 8)))
        samples = itertools.chain.from_iterable(_samples(data, one, split) for one in arms)
        for index, (image_3hw, mask_1hk, meta) in enumerate(_decoded(samples, size, threads)):
            image_n3hw[index] = image_3hw
            if mask_1hk is not None:
                mask_n1hk[index] = mask_1hk
            records.append({"has_mask": mask_1hk is not None, "meta": meta})
        image_n3hw.flush()
        mask_n1hk.flush()
    with publishing(folder / META) as path:  # last: it says that the arrays are whole
        path.write_text(json.dumps(records))
    return count


def _require_count(data: Data, arm: str, split: str) -> None:
    wanted = data.manifest.arm(arm)
    count, held = wanted.counts.get(split, 0), sum(shard.samples for shard in wanted.of_split(arm, split))
    if held != count:
        raise ValueError(f"data={data.place}: {held} samples in the shards of {arm}/{split}, {count} by its count")


def _samples(data: Data, arm: str, split: str) -> Iterator[Sample]:
    with data.shards(arm) as root:
        yield from shards.read(root, data.manifest, arm, split)


def _array(path: Path, shape: tuple[int, ...]) -> np.memmap[Any, np.dtype[np.uint8]]:
    """An array of bytes in a new file that has all of its room on the disk: a full one would end the process later."""
    array = np.lib.format.open_memmap(path, "w+", np.uint8, shape)
    with path.open("rb+") as file:
        os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
    return array


def _decoded(samples: Iterable[Sample], size: int, threads: int) -> Iterator[_Decoded]:
    """The pictures in order, decoded by threads; where there are several, torch computes with one in each."""

    def work(sample: Sample) -> _Decoded:
        return _image(sample, size), None if sample.mask_png is None else _mask(sample, size), sample.meta

    if threads == 1:
        yield from map(work, samples)  # handing small pictures to a thread costs a quarter more
        return
    own = torch.get_num_threads()
    try:
        with closing(thread_map(work, samples, threads, 2 * threads, lambda: torch.set_num_threads(1))) as decoded:
            yield from decoded
    finally:
        torch.set_num_threads(own)  # what those threads have set holds for any that begins after them


def _image(sample: Sample, size: int) -> NDArray[np.uint8]:
    return squash(_picture(sample.jpg, cv2.IMREAD_COLOR_RGB, sample.key), size)


def _mask(sample: Sample, size: int) -> NDArray[np.uint8]:
    assert sample.mask_png is not None
    mask_hw = _picture(sample.mask_png, cv2.IMREAD_GRAYSCALE, sample.key)
    _, animal_hw = cv2.threshold(mask_hw, 0, 255, cv2.THRESH_BINARY)  # 255 where it is not 0
    covered = squash(animal_hw.astype(np.uint8, copy=False)[..., None], size)
    return np.packbits(covered >= 128, axis=-1)  # animal where it covers at least half of the pixel


def _picture(data: bytes, flags: int, key: str) -> NDArray[np.uint8]:
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
    if image_hwc.shape[:2] == (size, size):  # as crops are: the same result, in a sixth of the time
        return np.ascontiguousarray(image_hwc.transpose(2, 0, 1))
    image_1chw = torch.from_numpy(np.ascontiguousarray(image_hwc)).permute(2, 0, 1)[None]
    squashed = F.interpolate(image_1chw, size=(size, size), mode="bilinear", antialias=True, align_corners=False)
    result: NDArray[np.uint8] = squashed[0].numpy()
    return result
