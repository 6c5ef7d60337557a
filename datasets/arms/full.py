"""Whole synthetic day images with an animal (the paper, section 3.2: 6,988 of 9,252)."""

from __future__ import annotations

from collections.abc import Iterator

from ablate.data.shards import Sample
from datasets.arms import training_meta
from datasets.options import PrepareConfig
from datasets.raw.images import encode_mask
from datasets.raw.synthetic_images import Source


def samples(source: Source, config: PrepareConfig, fitted: None) -> Iterator[Sample]:
    """One sample for each image, under its own name; a JPEG keeps its bytes."""
    meta = training_meta(source.name, source.boxes_n4, window=None, translator=None)
    yield Sample(source.key, source.picture.encoded, encode_mask(source.mask_hw), meta)
