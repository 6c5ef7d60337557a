"""The test set: the selected photographs, with their true boxes, and photographs without an animal."""

from __future__ import annotations

from typing import Any

from ablate.data.shards import Sample
from datasets.raw.images import encode_mask
from datasets.raw.real_images import Photo


def sample(photo: Photo) -> Sample:
    """One photograph as a sample of the split that it tells; a JPEG keeps its bytes unless EXIF turns it."""
    mask_png = None if photo.mask_hw is None else encode_mask(photo.mask_hw)
    return Sample(photo.key, photo.jpg, mask_png, _meta(photo))


def _meta(photo: Photo) -> dict[str, Any]:
    record, (width, height) = photo.record, photo.wh
    return {
        "image_id": record.id,
        "file_name": record.file_name.replace("\\", "/"),
        "location": record.location,
        "seq_id": record.seq_id,
        "frame_num": record.frame_num,
        "captured_at": None if record.captured_at is None else record.captured_at.isoformat(),
        "width": width,
        "height": height,
        "boxes": [{"box": list(box), "category": category} for box, category in photo.boxes],
    }
