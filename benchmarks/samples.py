"""Pictures to measure with: a smooth coloured ground with one or two ellipses, as files, as shards and as arrays."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from ablate.data import arrays
from ablate.data.arrays import Pictures
from ablate.data.manifest import Manifest, write_manifest
from ablate.data.root import at
from ablate.data.shards import Sample, ShardWriter, joined

Image = NDArray[np.uint8]


def picture(seed: int, wh: tuple[int, int]) -> tuple[Image, Image]:
    """A picture, BGR, and its mask, 0 or 255."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(60, 200, size=(24, 32, 3), dtype=np.uint8)
    image = cv2.resize(coarse, wh, interpolation=cv2.INTER_CUBIC)
    noise = rng.integers(0, 24, size=(96, 128, 1), dtype=np.uint8)
    image = cv2.add(image, cv2.cvtColor(cv2.resize(noise, wh), cv2.COLOR_GRAY2BGR))
    mask = np.zeros(wh[::-1], dtype=np.uint8)
    unit = min(wh) / 384
    margin = round(60 * unit)
    for _ in range(1 + seed % 2):
        centre = [int(rng.integers(margin, side - margin)) for side in wh]
        axes = (int(rng.integers(round(30 * unit), round(80 * unit))), round(40 * unit))
        cv2.ellipse(mask, centre, axes, float(rng.uniform(0, 180)), 0, 360, 255, -1)
    image[mask > 0] = image[mask > 0] // 2 + np.uint8((20, 40, 70))
    return image, mask


def jpg(image: Image) -> bytes:
    """A picture, BGR, as JPEG."""
    return bytes(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 95])[1])


def png(mask: Image) -> bytes:
    """A mask as PNG."""
    return bytes(cv2.imencode(".png", mask)[1])


def encoded(number: int, size: int) -> tuple[bytes, bytes]:
    """A square picture as JPEG, and its mask as PNG."""
    image, mask = picture(number, (size, size))
    return jpg(image), png(mask)


def write_files(folder: Path, count: int, size: int) -> None:
    """Writes `count` square pictures as images/NUMBER.jpg and masks/NUMBER.png."""
    for name in ("images", "masks"):
        (folder / name).mkdir(parents=True)
    for number in range(count):
        image_jpg, mask_png = encoded(number, size)
        (folder / "images" / f"{number:06d}.jpg").write_bytes(image_jpg)
        (folder / "masks" / f"{number:06d}.png").write_bytes(mask_png)


def write_shards(folder: Path, count: int, size: int, per_shard: int = 1000) -> None:
    """Writes the same pictures as the arm `crop` of a data root; they are drawn once for every thousand."""
    drawn = [encoded(number, size) for number in range(min(count, 1000))]
    written = []
    for start in range(0, count, per_shard):
        with ShardWriter(folder, "crop", "train", start // per_shard) as writer:
            for number in range(start, min(count, start + per_shard)):
                image_jpg, mask_png = drawn[number % len(drawn)]
                meta = {"source": f"{number:06d}", "window": None, "boxes": [], "translator": None}
                writer.add(Sample(f"{number:06d}", image_jpg, mask_png, meta))
        written.append(writer.written)
    write_manifest(folder, Manifest(arms={"crop": joined(part for part in written if part is not None)}))


def from_files(folder: Path) -> Pictures:
    """What `write_files` wrote, in memory."""
    images = [cv2.imread(str(path), cv2.IMREAD_COLOR_RGB) for path in sorted((folder / "images").iterdir())]
    masks = [cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) for path in sorted((folder / "masks").iterdir())]
    image_n3hw = torch.from_numpy(np.stack(images).transpose(0, 3, 1, 2).copy())
    mask_n1hw = torch.from_numpy((np.stack(masks) > 127).astype(np.uint8)[:, None])
    meta_n = [{"source": f"{number:06d}"} for number in range(len(images))]
    return Pictures.of(image_n3hw, mask_n1hw, np.ones(len(images), bool), meta_n)


def decoded(folder: Path, size: int) -> Pictures:
    """The pictures of `write_shards` as the product decodes them, kept in the node's cache."""
    return arrays.load(at(str(folder)), "crop", "train", size)


def nothing_of(pictures: Pictures) -> Pictures:
    """A split of the same kind without any picture."""
    return pictures.at([])
