"""`<out>/trials.parquet`: the rows of all commit marks in one file, as reading thousands of small ones takes long.

It is derived, and can be removed at any time. A row of it counts only as long as its mark was written when it was, and
has the size that it had, when it was read; the others are read from their marks.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet
from duckdb import DuckDBPyConnection

from ablate.results.schema import trials_schema
from ablate.results.writer import parquet_bytes
from ablate.storage import publish

Mark = tuple[int, int]  # when it was written, in ns, and its size

INDEX = "trials.parquet"
FEWEST = 100  # fewer marks are read as fast without it
_TIME, _SIZE = "mark_time", "mark_size"
_AT_A_TIME = 500  # marks: DuckDB keeps 0.2 MB of each until it has read all of them

# What was written by an older version lacks columns, and that may be all of the files.
_ROWS = """
WITH every AS (
    SELECT * FROM empty UNION ALL BY NAME
    SELECT * FROM read_parquet($files, union_by_name = true, filename = 'file')
)
SELECT {columns} FROM every
"""


def rows(out: Path, marks: Mapping[str, Mark], columns: Sequence[str], connection: DuckDBPyConnection) -> pa.Table:
    """The rows of some commit marks, by trial.

    Args:
        columns: of `trials`, with `trial` among them.

    Raises:
        duckdb.Error: a mark cannot be read.
    """
    known = _indexed(out, marks, columns)
    left = marks.keys() - set(known["trial"].to_pylist())
    found = _read(out, left, columns, connection).drop_columns("file")
    return found if len(left) == len(marks) else pa.concat_tables([known, found]).sort_by("trial")


def update(out: Path, marks: Mapping[str, Mark], connection: DuckDBPyConnection) -> None:
    """Publishes the index of some marks, which must be all that there are; nothing where they are few.

    Raises:
        OSError: it cannot be written; names the path.
        duckdb.Error: a mark that the index did not know cannot be read.
    """
    if len(marks) < FEWEST:
        return
    columns = trials_schema().names
    known = _indexed(out, marks, columns)
    new = _read(out, marks.keys() - set(known["trial"].to_pylist()), columns, connection)
    # Under another trial's name lies what is no commit mark, whatever it says.
    own = pa.compute.equal(new["trial"], pa.array((Path(name).stem for name in new["file"].to_pylist()), pa.string()))
    found = pa.concat_tables([known, new.drop_columns("file").filter(own)])
    if not len(found) == len(known) == _size(out):
        times, sizes = zip(*(marks[trial] for trial in found["trial"].to_pylist()), strict=True)
        found = found.append_column(_TIME, pa.array(times, pa.int64())).append_column(
            _SIZE, pa.array(sizes, pa.int64())
        )
        publish(out / INDEX, parquet_bytes(found.sort_by("trial")))


def _indexed(out: Path, marks: Mapping[str, Mark], columns: Sequence[str]) -> pa.Table:
    """What the index tells of those marks that it knows as they are now."""
    schema = _schema(columns)
    if len(marks) < FEWEST or (index := _open(out)) is None:
        return schema.empty_table()
    with index:
        trials, times, sizes = (column.to_pylist() for column in index.read(columns=["trial", _TIME, _SIZE]).columns)
        found = index.read(columns=schema.names).select(schema.names).cast(schema)
    same = [marks.get(trial) == mark for trial, mark in zip(trials, zip(times, sizes, strict=True), strict=True)]
    return found.filter(pa.array(same, pa.bool_()))


def _size(out: Path) -> int:
    """How many rows the index has."""
    if (index := _open(out)) is None:
        return 0
    with index:
        return int(index.metadata.num_rows)


def _open(out: Path) -> pa.parquet.ParquetFile | None:
    """The index; None where there is none, or one of a version that knew other columns."""
    try:
        index = pa.parquet.ParquetFile(out / INDEX)
    except (OSError, pa.ArrowException):  # whatever it is, the marks are there
        return None
    if index.schema_arrow.names == [*trials_schema().names, _TIME, _SIZE]:
        return index
    index.close()
    return None


def _read(out: Path, trials: Collection[str], columns: Sequence[str], connection: DuckDBPyConnection) -> pa.Table:
    """The rows of marks, from their files, whose names are in a further column `file`."""
    schema = _schema(columns).append(pa.field("file", pa.string()))
    if not trials:
        return schema.empty_table()
    connection.register("empty", trials_schema().empty_table())
    files = [str(out / "trials" / f"{trial}.parquet") for trial in sorted(trials)]
    query = _ROWS.format(columns=", ".join(f'"{name}"' for name in schema.names))
    parts = [files[begin : begin + _AT_A_TIME] for begin in range(0, len(files), _AT_A_TIME)]
    found = (connection.sql(query, params={"files": part}).to_arrow_table().cast(schema) for part in parts)
    return pa.concat_tables(one.sort_by("trial") for one in found)  # a copy: DuckDB's own rows take 0.1 MB each


def _schema(columns: Sequence[str]) -> pa.Schema:
    every = trials_schema()
    return pa.schema([every.field(name) for name in columns])
