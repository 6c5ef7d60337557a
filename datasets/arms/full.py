"""Whole synthetic day images with an animal (the paper, section 3.2: 6,988 of 9,252)."""

from __future__ import annotations

from collections.abc import Iterator

from ablate.shards import Sample
from datasets.arms import training_meta
from datasets.config import PrepareConfig
from datasets.ordered import ordered
from datasets.pictures import encode_mask
from datasets.raw import Raw
from datasets.synthetic import Synthetic


def samples(raw: Raw, config: PrepareConfig) -> Iterator[tuple[str, Sample]]:
    """One sample for each image, under its own name; a JPEG keeps its bytes."""
    yield from ordered(_sample, raw.synthetic, config.workers)


def _sample(source: Synthetic) -> tuple[str, Sample]:
    picture, mask_hw = source.load()
    meta = training_meta(source.name, mask_hw, window=None, translator=None)
    return source.split, Sample(source.key, picture.encoded, encode_mask(mask_hw), meta)
