"""How windows fit into their images: what is said where they reach beyond them, or are all of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from ablate.config import TrialConfig
from ablate.metrics.geometry.boxes import Boxes
from datasets.options import Crop

Wh = tuple[int, int]
_LEAST = 8  # px, of `crop.size`
MARK = " (crop.size="  # in each of the sentences


def remarks(windows: Mapping[Wh, int], crop: Crop, trial_defaults: Mapping[str, object]) -> Iterator[str]:
    """A sentence for windows that do not fit, with the values to type.

    Args:
        windows: how many there are, by the size of the image that they are cut from.
    """
    total = sum(windows.values())
    padded = sum(count for wh, count in windows.items() if min(wh) < crop.size)
    whole = windows.get((crop.size, crop.size), 0)
    if padded:
        smallest = min(windows, key=lambda wh: (min(wh), max(wh)))
        yield (
            f"{padded:,} of {total:,} windows reach beyond their image and are padded with black{MARK}{crop.size}, "
            f"the smallest image is {smallest[0]}x{smallest[1]}); {_fitting(min(smallest), crop, trial_defaults)}"
        )
    if whole:
        yield (
            f"{whole:,} of {total:,} windows are their whole image, so that crop equals full{MARK}{crop.size}); "
            f"for windows round the animals type {_typed(max(crop.size // 2, _LEAST), crop, trial_defaults)}"
        )


def too_short(boxes: Iterable[Boxes], crop: Crop) -> Iterator[str]:
    """A sentence where no animal of some images is long enough to get a window, with the value to type.

    Args:
        boxes: of the animals of each image.
    """
    sides = [int(max(x1 - x0, y1 - y0)) for box_n4 in boxes for x0, y0, x1, y1 in box_n4.tolist()]
    if sides and max(sides) < crop.min_side:
        yield (
            f"none of {len(sides)} animals looked at is as long as crop.min_side={crop.min_side} px, so that none gets "
            f"a window; the longest is {max(sides)} px: type crop.min_side={min(sides)} for windows round all of them"
        )


def _fitting(side: int, crop: Crop, trial_defaults: Mapping[str, object]) -> str:
    if side < _LEAST:
        return f"leave out images whose shorter side is less than {_LEAST} px"
    return f"none is with {_typed(side, crop, trial_defaults)}"


def _typed(size: int, crop: Crop, trial_defaults: Mapping[str, object]) -> str:
    """A smaller window, animals as large in it as before, and networks whose input is no larger."""
    typed = f"crop.size={size} crop.min_side={max(1, round(crop.min_side * size / crop.size))}"
    image_size = trial_defaults.get("image_size", TrialConfig().image_size)
    larger = isinstance(image_size, int) and image_size > size
    return f"{typed} trial_defaults.image_size={size}" if larger else typed
