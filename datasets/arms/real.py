"""The test set: the selected photographs, with their true boxes, and photographs without an animal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ablate.shards import Sample
from datasets.config import PrepareConfig
from datasets.ordered import ordered
from datasets.photographs import Photo
from datasets.pictures import decode_mask, encode_mask
from datasets.raw import Raw


def samples(raw: Raw, config: PrepareConfig) -> Iterator[tuple[str, Sample]]:
    """One sample for each photograph, in the split `test` or `empty`; a JPEG keeps its bytes unless EXIF turns it."""
    yield from ordered(_sample, raw.photos, config.workers)


def _sample(photo: Photo) -> tuple[str, Sample]:
    mask_png = None if photo.mask is None else encode_mask(decode_mask(photo.mask.read_bytes()))
    return photo.split, Sample(photo.key, photo.jpg(), mask_png, _meta(photo))


def _meta(photo: Photo) -> dict[str, Any]:
    record, (width, height) = photo.record, photo.wh
    return {
        "image_id": record.id,
        "location": record.location,
        "seq_id": record.seq_id,
        "frame_num": record.frame_num,
        "captured_at": None if record.captured_at is None else record.captured_at.isoformat(),
        "width": width,
        "height": height,
        "boxes": [{"box": list(box), "category": category} for box, category in photo.boxes],
    }
