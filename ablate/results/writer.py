"""How results are written: each file is published whole."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet

from ablate.results.schema import LOCATIONS, schema_of
from ablate.storage import publish, working_copy

Row = Mapping[str, object]


def write_rows(out: Path, table: str, trial: str, rows: Sequence[Row]) -> None:
    """Publishes the rows of one trial as `<out>/<table>/<trial>.parquet`; a column that a row lacks is null."""
    found = pa.Table.from_pylist([dict(row) for row in rows], schema_of(table))
    publish(out / table / f"{trial}.parquet", parquet_bytes(found))


def withdraw(out: Path, trial: str) -> None:
    """Takes back a trial's commit mark, before its rows are written anew."""
    working_copy.remove(out / "trials" / f"{trial}.parquet")


def write_locations(out: Path, table: pa.Table) -> None:
    """Publishes `<out>/locations.parquet`, with the metadata of the table's schema."""
    publish(out / "locations.parquet", parquet_bytes(table.cast(LOCATIONS.with_metadata(table.schema.metadata))))


def parquet_bytes(table: pa.Table) -> bytes:
    """A table as the content of a Parquet file."""
    buffer = io.BytesIO()
    pa.parquet.write_table(table, buffer, compression="zstd")
    return buffer.getvalue()
