"""The table `scenes.parquet`: one row per picture, with all that was drawn for its scene and what is seen of it.

A picture's row is a dict with exactly the keys of `SCHEMA`; a null is None. `herd` lists every animal that is
seen; the columns after `captured_at` tell of the one with the largest box and are null without any.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.parquet

Row = Mapping[str, Any]

# One animal of a scene.
HERD = pa.struct(
    [
        ("species", pa.string()),
        ("sex", pa.string()),  # male, female, young
        ("coat", pa.string()),  # summer, winter, wet
        ("pose", pa.string()),  # standing, walking, grazing, lying, ...
        ("distance_m", pa.float64()),  # horizontally, from the camera to its middle, m
        ("visible_share", pa.float64()),  # of the pixels that it would fill alone within the frame, in [0, 1]
        ("box", pa.list_(pa.float64())),  # x0, y0, x1, y1 of what is visible, half-open, px
    ]
)

SCHEMA = pa.schema(
    [
        ("name", pa.string()),  # the files' name without suffix: biome, place, picture of that place
        ("number", pa.int64()),  # of the picture, from 0; the rows' order
        ("biome", pa.string()),  # a module of datasets/render/biomes
        ("place", pa.int64()),  # from 0; its pictures share ground, plants and things
        ("seed", pa.int64()),  # of the request
        ("light", pa.string()),  # kind, of datasets/render/weather.py: white, blue, fog, ...
        ("sun_elevation", pa.float64()),  # degrees above the horizon; null where no sun is drawn
        ("sun_azimuth", pa.float64()),  # degrees, clockwise from the camera's direction; null where no sun is drawn
        ("brightness", pa.float64()),  # mean that the exposure aims at, of 1
        ("camera", pa.string()),  # kind of camera
        ("camera_height", pa.float64()),  # above ground, m
        ("fov", pa.float64()),  # horizontal angle of view, degrees
        ("tilt", pa.float64()),  # degrees, downwards is negative
        ("cast", pa.string()),  # the picture's colour cast: none, cyan, ...
        ("blur", pa.float64()),  # standard deviation, px
        ("noise", pa.float64()),  # standard deviation of the sensor's noise, of 1
        ("jpeg_quality", pa.int64()),  # 1 to 100
        ("banner", pa.string()),  # the strip with time and temperature: none, top, bottom
        ("samples", pa.int64()),  # rays per pixel
        ("device", pa.string()),  # variant of the renderer
        ("width", pa.int64()),  # px
        ("height", pa.int64()),  # px
        ("animals", pa.int64()),  # with at least one visible pixel
        ("distractors", pa.int64()),  # things of an animal's size and colour
        ("captured_at", pa.string()),  # time on the camera's clock, YYYY-MM-DD HH:MM:SS
        ("species", pa.string()),
        ("sex", pa.string()),
        ("coat", pa.string()),
        ("pose", pa.string()),
        ("distance_m", pa.float64()),  # m
        ("visible_share", pa.float64()),  # in [0, 1]
        ("box_area", pa.float64()),  # share of the frame, in [0, 1]
        ("touches_edge", pa.bool_()),  # whether its box touches the frame's edge
        ("herd", pa.list_(HERD)),  # empty without animals
    ]
)


def checked(row: Row) -> dict[str, Any]:
    """The same row in plain Python types, as it will be read from the table.

    Raises:
        ValueError: its keys are not the schema's, or a value has another type; names them.
    """
    if wrong := set(row) ^ set(SCHEMA.names):
        raise ValueError(f"a scene's row has other keys than its schema: {', '.join(sorted(wrong))}")
    try:
        plain: list[dict[str, Any]] = table([row]).to_pylist()
    except pa.ArrowException as error:
        raise ValueError(f"a scene's row does not fit its schema: {error}") from error
    return plain[0]


def table(rows: Iterable[Row]) -> pa.Table:
    """The rows as a table, sorted by number."""
    return pa.Table.from_pylist(sorted(rows, key=lambda row: int(row["number"])), schema=SCHEMA)
