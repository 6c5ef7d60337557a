"""Masks in every encoding that a renderer or an image program may write, of one animal."""

import io
import struct
import zlib

import cv2
import numpy as np
from PIL import Image

MASK = np.zeros((72, 96), dtype=bool)
MASK[20:50, 30:70] = True
_M1 = MASK[..., None]


def pillow(pixels, form="PNG", **options):
    """Encoded by Pillow; `pixels` is an array or a picture."""
    stream = io.BytesIO()
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    image.save(stream, form, **options)
    return stream.getvalue()


def opencv(pixels, suffix=".png"):
    """Encoded by OpenCV: channels are blue, green, red; 16 bits and floats stay what they are."""
    return cv2.imencode(suffix, pixels)[1].tobytes()


def png(pixels_hwc, colour_type):
    """A PNG of 16 bits, which Pillow does not write in colour."""
    height, width, _ = pixels_hwc.shape
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels_hwc)
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 16, colour_type, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows)),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in [*chunks, (b"IEND", b"")]
    )


def grey(value=255, ground=0, dtype=np.uint8):
    return np.where(MASK, value, ground).astype(dtype)


def colour(rgb, ground=(0, 0, 0), dtype=np.uint8):
    return np.where(_M1, rgb, ground).astype(dtype)


def with_alpha(rgb_hw3, alpha_hw):
    return np.dstack([rgb_hw3, alpha_hw]).astype(rgb_hw3.dtype)


def compressed(pixels, quality=75):
    """What is left of pixels after they were a JPEG once."""
    return np.asarray(Image.open(io.BytesIO(pillow(pixels, "JPEG", quality=quality))))


def smoothed(pixels):
    """The animal turned a little, its edges as antialiasing draws them."""
    turn = cv2.getRotationMatrix2D((48, 36), 20, 1)
    return cv2.warpAffine(pixels, turn, pixels.shape[::-1], flags=cv2.INTER_LINEAR)


def palette():
    """Index 2 is the animal, index 0 is not black."""
    image = Image.fromarray(grey(2)).convert("P")
    image.putpalette([9, 200, 0, 8, 8, 8, 200, 0, 0])
    return image
