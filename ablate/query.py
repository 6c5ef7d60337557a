"""`python -m ablate.query out=results "SELECT ..."`: SQL over the results, read only."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal

import duckdb
import pyarrow as pa
import pydantic
from pydantic import Field

from ablate import storage
from ablate.cli import run_command
from ablate.errors import UsageError
from ablate.report.layout import plural
from ablate.report.text_grid import Cell, Grid
from ablate.results import mirror, queries
from ablate.results.scene_table import SCENES, read_scenes
from ablate.results.schema import TABLES
from ablate.results.sql import GRID, RUNS, csv_text, json_text, open_results, records, select
from ablate.results.writer import parquet_bytes
from ablate.stats import sql_functions
from ablate.storage import urls

_EXAMPLES = """\
python -m ablate.query out={out} "SELECT model, arm, augment, avg(iou) FROM images GROUP BY ALL ORDER BY ALL"
python -m ablate.query out={out} format=csv "FROM images SELECT outcome, count(*) AS n GROUP BY ALL ORDER BY n DESC"
"""

_LONGEST, _CUT = 60, "..."  # characters of a value in a table


class QueryConfig(pydantic.BaseModel):
    """Query results with SQL (DuckDB): images, epochs, trials, grid, locations, runs. Without SQL: lists them."""

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

    sql: Annotated[str | None, Field(description="one SELECT, DESCRIBE, SUMMARIZE or EXPLAIN")] = None
    query: Annotated[str | None, Field(description="instead of SQL: the name of a query that is listed below")] = None
    out: Annotated[str, Field(description="folder of the results; also s3://... or gs://...")] = "results"
    scenes: Annotated[
        str | None, Field(description="a Parquet file of datasets.render, which becomes the table scenes")
    ] = None
    format: Annotated[Literal["table", "csv", "json", "parquet"], Field(description="how rows are written:")] = "table"
    to: Annotated[str | None, Field(description="a file for the rows; none: print them")] = None


def main(config: QueryConfig) -> int:
    """Prints or writes the answer."""
    if config.format == "parquet" and config.to is None:
        raise UsageError("format=parquet is not for printing; give a file: to=FILE.parquet")
    if config.sql is not None and config.query is not None:
        raise UsageError(f"query={config.query} and a statement exclude each other; give one of them")
    sql = config.sql if config.query is None else queries.statement(config.query)
    scenes = None if config.scenes is None else read_scenes(config.scenes)
    with mirror.folder(config.out) as out, connect(out, scenes) as connection:
        if sql is None:
            print(_overview(connection, urls.without_credentials(config.out), scenes is not None), end="")
            return 0
        rows = select(connection, sql)
    if config.to is None:
        print(_rendered(rows, config.format).decode(), end="")
    else:
        storage.publish(storage.local(config.to, "to"), _rendered(rows, config.format))
    return 0


def connect(out: Path, scenes: pa.Table | None = None) -> duckdb.DuckDBPyConnection:
    """The tables of a folder of results, with the functions that the report adds, and the table `scenes` if given."""

    def add_scenes(connection: duckdb.DuckDBPyConnection, out: Path) -> None:
        if scenes is not None:
            connection.register(SCENES, scenes)

    return open_results(out, sql_functions.register, add_scenes)


def _described(connection: duckdb.DuckDBPyConnection, table: str) -> list[str]:
    """A table's number of rows, and its columns with their types."""
    [[number]] = connection.sql(f"SELECT count(*) FROM {table}").fetchall()
    columns = connection.sql(f"DESCRIBE {table}").fetchall()
    width = max(len(column[0]) for column in columns)
    rows = [f"  {name:<{width}}  {kind.lower()}" for name, kind, *_ in columns]
    return [f"{table}: {plural(number, 'row')}", *rows, ""]


def _overview(connection: duckdb.DuckDBPyConnection, out: str, with_scenes: bool) -> str:
    shown = [*TABLES, *([SCENES] if with_scenes else [])]
    lines = [line for table in shown for line in _described(connection, table)]
    [[number]] = connection.sql(f"SELECT count(*) FROM {GRID}").fetchall()
    [[number_of_runs]] = connection.sql(f"SELECT count(*) FROM {RUNS}").fetchall()
    lines += [
        "shown_in(trial): protocol and setting in the report's tables, where 1 is the main protocol",
        "best_constant_box(trial, location): its IoU on the trial's photographs there",
    ]
    lines.append(f"{RUNS}: {number_of_runs}; query=runs lists them")
    lines.append(f"{GRID}: {number} of the rows of trials: those that tables show, not those that only searches tried")
    return "\n".join([*lines, ""]) + f"\n{_EXAMPLES.format(out=out)}\n{_choices()}\n"


def _rendered(rows: pa.Table, form: str) -> bytes:
    match form:
        case "csv":
            return csv_text(rows).encode()
        case "json":
            return json_text(rows).encode()
        case "parquet":
            return parquet_bytes(rows)
        case _:
            return _aligned(rows).encode()


def _aligned(rows: pa.Table) -> str:
    if rows.column_names == ["explain_key", "explain_value"]:
        return "\n".join(rows["explain_value"].to_pylist())
    texts = [[_short(value) for value in record] for record in records(rows)]
    numeric = [
        pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_decimal(kind)
        for kind in rows.schema.types
    ]
    left = [number for number, right in enumerate(numeric) if not right]
    grid = Grid(rows.column_names, [[Cell(text) for text in record] for record in texts], left)
    lines = [line.plain for line in grid.lines()]
    lines.append(f"({plural(len(rows), 'row')})")
    if any(text.endswith(_CUT) for record in texts for text in record):
        lines.append("Long values are cut; format=csv gives them whole.")
    return "\n".join(lines) + "\n"


def _short(value: object) -> str:
    """A value as a person wants to read it: six digits, one line, at most `_LONGEST` characters."""
    if value is None:
        return "null"
    text = format(value, ".6g") if isinstance(value, float) else value if isinstance(value, str) else json.dumps(value)
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST else text[: _LONGEST - len(_CUT)] + _CUT


def _choices() -> str:
    width = max(map(len, queries.known()))
    return "\n".join(["queries:", *(f"  {name:<{width}}  {answers}" for name, answers in queries.known().items())])


if __name__ == "__main__":
    run_command(QueryConfig, main, _choices, positional="sql")
