"""A contact sheet: samples as one JPEG, each with its mask's outline, its boxes and a caption."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ablate.data.sample_json import Box
from ablate.errors import plain
from datasets.raw.images import Mask, Pixels, encode_jpg

Rgb = tuple[int, int, int]
Wh = tuple[int, int]

# Two colours that neither ground, leaves, sand nor the grey of infrared have, on a dark edge.
OUTLINE: Rgb = (255, 40, 200)
BOX: Rgb = (40, 235, 255)
EDGE: Rgb = (12, 12, 16)

PAPER, INK, FAINT, _EMPTY = (250, 250, 248), (24, 24, 28), (104, 104, 112), (216, 216, 216)
_SMALL = 300  # pixels: the longer side of pictures that are shown in narrow tiles
_NARROW, _WIDE = (300, 6), (460, 4)  # width of a tile, tiles in a row
_GAP, _HEAD, _CAPTION = 16, 84, 46
_LEAST_WIDTH = 1000  # that a title can be read
_TALLEST = 1.25  # height of a tile by its width
QUALITY = 92


@dataclass(frozen=True)
class Tile:
    """One sample to show.

    Attributes:
        image_hw3: None where it cannot be decoded.
        boxes: xyxy in the image's pixels, half-open, each with a label or "".
        captions: two lines below it.
    """

    image_hw3: Pixels | None
    mask_hw: Mask | None
    boxes: Sequence[tuple[Box, str]]
    captions: tuple[str, str]


@dataclass(frozen=True)
class Layout:
    """Where tiles lie on a sheet; all in pixels of the sheet."""

    columns: int
    rows: int
    tile_wh: Wh

    @classmethod
    def of(cls, sizes: Sequence[Wh]) -> Layout:
        """A layout for pictures of these sizes: wider tiles for larger pictures, as high as the tallest needs."""
        longest = max((max(wh) for wh in sizes), default=_SMALL)
        width, columns = _NARROW if longest <= _SMALL else _WIDE
        steepest = max((wh[1] / wh[0] for wh in sizes), default=1.0)
        height = round(width * min(steepest, _TALLEST))
        columns = max(1, min(columns, len(sizes)))
        return cls(columns, -(-len(sizes) // columns), (width, height))

    @property
    def wh(self) -> Wh:
        """Size of the sheet."""
        width, height = self.tile_wh
        return (
            max(_LEAST_WIDTH, _GAP + self.columns * (width + _GAP)),
            _HEAD + self.rows * (height + _CAPTION) + _GAP,
        )

    def corner(self, index: int) -> tuple[int, int]:
        """The top left corner of a tile."""
        row, column = divmod(index, self.columns)
        width, height = self.tile_wh
        return _GAP + column * (width + _GAP), _HEAD + row * (height + _CAPTION)


def draw(title: str, subtitle: str, tiles: Iterable[Tile], layout: Layout) -> bytes:
    """The sheet as JPEG; the same arguments give the same bytes. Holds one tile's full picture at a time."""
    sheet = Image.new("RGB", layout.wh, PAPER)
    pen = ImageDraw.Draw(sheet)
    marks: dict[str, Rgb] = {}
    for index, tile in enumerate(tiles):
        left, top = layout.corner(index)
        width, height = layout.tile_wh
        picture = thumbnail(tile, layout.tile_wh)
        sheet.paste(picture, (left + (width - picture.width) // 2, top + (height - picture.height) // 2))
        _write(pen, (left, top + height + 3), tile.captions[0], 15, INK, width, middle=True)
        _write(pen, (left, top + height + 21), tile.captions[1], 14, FAINT, width)
        marks |= ({"box": BOX} if tile.boxes else {}) | ({"mask": OUTLINE} if tile.mask_hw is not None else {})
    legend = _legend(pen, layout.wh[0] - _GAP, marks)
    _write(pen, (_GAP, 12), title, 26, INK, layout.wh[0] - 2 * _GAP)
    _write(pen, (_GAP, 48), subtitle, 17, FAINT, legend - 2 * _GAP)
    return encode_jpg(np.asarray(sheet), QUALITY, "4:4:4")


def thumbnail(tile: Tile, limit_wh: Wh) -> Image.Image:
    """The picture as large as fits; outline and boxes lie round what they mark and do not hide it."""
    if tile.image_hw3 is None:
        return _unreadable(limit_wh)
    height, width = tile.image_hw3.shape[:2]
    factor = min(limit_wh[0] / width, limit_wh[1] / height)
    wh = max(1, round(width * factor)), max(1, round(height * factor))
    method = Image.Resampling.LANCZOS if factor < 1 else Image.Resampling.BICUBIC
    pixels = np.array(Image.fromarray(tile.image_hw3).resize(wh, method, reducing_gap=3.0))
    if tile.mask_hw is not None:
        _outline(pixels, tile.mask_hw, wh)
    picture = Image.fromarray(pixels)
    pen = ImageDraw.Draw(picture)
    scale = (wh[0] / width, wh[1] / height)
    frames = [_frame(box, scale, wh) for box, _ in tile.boxes]
    for frame in frames:
        _rectangle(pen, frame)
    for frame, (_, label) in zip(frames, tile.boxes, strict=True):
        if label:
            _label(pen, frame, label, wh)
    return picture


def _outline(pixels_hw3: Pixels, mask_hw: Mask, wh: Wh) -> None:
    """Draws a ring of two pixels round the animal, and a dark one round that."""
    shrunk = wh[0] < mask_hw.shape[1]
    method = cv2.INTER_AREA if shrunk else cv2.INTER_LINEAR
    covered = cv2.resize(mask_hw.astype(np.float32), wh, interpolation=method)
    inside = (covered > (0.25 if shrunk else 0.5)).astype(np.uint8)  # shrunk, thin legs cover no pixel by half
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))
    ring = cv2.dilate(inside, disc)
    edge = cv2.dilate(ring, np.ones((3, 3), np.uint8))
    pixels_hw3[(edge > 0) & (inside == 0)] = EDGE
    pixels_hw3[(ring > 0) & (inside == 0)] = OUTLINE


def _frame(box: Box, scale: tuple[float, float], wh: Wh) -> tuple[int, int, int, int]:
    """The first and last pixels of a line round a box, inside the thumbnail also where the box touches its frame."""
    x0, y0, x1, y1 = box
    left, top = round(x0 * scale[0]) - 2, round(y0 * scale[1]) - 2
    right, bottom = round(x1 * scale[0]) + 1, round(y1 * scale[1]) + 1
    left, top = min(max(left, 0), wh[0] - 1), min(max(top, 0), wh[1] - 1)
    return left, top, max(left, min(right, wh[0] - 1)), max(top, min(bottom, wh[1] - 1))


def _rectangle(pen: ImageDraw.ImageDraw, frame: tuple[int, int, int, int]) -> None:
    left, top, right, bottom = frame
    pen.rectangle((left - 1, top - 1, right + 1, bottom + 1), outline=EDGE)
    pen.rectangle(frame, outline=BOX, width=2)


def _label(pen: ImageDraw.ImageDraw, frame: tuple[int, int, int, int], text: str, wh: Wh) -> None:
    """A tag above the box; inside it where there is no room."""
    size, height = 13, 18
    shown = _shortened(_drawable(text), size, wh[0] - 8)
    width = round(font(size).getlength(shown)) + 8
    left = min(frame[0], wh[0] - width)
    top = frame[1] - height if frame[1] >= height else frame[1] + 2
    pen.rectangle((left, top, left + width - 1, top + height - 1), fill=EDGE)
    pen.text((left + 4, top + 1), shown, font=font(size), fill=BOX)


def _unreadable(wh: Wh) -> Image.Image:
    blank = Image.new("RGB", wh, _EMPTY)
    ImageDraw.Draw(blank).text((wh[0] / 2, wh[1] / 2), "cannot be decoded", INK, font(17), anchor="mm")
    return blank


def _legend(pen: ImageDraw.ImageDraw, right: int, marks: Mapping[str, Rgb]) -> int:
    """Says what the colours of the marks mean, ending at `right`; returns where it begins."""
    left = right
    for text, colour in sorted(marks.items()):
        left -= round(font(17).getlength(text))
        pen.text((left, 48), text, FAINT, font(17))
        left -= 30
        pen.rectangle((left, 51, left + 22, 65), fill=PAPER, outline=EDGE, width=4)
        pen.rectangle((left + 1, 52, left + 21, 64), outline=colour, width=2)
        left -= 24
    return left


def _write(
    pen: ImageDraw.ImageDraw, at: tuple[int, int], text: str, size: int, ink: Rgb, width: int, middle: bool = False
) -> None:
    pen.text(at, _shortened(_drawable(text), size, width, middle), ink, font(size))


def _shortened(text: str, size: int, width: int, middle: bool = False) -> str:
    """The text, without its end or its middle where it is wider than `width` pixels."""
    shown, kept = text, len(text)
    while kept > 1 and font(size).getlength(shown) > width:
        kept -= 1
        head = (kept + 1) // 2 if middle else kept
        shown = f"{text[:head]}…{text[len(text) - (kept - head) :]}"
    return shown


def _drawable(text: str) -> str:
    # The font that comes with Pillow has Latin letters without accents; others it draws as an empty box.
    letters = unicodedata.normalize("NFKD", plain(text))
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


@cache
def font(size: int) -> ImageFont.FreeTypeFont:
    """The font that comes with Pillow."""
    found = ImageFont.load_default(size)
    assert isinstance(found, ImageFont.FreeTypeFont)  # the bitmap font is for builds of Pillow without FreeType
    return found
