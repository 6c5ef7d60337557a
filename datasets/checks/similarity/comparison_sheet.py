"""The same crops in every style, side by side, with photographs of the target style."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from PIL import Image, ImageDraw
from torch import Tensor

from datasets.checks.inspection.contact_sheet import FAINT, INK, PAPER, QUALITY, font
from datasets.raw.images import encode_jpg

_TILE, _GAP, _HEAD = 168, 8, 62


def draw(title: str, columns: Mapping[str, tuple[str, Tensor]], keys: Sequence[str]) -> bytes:
    """A JPEG with a row for each crop.

    Args:
        columns: by their name: a second line for the header, and the pictures, image_n3hw uint8, one a row.
        keys: of the crops, for whoever looks one up.
    """
    width = _GAP + len(columns) * (_TILE + _GAP)
    sheet = Image.new("RGB", (width, _HEAD + len(keys) * (_TILE + 22) + _GAP), PAPER)
    pen = ImageDraw.Draw(sheet)
    pen.text((_GAP, 6), title, INK, font(18))
    for column, (name, (below, image_n3hw)) in enumerate(columns.items()):
        left = _GAP + column * (_TILE + _GAP)
        pen.text((left, 30), name, INK, font(14))
        pen.text((left, 46), below[: _TILE // 6], FAINT, font(11))
        for row, image_3hw in enumerate(image_n3hw):
            pixels_hw3 = np.ascontiguousarray(image_3hw.permute(1, 2, 0).numpy())
            tile = Image.fromarray(pixels_hw3).resize((_TILE, _TILE), Image.Resampling.BICUBIC)
            sheet.paste(tile, (left, _HEAD + row * (_TILE + 22)))
    for row, key in enumerate(keys):
        pen.text((_GAP, _HEAD + row * (_TILE + 22) + _TILE + 3), key, FAINT, font(12))
    return encode_jpg(np.asarray(sheet), QUALITY, "4:4:4")
