"""Small copies of the photographs, read from the shards that the networks were tested on."""

from __future__ import annotations

import base64
import io
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path

from PIL import Image

from ablate.data import shards
from ablate.data.root import Data
from ablate.data.shards import Sample

_LONG_SIDE = 288  # pixels
_QUALITY = 45  # of WebP: about 8 kB for a forest in daylight
_AT_A_TIME = 64


def thumbnails(data: Data, arm: str, wanted: Collection[str]) -> Iterator[tuple[str, str]]:
    """Image id and WebP (base64) of every photograph of an arm that is wanted and there, in the order of the shards."""
    with data.shards(arm) as folder, ThreadPoolExecutor() as threads:
        samples = _samples(folder, data, arm, wanted)
        while some := [*islice(samples, _AT_A_TIME)]:  # not all at once: the originals are large
            yield from zip((_id(sample) for sample in some), threads.map(_thumbnail, some), strict=True)


def _samples(folder: Path, data: Data, arm: str, wanted: Collection[str]) -> Iterator[Sample]:
    for split in ("test", "empty"):
        yield from (sample for sample in shards.read(folder, data.manifest, arm, split) if _id(sample) in wanted)


def _id(sample: Sample) -> str:
    return str(sample.meta["image_id"])


def _thumbnail(sample: Sample) -> str:
    with Image.open(io.BytesIO(sample.jpg)) as picture:
        picture.draft("RGB", (_LONG_SIDE, _LONG_SIDE))  # decodes a JPEG no larger than needed
        small = picture.convert("RGB")
    small.thumbnail((_LONG_SIDE, _LONG_SIDE), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    small.save(buffer, "WEBP", quality=_QUALITY, method=4)
    return base64.b64encode(buffer.getvalue()).decode()
