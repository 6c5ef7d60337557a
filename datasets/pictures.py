"""Pictures to arrays and back. Images are (h, w, 3) uint8 RGB as shown, that is, turned by their EXIF orientation."""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]

JPEG_QUALITY = 95
_ORIENTATION = 0x0112  # the EXIF tag
_BROKEN = (OSError, SyntaxError, ValueError, struct.error, Image.DecompressionBombError)  # what Pillow raises
_LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)  # of ITU-R BT.601, as in JPEG


class BrokenPictureError(Exception):
    """The bytes are no picture, or not a whole one."""


@dataclass(frozen=True)
class Picture:
    """A decoded picture.

    Attributes:
        image_hw3: as shown.
        jpg: its own bytes where they are a JPEG that shows exactly this when the orientation is ignored, else None.
    """

    image_hw3: Pixels
    jpg: bytes | None

    @property
    def wh(self) -> tuple[int, int]:
        return self.image_hw3.shape[1], self.image_hw3.shape[0]

    @property
    def encoded(self) -> bytes:
        """The picture as JPEG: its own bytes where they can be kept."""
        return encode_jpg(self.image_hw3) if self.jpg is None else self.jpg


def decode(data: bytes) -> Picture:
    """Decodes a picture of any format that Pillow reads.

    Raises:
        BrokenPictureError: it is broken, truncated or no picture.
    """
    try:
        with Image.open(io.BytesIO(data)) as opened:
            turned = opened.getexif().get(_ORIENTATION, 1) not in {0, 1}
            keep = opened.format in {"JPEG", "MPO"} and opened.mode in {"RGB", "L"} and not turned
            image_hw3 = np.asarray(ImageOps.exif_transpose(opened).convert("RGB"))
    except _BROKEN as error:
        raise BrokenPictureError(_reason(error)) from error
    return Picture(image_hw3, data if keep else None)


def decode_mask(data: bytes, values: frozenset[int | tuple[int, int, int]] = frozenset()) -> Mask:
    """Decodes a mask: True where the animal is, shape (h, w).

    Args:
        values: what marks the animal: ids of a one-channel mask, or (r, g, b) colours; empty: all that is not 0.
            Transparency is ignored, and a palette's picture holds ids.

    Raises:
        BrokenPictureError: it is broken, truncated or no picture.
    """
    try:
        with Image.open(io.BytesIO(data)) as opened:
            channels = len(opened.getbands())
            raw = np.asarray(opened)
    except _BROKEN as error:
        raise BrokenPictureError(_reason(error)) from error
    raw_hwc = raw[..., None] if raw.ndim == 2 else raw[..., : 3 if channels >= 3 else 1]
    if not values:
        return np.asarray(raw_hwc.any(axis=2))
    mask_hw = np.zeros(raw_hwc.shape[:2], dtype=bool)
    for value in values:
        mask_hw |= np.asarray((raw_hwc == value).all(axis=2))
    return mask_hw


def _reason(error: Exception) -> str:
    # Pillow's own sentence holds the address of a buffer, and lists must be the same each time.
    return "not a picture" if isinstance(error, UnidentifiedImageError) else str(error)


def encode_jpg(image_hw3: Pixels) -> bytes:
    """A baseline JPEG of quality 95, chroma halved (4:2:0, as cameras do)."""
    return _encoded(image_hw3, "JPEG", quality=JPEG_QUALITY, subsampling="4:2:0")


def encode_mask(mask_hw: Mask) -> bytes:
    """An 8-bit PNG of one channel, 255 where the animal is."""
    return _encoded(mask_hw.astype(np.uint8) * np.uint8(255), "PNG", compress_level=6)


def _encoded(pixels: Pixels, form: str, **options: int | str) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, form, **options)
    return stream.getvalue()


def luma(image_hw3: Pixels) -> float:
    """Mean brightness, 0 to 255."""
    return float(image_hw3.reshape(-1, 3).mean(axis=0, dtype=np.float64) @ _LUMA)


def chroma(image_hw3: Pixels) -> float:
    """Mean colourfulness, 0 to 255: the mean over pixels of max - min over RGB; next to 0 under infrared light."""
    red, green, blue = (image_hw3[..., channel] for channel in range(3))
    highest = np.maximum(np.maximum(red, green), blue)
    lowest = np.minimum(np.minimum(red, green), blue)
    return float((highest - lowest).mean(dtype=np.float64))
