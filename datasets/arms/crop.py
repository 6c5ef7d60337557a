"""Windows of a fixed size round each animal that is large enough (the paper, section 3.2: 13,696 of 480 x 480 px)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ablate.boxes import components
from ablate.shards import Sample
from datasets.arms import Window, training_meta
from datasets.config import PrepareConfig
from datasets.ordered import ordered
from datasets.pictures import Mask, Pixels, encode_jpg, encode_mask
from datasets.raw import Raw
from datasets.synthetic import Synthetic

Number = TypeVar("Number", bound=np.generic)


@dataclass(frozen=True)
class CropImage:
    """One window's content, as far as it lies inside the source image.

    Attributes:
        key: the source's key and the animal's number, largest first.
        window: xyxy in the source's pixels, half-open, always of the full size.
    """

    key: str
    source: str
    split: str
    window: Window
    image_hw3: Pixels
    mask_hw: Mask


def samples(raw: Raw, config: PrepareConfig) -> Iterator[tuple[str, Sample]]:
    """One sample for each large enough animal of each image."""
    return translated(raw, config, lambda crop: crop.image_hw3, translator=None)


def translated(
    raw: Raw, config: PrepareConfig, look: Callable[[CropImage], Pixels], translator: str | None
) -> Iterator[tuple[str, Sample]]:
    """The crops with their images passed through `look`; keys, masks and windows do not depend on it."""

    def of_source(source: Synthetic) -> list[tuple[str, Sample]]:
        return [(crop.split, _sample(crop, look(crop), config.crop.size, translator)) for crop in crops(source, config)]

    for found in ordered(of_source, raw.synthetic, config.workers):
        yield from found


def crops(source: Synthetic, config: PrepareConfig) -> Iterator[CropImage]:
    """The windows of one image, that of the largest animal first."""
    picture, mask_hw = source.load()
    for index, window in enumerate(windows(mask_hw, config.crop.size, config.crop.min_side)):
        x0, y0, x1, y1 = window
        inside = np.s_[y0:y1, x0:x1]  # slicing ends at the frame
        key = f"{source.key}-{index:02d}"
        yield CropImage(key, source.name, source.split, window, picture.image_hw3[inside], mask_hw[inside])


def windows(mask_hw: Mask, size: int, min_side: int) -> list[Window]:
    """A window round each 8-connected component whose box's longer side is at least `min_side`, largest area first.

    It is centred on the box and shifted inside the image. Where the image is smaller than the window, the window begins
    at the image's edge and reaches beyond the opposite one.
    """
    height, width = mask_hw.shape
    found = []
    for x0, y0, x1, y1 in components(mask_hw).boxes_n4.astype(int).tolist():
        if max(x1 - x0, y1 - y0) >= min_side:
            left, top = _start(x0, x1, size, width), _start(y0, y1, size, height)
            found.append((left, top, left + size, top + size))
    return found


def _start(begin: int, end: int, size: int, limit: int) -> int:
    return max(0, min((begin + end - size) // 2, limit - size))


def _sample(crop: CropImage, image_hw3: Pixels, size: int, translator: str | None) -> Sample:
    mask_hw = _padded(crop.mask_hw, size)
    meta = training_meta(crop.source, mask_hw, crop.window, translator)
    return Sample(crop.key, encode_jpg(_padded(image_hw3, size)), encode_mask(mask_hw), meta)


def _padded(array: NDArray[Number], size: int) -> NDArray[Number]:
    """The array in the top left corner of a square of zeros: black, and no animal."""
    if array.shape[:2] == (size, size):
        return array
    square = np.zeros((size, size, *array.shape[2:]), dtype=array.dtype)
    square[: array.shape[0], : array.shape[1]] = array
    return square
