"""Picture files as they should not be."""

import io
import struct
import zlib

import numpy as np
from PIL import Image

from tests.datasets.raw_inputs import picture

PIXELS = picture(np.random.default_rng(0), (96, 72))


def encoded(image, form, **options):
    stream = io.BytesIO()
    image.save(stream, form, **options)
    return stream.getvalue()


def cmyk_jpg():
    return encoded(Image.fromarray(PIXELS).convert("CMYK"), "JPEG")


def corrupt_png():
    """A PNG whose pixels were overwritten."""
    data = bytearray(encoded(Image.fromarray(PIXELS), "PNG"))
    data[len(data) // 2 : len(data) // 2 + 40] = bytes(40)
    return bytes(data)


def huge_png(width=60_000, height=60_000):
    """A PNG of a few bytes that tells huge dimensions."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )
