"""Pictures side by side on one sheet."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PIL import Image

GAP = 2  # px


def save(rows: Sequence[Sequence[Image.Image]], to: Path, quality: int) -> None:
    """Writes tiles of one width, row by row, as JPEG; a row is as high as the highest tile of all."""
    width, height = (max(side) for side in zip(*(tile.size for row in rows for tile in row), strict=True))
    across = max(len(row) for row in rows)
    sheet = Image.new("RGB", (across * (width + GAP) - GAP, len(rows) * (height + GAP) - GAP), "white")
    for down, row in enumerate(rows):
        for place, tile in enumerate(row):
            sheet.paste(tile, (place * (width + GAP), down * (height + GAP)))
    sheet.save(to, quality=quality, optimize=True)
    print(f"wrote {to}: {to.stat().st_size / 1e3:.0f} kB")
