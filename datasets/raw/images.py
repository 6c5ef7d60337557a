"""Pictures to arrays and back. Images are (h, w, 3) uint8 RGB as shown, that is, turned by their EXIF orientation."""

from __future__ import annotations

import io
import struct
import warnings
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]

MAX_PIXELS = 80_000_000  # larger than any camera's picture; decoded it takes 240 MB
_ORIENTATION = 0x0112  # the EXIF tag
_FORMATS = ("JPEG", "PNG", "TIFF", "WEBP", "BMP")
# What Pillow raises on broken bytes, as far as years of reports and a fuzzer have shown.
BROKEN = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    EOFError,
    NotImplementedError,
    MemoryError,
    struct.error,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)
_LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)  # of ITU-R BT.601, as in JPEG
_SHAPE_TOLERANCE = 0.02


class BrokenPictureError(Exception):
    """The bytes are no picture, not a whole one, or none whose colours are known."""


@dataclass(frozen=True)
class Picture:
    """A decoded picture.

    Attributes:
        image_hw3: as shown.
        jpg: its own bytes where they are a JPEG that shows exactly this when the orientation is ignored, else None.
        form: what the bytes are, by Pillow's names: JPEG, PNG, ...
        orientation: of EXIF, 1 to 8; from 5 on, width and height change places between file and view.
    """

    image_hw3: Pixels
    jpg: bytes | None
    form: str = "JPEG"
    orientation: int = 1

    @property
    def wh(self) -> tuple[int, int]:
        return self.image_hw3.shape[1], self.image_hw3.shape[0]

    @property
    def encoded(self) -> bytes:
        """The picture as JPEG: its own bytes where they can be kept."""
        return encode_jpg(self.image_hw3) if self.jpg is None else self.jpg


def decode(data: bytes) -> Picture:
    """Decodes a JPEG, PNG, TIFF, WebP or BMP picture.

    Raises:
        BrokenPictureError: it is broken, truncated, too large or no picture, or its colours are not plain RGB or grey.
    """
    try:
        with opened_picture(data) as opened:
            opened.load()  # all of it, before anything that forgives
            orientation = _orientation(opened)
            form = "JPEG" if opened.format == "MPO" else opened.format or ""  # a JPEG with more pictures behind it
            keep = form == "JPEG" and opened.mode in {"RGB", "L"} and orientation == 1
            image_hw3 = np.asarray(_rgb(opened if orientation == 1 else ImageOps.exif_transpose(opened)))
    except BROKEN as error:
        raise BrokenPictureError(reason_of(error)) from error
    return Picture(image_hw3, data if keep else None, form, orientation)


def opened_picture(data: bytes) -> Image.Image:
    """Opens a picture, its pixels not yet decoded.

    Raises:
        BrokenPictureError: it is too large.
        Exception: one of `BROKEN`.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of odd tags; what is broken is an error
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        opened = Image.open(io.BytesIO(data), formats=_FORMATS)
    width, height = opened.size
    check_size(width, height)
    return opened


def check_size(width: int, height: int) -> None:
    """Refuses a picture of too many pixels.

    Raises:
        BrokenPictureError: it is too large.
    """
    if width * height > MAX_PIXELS:
        raise BrokenPictureError(f"{width}x{height} px is too large; at most {MAX_PIXELS // 10**6} megapixels")


def _orientation(opened: Image.Image) -> int:
    try:
        orientation = opened.getexif().get(_ORIENTATION, 1)
    except BROKEN:  # a broken tag tells nothing; the picture may be sound
        return 1
    return orientation if orientation in range(1, 9) else 1


def _rgb(opened: Image.Image) -> Image.Image:
    if opened.mode == "RGB":
        return opened
    if opened.mode in {"CMYK", "LAB", "HSV"}:
        raise BrokenPictureError(f"its colours are {opened.mode}; save it as RGB")
    if opened.mode.startswith("I;16"):  # Pillow would cut off all that is brighter than 255
        return Image.fromarray((np.asarray(opened) / 257).round().astype(np.uint8)).convert("RGB")
    if opened.mode in {"I", "F"}:
        raise BrokenPictureError(f"its pixels are 32 bit ({opened.mode}); save it with 8 bit a channel")
    if opened.mode == "P" and "transparency" in opened.info:
        opened = opened.convert("RGBA")
    return opened.convert("RGB")


def reason_of(error: Exception) -> str:
    """What is wrong with broken bytes, in the same words each time."""
    # Pillow's own sentences hold addresses of buffers and counts of bytes; lists must be the same each time.
    if isinstance(error, UnidentifiedImageError):
        return "not a picture"
    if isinstance(error, Image.DecompressionBombError | Image.DecompressionBombWarning):
        return f"too large; at most {MAX_PIXELS // 10**6} megapixels"
    return str(error)


def same_shape(a_wh: tuple[float, float], b_wh: tuple[float, float]) -> bool:
    """Whether two sizes have one aspect ratio, but for the rounding of a smaller copy."""
    return abs(a_wh[0] / a_wh[1] * b_wh[1] / b_wh[0] - 1) <= _SHAPE_TOLERANCE


def resize_mask(mask_hw: Mask, wh: tuple[int, int]) -> Mask:
    """The mask at another size, each pixel taken from the nearest one."""
    scaled = Image.fromarray(mask_hw.astype(np.uint8)).resize(wh, Image.Resampling.NEAREST)
    return np.asarray(scaled).astype(bool)


def encode_jpg(image_hw3: Pixels, quality: int = 95, subsampling: str = "4:2:0") -> bytes:
    """A baseline JPEG, its chroma halved as cameras do; 4:4:4 keeps thin coloured lines."""
    return _encoded(image_hw3, "JPEG", quality=quality, subsampling=subsampling)


def encode_mask(mask_hw: Mask) -> bytes:
    """An 8-bit PNG of one channel, 255 where the animal is."""
    return _encoded(mask_hw.astype(np.uint8) * np.uint8(255), "PNG", compress_level=6)


def _encoded(pixels: Pixels, form: str, **options: int | str) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, form, **options)
    return stream.getvalue()


def luma(image_hw3: Pixels) -> float:
    """Mean brightness, 0 to 255."""
    return float(np.array(cv2.mean(image_hw3)[:3]) @ _LUMA)


def chroma(image_hw3: Pixels) -> float:
    """Mean colourfulness, 0 to 255: the mean over pixels of max - min over RGB; next to 0 under infrared light."""
    red, green, blue = (image_hw3[..., channel] for channel in range(3))
    highest = np.maximum(np.maximum(red, green), blue)
    lowest = np.minimum(np.minimum(red, green), blue)
    return float((highest - lowest).mean(dtype=np.float64))
