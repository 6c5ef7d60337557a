"""Pictures whose pixels are values that mean something: all bits of each, as the file has them.

Pillow alone cuts colours of 16 bits down to 8, so that ids below 256 would vanish; those are read by OpenCV.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from datasets.raw.images import BROKEN, BrokenPictureError, check_size, opened_picture, reason_of

Values = NDArray[Any]  # of unsigned or signed integers, or floats

_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_TIFF_BITS, _TIFF_COMPRESSION, _TIFF_SUBFILE = 258, 259, 254
_LOSSY_IN_TIFF = {6: "JPEG", 7: "JPEG", 34712: "JPEG 2000", 50001: "WebP"}
_COLOURED_PNG = {2, 4, 6}  # colour types whose 16 bits Pillow cuts to 8
_ODD_COLOURS = {"CMYK", "LAB", "HSV", "YCbCr", "PA", "La", "RGBa"}


@dataclass(frozen=True)
class PixelValues:
    """A picture's values.

    Attributes:
        values_hwc: one channel (grey, or a palette's indices), two (grey, alpha), three or four (red, green, blue,
            alpha).
        palette_n4: the colours that the indices stand for, RGBA of 8 bits; None of a picture without a palette. Of a
            picture of one bit a pixel: black and white.
        lossy: the format, where it does not keep values; None where it does.
    """

    values_hwc: Values
    palette_n4: Values | None = None
    lossy: str | None = None

    @property
    def colours_hwc(self) -> Values:
        """Its colours: those of the palette where it has one."""
        return self.values_hwc if self.palette_n4 is None else self.palette_n4[self.values_hwc[..., 0]]


def read(data: bytes) -> PixelValues:
    """Decodes a PNG, TIFF, WebP, BMP or JPEG picture.

    Raises:
        BrokenPictureError: it is broken, truncated, too large or no picture, holds several, or values of a kind that
            cannot be told.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd tags; what is broken is an error
            found = _read(data)
    except BROKEN as error:
        if data[:4] not in _TIFF or not isinstance(error, UnidentifiedImageError):
            raise BrokenPictureError(reason_of(error)) from error
        found = PixelValues(_by_opencv(data))  # 64 bits, or colours of 32
    if found.values_hwc.dtype.kind == "f" and not np.isfinite(found.values_hwc).all():
        raise BrokenPictureError("some of its values are not numbers")
    return found


def _read(data: bytes) -> PixelValues:
    with opened_picture(data) as opened:
        count = _pictures_in(opened)
        if count > 1:
            raise BrokenPictureError(f"the file holds {count} pictures; save each in a file of its own")
        if opened.mode in _ODD_COLOURS:
            raise BrokenPictureError(f"its colours are {opened.mode}; save it as RGB or grey")
        lossy = _lossy(opened, data)
        opened.load()
        if _is_cut(opened, data):
            return PixelValues(_by_opencv(data), lossy=lossy)
        values = np.asarray(opened)
        values_hwc = (values if values.ndim == 3 else values[..., None])[..., : 3 if opened.mode == "RGBX" else None]
        values_hwc = values_hwc.astype(np.uint8) if opened.mode == "1" else values_hwc
        return PixelValues(values_hwc, _palette(opened), lossy)


def _pictures_in(opened: Image.Image) -> int:
    """How many whole pictures a file holds: smaller copies in a TIFF, for viewers, are none."""
    count = int(getattr(opened, "n_frames", 1))
    if count == 1 or opened.format in {"JPEG", "MPO"}:
        return 1
    whole = 0
    for number in range(count):
        opened.seek(number)
        whole += not _tag(opened, _TIFF_SUBFILE, 0) & 1
    opened.seek(0)
    return whole


def _lossy(opened: Image.Image, data: bytes) -> str | None:
    if opened.format in {"JPEG", "MPO"}:
        return "JPEG"
    if opened.format == "WEBP":
        return "WebP" if b"VP8 " in _webp_chunks(data) else None
    return _LOSSY_IN_TIFF.get(_tag(opened, _TIFF_COMPRESSION, 1))


def _webp_chunks(data: bytes) -> list[bytes]:
    names, offset = [], 12
    while offset + 8 <= len(data):
        names.append(data[offset : offset + 4])
        size = int.from_bytes(data[offset + 4 : offset + 8], "little")
        offset += 8 + size + size % 2
    return names


def _is_cut(opened: Image.Image, data: bytes) -> bool:
    """Whether Pillow has cut the values down to 8 bits."""
    if opened.format == "PNG":
        return data[24] == 16 and data[25] in _COLOURED_PNG
    bits = _tag(opened, _TIFF_BITS, 8)
    return len(opened.getbands()) > 1 and (max(bits) if isinstance(bits, tuple) else bits) > 8


def _tag(opened: Image.Image, tag: int, default: int) -> Any:  # noqa: ANN401 - a number, or a tuple of them
    tags = getattr(opened, "tag_v2", None)
    return default if tags is None else tags.get(tag, default)


def _by_opencv(data: bytes) -> Values:
    level = cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)  # what it would print is raised here
    try:
        decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error:
        decoded = None
    finally:
        cv2.utils.logging.setLogLevel(level)
    if decoded is None:
        raise BrokenPictureError("its pixels are of a kind that cannot be read; save it with 8 or 16 bits a channel")
    check_size(decoded.shape[1], decoded.shape[0])
    values_hwc: Values = decoded[..., None] if decoded.ndim == 2 else decoded
    order = [2, 1, 0, 3][: values_hwc.shape[2]] if values_hwc.shape[2] >= 3 else [0]  # of OpenCV: blue, green, red
    return values_hwc[..., order]


def _palette(opened: Image.Image) -> Values | None:
    """The colours that pixels are indices of, RGBA; those that the file does not define are black."""
    if opened.mode == "1":
        return np.array([[0, 0, 0, 255], [255, 255, 255, 255]], dtype=np.uint8)
    if opened.mode != "P":
        return None
    opened.apply_transparency()
    defined = opened.getpalette("RGBA") or []
    return np.array([*defined, *[0, 0, 0, 255] * (256 - len(defined) // 4)], dtype=np.uint8).reshape(-1, 4)
