"""`python -m benchmarks.biome_sheet renders=DIR [to=docs/renders.jpg]`: pictures of `datasets.render`, a biome a row.

The first `pictures` with an animal of each biome. Further settings: pictures=6, width=160 (of one).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pyarrow.parquet
from PIL import Image

from benchmarks import settings, tiles


def main(given: Mapping[str, str]) -> None:
    renders, to = Path(settings.required(given, "renders")), Path(given.get("to", "docs/renders.jpg"))
    pictures, width = int(given.get("pictures", 6)), int(given.get("width", 160))
    rows = pyarrow.parquet.read_table(renders / "scenes.parquet", columns=["name", "biome", "animals"]).to_pylist()
    shown: dict[str, list[str]] = {}
    for row in rows:
        names = shown.setdefault(row["biome"], [])
        if row["animals"] and len(names) < pictures:
            names.append(row["name"])
    tiles.save([[_small(renders, name, width) for name in shown[biome]] for biome in sorted(shown)], to, 75)
    print(*sorted(shown), sep=", ")


def _small(renders: Path, name: str, width: int) -> Image.Image:
    with Image.open(renders / "images" / f"{name}.jpg") as picture:
        size = (width, width * picture.height // picture.width)
        return picture.convert("RGB").resize(size, Image.Resampling.LANCZOS)


if __name__ == "__main__":
    main(settings.given(__doc__))
