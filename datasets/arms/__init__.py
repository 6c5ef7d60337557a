"""The arms: ways to make shards of the raw images. One file each; name = module.

A file in here (or a `.py` file given by its path) defines

    def samples(raw: Raw, config: PrepareConfig) -> Iterator[tuple[str, Sample]]

and, where the manifest should tell more than the configuration,

    def parameters(raw: Raw, config: PrepareConfig) -> dict[str, object]

`samples` yields (split, sample) in an order that follows from the names of the inputs. A sample's bytes depend on its
source, the configuration and its own key, never on the order or on the number of workers. Training arms write the
splits `train` and `val`: a sample belongs where its source image belongs (`Synthetic.split`), so that one picture is
never on both sides, in any arm. Their JSON is made by `training_meta`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

from ablate.boxes import components
from ablate.shards import Sample
from datasets.config import PrepareConfig
from datasets.pictures import Mask
from datasets.raw import Raw

PACKAGE = __name__
Window = tuple[int, int, int, int]


class Arm(Protocol):
    """What a file in this package defines."""

    def samples(self, raw: Raw, config: PrepareConfig, /) -> Iterator[tuple[str, Sample]]:
        """The arm's samples, each with its split."""


def training_meta(source: str, mask_hw: Mask, window: Window | None, translator: str | None) -> dict[str, Any]:
    """The JSON of a training sample.

    Args:
        source: stem of the synthetic image.
        mask_hw: the sample's own mask; its components are the animals.
        window: xyxy in the source's pixels, half-open, beyond its frame where the sample is padded; None: all of it.
        translator: what gave the sample its look, as name@parameters; None: nothing did.
    """
    boxes = components(mask_hw).boxes_n4.astype(int).tolist()
    return {
        "source": source,
        "window": None if window is None else list(window),
        "boxes": boxes,
        "translator": translator,
    }
