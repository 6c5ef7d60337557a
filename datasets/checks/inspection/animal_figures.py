"""How animals lie in their frames and which colours they have, measured in the pictures of an arm.

An image counts once, by its largest box, as the paper's measure takes one segment of each (`ablate.metrics.box_iou`).
Of photographs these are the true boxes, of synthetic images those of their mask's components: there an animal behind a
trunk counts by its larger part, and animals that overlap count as one.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ablate.data import shards
from ablate.data.manifest import NOT_TRAINING_ARMS, Manifest
from ablate.data.sample_json import Box, Photograph, Training
from ablate.data.shards import Sample
from datasets.raw import masks
from datasets.raw.images import BrokenPictureError, Mask, Pixels, decode

MOST = 1000  # images of an arm that are decoded: 20 to 50 ms each at 1024x768
NEAR_EDGE = 0.005  # of the frame's side: people draw boxes a pixel or two inside of it
_BOX_QUANTILES, _COLOUR_QUANTILES = (0.05, 0.5, 0.95), (0.25, 0.5, 0.75)

Three = tuple[float, float, float]
Channels = tuple[Three, Three, Three]


@dataclass(frozen=True)
class Measured:
    """One image; None of what it does not have.

    Attributes:
        source: name of the synthetic image; of a photograph its id.
        frame: mean red, green and blue.
        area: of the largest box, as a share of the frame.
        aspect: its width by its height, in pixels.
        touches: whether it ends at the frame's edge.
        coat: mean red, green and blue of the mask's pixels in the central half of that box, by width and height.
    """

    source: str
    frame: Three
    area: float | None = None
    aspect: float | None = None
    touches: bool | None = None
    coat: Three | None = None


@dataclass(frozen=True)
class Reading:
    """The images of an arm that were measured, `held` in all; `broken` ones cannot be decoded."""

    images: tuple[Measured, ...]
    held: int
    broken: int = 0


@dataclass(frozen=True)
class Figures:
    """Images together; None of what none of them has.

    Attributes:
        area: 5 %, median and 95 %.
        aspect: median.
        edge: share of the largest boxes that touch the frame's edge.
        coat: quartiles of the red, of the green and of the blue of the animals; frame: of the whole images.
    """

    area: Three | None = None
    aspect: float | None = None
    edge: float | None = None
    coat: Channels | None = None
    frame: Channels | None = None


def read(root: Path, manifest: Manifest, arm: str, splits: Sequence[str], most: int = MOST) -> Reading:
    """Measures at most `most` images of some splits of an arm, drawn evenly from first to last; holds one at a time."""
    held = sum(shard.samples for split in splits for shard in manifest.arm(arm).of_split(arm, split))
    samples = itertools.chain.from_iterable(shards.read(root, manifest, arm, split) for split in splits)
    found = [_measured(sample, arm) for sample in _evenly(samples, held, most)]
    images = tuple(image for image in found if image is not None)
    return Reading(images, held, len(found) - len(images))


def summary(images: Sequence[Measured]) -> Figures:
    """The figures of some images."""
    areas = [image.area for image in images if image.area is not None]
    aspects = [image.aspect for image in images if image.aspect is not None]
    touching = [image.touches for image in images if image.touches is not None]
    return Figures(
        quantiles(areas, _BOX_QUANTILES),
        float(np.median(aspects)) if aspects else None,
        float(np.mean(touching)) if touching else None,
        _channels([image.coat for image in images if image.coat is not None]),
        _channels([image.frame for image in images]),
    )


def quantiles(values: Sequence[float], at: Three = _BOX_QUANTILES) -> Three | None:
    """Three quantiles, by default 5 %, median and 95 %; None of no values."""
    if not values:
        return None
    low, middle, high = np.quantile(values, at)
    return float(low), float(middle), float(high)


def _channels(colours: Sequence[Three]) -> Channels | None:
    red, green, blue = (quantiles([colour[index] for colour in colours], _COLOUR_QUANTILES) for index in range(3))
    return None if red is None or green is None or blue is None else (red, green, blue)


def _evenly(samples: Iterator[Sample], held: int, most: int) -> Iterator[Sample]:
    for index, sample in enumerate(samples):
        if held <= most or (index + 1) * most // held > index * most // held:
            yield sample


def _measured(sample: Sample, arm: str) -> Measured | None:
    """A sample's figures; None where its picture or its mask cannot be decoded."""
    name, boxes = _told(sample, arm)
    try:
        image_hw3 = decode(sample.jpg).image_hw3
        mask_hw = None if sample.mask_png is None else masks.decode(sample.mask_png)
    except BrokenPictureError:
        return None
    frame = _mean(image_hw3)
    height, width = image_hw3.shape[:2]
    inside = [_clipped(box, width, height) for box in boxes]
    x0, y0, x1, y1 = max(inside, key=_area, default=(0.0, 0.0, 0.0, 0.0))
    if x1 <= x0 or y1 <= y0:
        return Measured(name, frame)
    near_x, near_y = NEAR_EDGE * width, NEAR_EDGE * height
    touches = x0 <= near_x or y0 <= near_y or x1 >= width - near_x or y1 >= height - near_y
    coat = None if mask_hw is None else _coat(image_hw3, mask_hw, (x0, y0, x1, y1))
    area = _area((x0, y0, x1, y1)) / (width * height)
    return Measured(name, frame, area, (x1 - x0) / (y1 - y0), touches, coat)


def _told(sample: Sample, arm: str) -> tuple[str, Sequence[Box]]:
    if arm in NOT_TRAINING_ARMS:
        photograph = Photograph.model_validate(sample.meta)
        return photograph.image_id, [labelled.box for labelled in photograph.boxes]
    training = Training.model_validate(sample.meta)
    return training.source, training.boxes


def _clipped(box: Box, width: int, height: int) -> Box:
    x0, y0, x1, y1 = box
    return max(x0, 0.0), max(y0, 0.0), min(x1, float(width)), min(y1, float(height))


def _area(box: Box) -> float:
    return max(box[2] - box[0], 0.0) * max(box[3] - box[1], 0.0)


def _coat(image_hw3: Pixels, mask_hw: Mask, box: Box) -> Three | None:
    """The mean colour of the animal in the central half of its box; None where the mask holds nothing there."""
    if mask_hw.shape != image_hw3.shape[:2]:
        return None
    x0, y0, x1, y1 = box
    left, right = round(x0 + (x1 - x0) / 4), round(x1 - (x1 - x0) / 4)
    top, bottom = round(y0 + (y1 - y0) / 4), round(y1 - (y1 - y0) / 4)
    window = slice(top, max(bottom, top + 1)), slice(left, max(right, left + 1))
    animal_hw = mask_hw[window]
    return _mean(np.ascontiguousarray(image_hw3[window]), animal_hw.astype(np.uint8)) if animal_hw.any() else None


def _mean(image_hw3: Pixels, where_hw: NDArray[np.uint8] | None = None) -> Three:
    red, green, blue, _ = cv2.mean(image_hw3, where_hw)  # NumPy's mean takes a hundred times as long
    return red, green, blue
