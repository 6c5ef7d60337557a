"""`python -m benchmarks.biome_sheet renders=DIR [to=docs/renders.jpg]`: pictures of `datasets.render`, a biome a row.

The first `pictures` with an animal of each biome. Further settings: pictures=6, width=160 (of one).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pyarrow.parquet
from PIL import Image

from benchmarks import settings

GAP = 2  # px


def main(given: Mapping[str, str]) -> None:
    renders, to = Path(given["renders"]), Path(given.get("to", "docs/renders.jpg"))
    pictures, width = int(given.get("pictures", 6)), int(given.get("width", 160))
    rows = pyarrow.parquet.read_table(renders / "scenes.parquet", columns=["name", "biome", "animals"]).to_pylist()
    shown: dict[str, list[str]] = {}
    for row in rows:
        names = shown.setdefault(row["biome"], [])
        if row["animals"] and len(names) < pictures:
            names.append(row["name"])
    with Image.open(renders / "images" / f"{rows[0]['name']}.jpg") as first:
        height = width * first.height // first.width
    sheet = Image.new("RGB", (pictures * (width + GAP) - GAP, len(shown) * (height + GAP) - GAP), "white")
    for down, names in enumerate(shown[biome] for biome in sorted(shown)):
        for across, name in enumerate(names):
            with Image.open(renders / "images" / f"{name}.jpg") as picture:
                small = picture.convert("RGB").resize((width, height), Image.Resampling.LANCZOS)
            sheet.paste(small, (across * (width + GAP), down * (height + GAP)))
    sheet.save(to, quality=75, optimize=True)
    print(f"wrote {to} ({to.stat().st_size / 1e3:.0f} kB): {', '.join(sorted(shown))}")


if __name__ == "__main__":
    main(settings.given(__doc__))
