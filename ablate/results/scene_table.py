"""The optional table `scenes` of queries: what is known of each picture, as the renderer writes it for its own."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet

from ablate import storage
from ablate.errors import UsageError

SCENES = "scenes"
_NAME = "name"


def read_scenes(place: str) -> pa.Table:
    """The rows of a Parquet file with a column `name`, by which pictures are found (`images.image_id`).

    Raises:
        UsageError: there is no such file, it is no Parquet, or its names do not tell its rows apart.
    """
    path = storage.local(place, SCENES)
    if not path.is_file():
        raise UsageError(f"scenes={place}: no such file; give the scenes.parquet that datasets.render writes")
    try:
        with pa.parquet.ParquetFile(path) as file:
            rows = file.read()
    except (OSError, pa.ArrowException) as error:  # Parquet's own errors are an OSError
        raise UsageError(f"scenes={place}: not a Parquet file, or a broken one: {error}") from error
    if rows.column_names.count(_NAME) != 1:
        listed = ", ".join(rows.column_names)
        raise UsageError(f"scenes={place}: a column {_NAME!r}, the picture's name, is needed; it has: {listed}")
    _require_distinct(rows, place)
    return rows


def _require_distinct(rows: pa.Table, place: str) -> None:
    """Rows of one name would count that picture's results more than once."""
    counts = rows.group_by(_NAME).aggregate([(_NAME, "count")])
    double = counts.filter(pa.compute.field(f"{_NAME}_count") > 1)[_NAME].to_pylist()
    if double:
        raise UsageError(
            f"scenes={place}: {len(double)} names are there more than once, such as {double[0]!r}; a picture may have "
            "one row"
        )
