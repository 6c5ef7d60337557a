"""Windows of a fixed size round each animal that is large enough (the paper, section 3.2: 13,696 of 480 x 480 px)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ablate.data.shards import Sample
from ablate.metrics.geometry.boxes import Boxes
from ablate.metrics.geometry.components import components
from datasets.arms import Window, training_meta
from datasets.options import Crop, PrepareConfig
from datasets.raw.images import Pixels, encode_jpg, encode_mask
from datasets.raw.synthetic_images import Source

Number = TypeVar("Number", bound=np.generic)


@dataclass(frozen=True)
class CropImage:
    """One window's content, as far as it lies inside the source image.

    Attributes:
        key: the source's key and the animal's number, largest first.
        window: xyxy in the source's pixels, half-open, always of the full size.
        mask_png: the mask as a sample has it, padded where the source is smaller; boxes_n4: of its components.
    """

    key: str
    source: str
    window: Window
    image_hw3: Pixels
    mask_png: bytes
    boxes_n4: Boxes


def samples(source: Source, config: PrepareConfig, fitted: None) -> Iterator[Sample]:
    """One sample for each large enough animal of the image."""
    for crop in crops(source, config.crop):
        yield sample(crop, crop.image_hw3, config, translator=None)


@lru_cache(maxsize=1)  # crop and i2i ask for the same crops one after the other
def crops(source: Source, config: Crop) -> tuple[CropImage, ...]:
    """The windows of one image, that of the largest animal first."""
    height, width = source.mask_hw.shape
    found = []
    for index, window in enumerate(windows(source.boxes_n4, (width, height), config.size, config.min_side)):
        x0, y0, x1, y1 = window
        inside = np.s_[y0:y1, x0:x1]  # slicing ends at the frame
        mask_hw = _padded(source.mask_hw[inside], config.size)
        found.append(
            CropImage(
                key=f"{source.key}-{index:02d}",
                source=source.name,
                window=window,
                image_hw3=source.picture.image_hw3[inside],
                mask_png=encode_mask(mask_hw),
                boxes_n4=components(mask_hw).boxes_n4,
            )
        )
    return tuple(found)


def sample(crop: CropImage, image_hw3: Pixels, config: PrepareConfig, translator: str | None) -> Sample:
    """A crop as a sample, its image in another look perhaps; key, mask and window do not depend on that."""
    meta = training_meta(crop.source, crop.boxes_n4, crop.window, translator)
    return Sample(crop.key, encode_jpg(_padded(image_hw3, config.crop.size)), crop.mask_png, meta)


def windows(boxes_n4: Boxes, wh: tuple[int, int], size: int, min_side: int) -> list[Window]:
    """A window round each animal whose box's longer side is at least `min_side`, in the order of the boxes.

    It is centred on the box and shifted inside the image. Where the image is smaller than the window, the window begins
    at the image's edge and reaches beyond the opposite one.
    """
    width, height = wh
    found = []
    for x0, y0, x1, y1 in boxes_n4.astype(int).tolist():
        if max(x1 - x0, y1 - y0) >= min_side:
            left, top = _start(x0, x1, size, width), _start(y0, y1, size, height)
            found.append((left, top, left + size, top + size))
    return found


def _start(begin: int, end: int, size: int, limit: int) -> int:
    return max(0, min((begin + end - size) // 2, limit - size))


def _padded(array: NDArray[Number], size: int) -> NDArray[Number]:
    """The array in the top left corner of a square of zeros: black, and no animal."""
    if array.shape[:2] == (size, size):
        return array
    square = np.zeros((size, size, *array.shape[2:]), dtype=array.dtype)
    square[: array.shape[0], : array.shape[1]] = array
    return square
