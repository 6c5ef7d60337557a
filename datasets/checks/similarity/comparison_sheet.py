"""The same crops in every look, side by side, with photographs of the look that was aimed at."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

_PAPER, _INK, _FAINT = (250, 250, 248), (24, 24, 28), (104, 104, 112)
_TILE, _GAP, _HEAD, _QUALITY = 168, 8, 62, 92


def draw(title: str, columns: Mapping[str, tuple[str, Tensor]], keys: Sequence[str]) -> bytes:
    """A JPEG with a row for each crop.

    Args:
        columns: by their name: a second line for the header, and the pictures, image_n3hw uint8, one a row.
        keys: of the crops, for whoever looks one up.
    """
    width = _GAP + len(columns) * (_TILE + _GAP)
    sheet = Image.new("RGB", (width, _HEAD + len(keys) * (_TILE + 22) + _GAP), _PAPER)
    pen = ImageDraw.Draw(sheet)
    pen.text((_GAP, 6), title, _INK, _font(18))
    for column, (name, (below, image_n3hw)) in enumerate(columns.items()):
        left = _GAP + column * (_TILE + _GAP)
        pen.text((left, 30), name, _INK, _font(14))
        pen.text((left, 46), below[: _TILE // 6], _FAINT, _font(11))
        for row, image_3hw in enumerate(image_n3hw):
            pixels_hw3 = np.ascontiguousarray(image_3hw.permute(1, 2, 0).numpy())
            tile = Image.fromarray(pixels_hw3).resize((_TILE, _TILE), Image.Resampling.BICUBIC)
            sheet.paste(tile, (left, _HEAD + row * (_TILE + 22)))
    for row, key in enumerate(keys):
        pen.text((_GAP, _HEAD + row * (_TILE + 22) + _TILE + 3), key, _FAINT, _font(12))
    stream = io.BytesIO()
    sheet.save(stream, "JPEG", quality=_QUALITY, subsampling=0)
    return stream.getvalue()


def _font(size: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size)
    assert isinstance(font, ImageFont.FreeTypeFont)
    return font
