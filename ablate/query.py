"""`python -m ablate.query out=results "SELECT ..."`: SQL over the results, read only."""

from __future__ import annotations

import collections
import csv
import io
import json
import math
import warnings
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

import duckdb
import pyarrow as pa
import pyarrow.dataset
import pyarrow.parquet
import pydantic
from pydantic import Field

from ablate import storage
from ablate.cli import run_command
from ablate.errors import UsageError
from ablate.report.text_grid import Cell, Grid
from ablate.results import mirror, queries, runs, search_record, tables
from ablate.stats import sql_functions
from ablate.storage import urls

_EXAMPLES = """\
python -m ablate.query out={out} "SELECT model, arm, augment, avg(iou) FROM images GROUP BY ALL ORDER BY ALL"
python -m ablate.query out={out} format=csv "FROM images SELECT outcome, count(*) AS n GROUP BY ALL ORDER BY n DESC"
"""

# In this order: nothing can be changed after the last one.
_LOCKS = (
    "SET errors_as_json = true",  # the only way to learn where in a statement an error is
    "SET python_enable_replacements = false",  # a name in a statement never means a Python variable
    "SET temp_directory = ''",
    "SET enable_external_access = false",
    "SET lock_configuration = true",
)
_RUNS = "runs"
_RUNS_SCHEMA = pa.schema(
    [(name, pa.string()) for name in ("run", "started_at", "space", "search")]
    + [(name, pa.int64()) for name in ("asked", "done", "failed")]
    + [("command", pa.string())]
)
_GRID = "grid"  # the view of the trials that the report's tables show
_LONGEST, _CUT = 60, "..."  # characters of a value in a table
_ALLOWED = {duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN}


class QueryConfig(pydantic.BaseModel):
    """Query results with SQL (DuckDB): images, epochs, trials, grid, locations, runs. Without SQL: lists them."""

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

    sql: Annotated[str | None, Field(description="one SELECT, DESCRIBE, SUMMARIZE or EXPLAIN")] = None
    query: Annotated[str | None, Field(description="instead of SQL: the name of a query that is listed below")] = None
    out: Annotated[str, Field(description="folder of the results; also s3://... or gs://...")] = "results"
    format: Annotated[Literal["table", "csv", "json", "parquet"], Field(description="how rows are written:")] = "table"
    to: Annotated[str | None, Field(description="a file for the rows; none: print them")] = None


def main(config: QueryConfig) -> int:
    """Prints or writes the answer."""
    if config.format == "parquet" and config.to is None:
        raise UsageError("format=parquet is not for printing; give a file: to=FILE.parquet")
    if config.sql is not None and config.query is not None:
        raise UsageError(f"query={config.query} and a statement exclude each other; give one of them")
    sql = config.sql if config.query is None else queries.statement(config.query)
    with mirror.folder(config.out) as out, connect(out) as connection:
        if sql is None:
            print(_overview(connection, urls.without_credentials(config.out)), end="")
            return 0
        rows = select(connection, sql)
    if config.to is None:
        print(_rendered(rows, config.format).decode(), end="")
    else:
        storage.publish(storage.local(config.to, "to"), _rendered(rows, config.format))
    return 0


def connect(out: Path) -> duckdb.DuckDBPyConnection:
    """A database whose views are the results of a folder; it can reach nothing else, and stays so."""
    connection = tables.database()
    found = tables.datasets(out)
    for table, rows in (found | {_GRID: found["trials"].filter(tables.shown(out))}).items():
        connection.register(table, rows)
    connection.register(_RUNS, _runs(out, found["trials"]))
    sql_functions.register(connection, out)
    for lock in _LOCKS:
        connection.execute(lock)
    return connection


def _runs(out: Path, trials: pa.dataset.Dataset) -> pa.Table:
    """A row for each run, with the numbers of its trials; one without an id for the trials that no run asked for."""
    status = dict(zip(*trials.to_table(columns=["trial", "status"]).to_pydict().values(), strict=True))
    of_search = {search: [one.trial for one in those] for search, those in search_record.searches(out).items()}
    known = [(run, [*run.trials, *of_search.get(run.search or "", ())]) for run in runs.read(out)]
    rows = [
        _numbers(asked, status) | run.model_dump(include={"run", "started_at", "space", "search", "command"})
        for run, asked in known
    ]
    alone = [trial for trial in status if not any(trial in asked for _, asked in known)]
    return pa.Table.from_pylist([*rows, *([_numbers(alone, status)] if alone else [])], _RUNS_SCHEMA)


def _numbers(asked: Sequence[str], status: Mapping[str, str]) -> dict[str, object]:
    counts = collections.Counter(status.get(trial, "missing") for trial in asked)
    return {"asked": len(asked), "done": counts["done"], "failed": counts["failed"]}


def select(connection: duckdb.DuckDBPyConnection, sql: str) -> pa.Table:
    """The rows of one statement that only reads.

    Raises:
        UsageError: it is not one such statement, or DuckDB cannot run it; says where.
    """
    try:
        statements = connection.extract_statements(sql)
        if len(statements) != 1:
            raise UsageError(f"{len(statements)} statements given; exactly one SELECT is allowed")
        if statements[0].type not in _ALLOWED:
            raise UsageError(f"{statements[0].type.name} is not allowed; exactly one SELECT is (results are read only)")
        with warnings.catch_warnings():
            # It tells to use `connection.sql`, which saves a copy but loses where an error is.
            warnings.filterwarnings("ignore", "Arrow output on a DB-API result", UserWarning)
            rows = connection.execute(statements[0]).to_arrow_table()
        assert rows is not None  # these statements always have rows, if no more than none
        return rows.rename_columns(_distinct(rows.column_names))
    except duckdb.Error as error:
        raise UsageError(_explained(error, sql)) from error


def _distinct(names: Sequence[str]) -> list[str]:
    """Names that occur again get a number: a JSON object cannot hold one twice."""
    return [f"{name}_{names[:at].count(name)}" if name in names[:at] else name for at, name in enumerate(names)]


def _explained(error: duckdb.Error, sql: str) -> str:
    """DuckDB's message with the line and the column, both from 1, that it is about."""
    _, brace, rest = str(error).partition("{")
    try:
        details: dict[str, str] = json.loads(brace + rest)
    except json.JSONDecodeError:
        return str(error)
    if "position" not in details:
        return details["exception_message"]
    before = sql.encode()[: int(details["position"])].decode(errors="ignore")
    line, column = before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
    return f"line {line}, column {column}: {details['exception_message']}"


def _overview(connection: duckdb.DuckDBPyConnection, out: str) -> str:
    lines = []
    for table in tables.TABLES:
        [[number]] = connection.sql(f"SELECT count(*) FROM {table}").fetchall()
        columns = connection.sql(f"DESCRIBE {table}").fetchall()
        lines += [f"{table}: {number} row{'' if number == 1 else 's'}"]
        width = max(len(column[0]) for column in columns)
        lines += [f"  {name:<{width}}  {kind.lower()}" for name, kind, *_ in columns]
        lines.append("")
    [[number]] = connection.sql(f"SELECT count(*) FROM {_GRID}").fetchall()
    [[number_of_runs]] = connection.sql(f"SELECT count(*) FROM {_RUNS}").fetchall()
    lines += [
        "shown_in(trial): protocol and setting in the report's tables, where 1 is the main protocol",
        "best_constant_box(trial, location): its IoU on the trial's photographs there",
    ]
    lines.append(f"{_RUNS}: {number_of_runs}; query=runs lists them")
    lines.append(f"{_GRID}: {number} of the rows of trials: those that tables show, not those that only searches tried")
    return "\n".join([*lines, ""]) + f"\n{_EXAMPLES.format(out=out)}\n{_choices()}\n"


def _rendered(rows: pa.Table, form: str) -> bytes:
    match form:
        case "csv":
            return _csv(rows).encode()
        case "json":
            return _json(rows).encode()
        case "parquet":
            buffer = io.BytesIO()
            pa.parquet.write_table(rows, buffer, compression="zstd")
            return buffer.getvalue()
        case _:
            return _aligned(rows).encode()


def _csv(rows: pa.Table) -> str:
    """No data is an empty field; lists and structures are JSON."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(rows.column_names)
    for record in _records(rows):
        writer.writerow([value if value is None or isinstance(value, str) else json.dumps(value) for value in record])
    return buffer.getvalue()


def _json(rows: pa.Table) -> str:
    """A list of objects, one a line; no data, and what is not a finite number, is null."""
    objects = (dict(zip(rows.column_names, record, strict=True)) for record in _records(rows))
    return "[" + ",".join("\n" + json.dumps(row, ensure_ascii=False) for row in objects) + "\n]\n"


def _aligned(rows: pa.Table) -> str:
    if rows.column_names == ["explain_key", "explain_value"]:
        return "\n".join(rows["explain_value"].to_pylist())
    texts = [[_short(value) for value in record] for record in _records(rows)]
    numeric = [
        pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_decimal(kind)
        for kind in rows.schema.types
    ]
    left = [number for number, right in enumerate(numeric) if not right]
    grid = Grid(rows.column_names, [[Cell(text) for text in record] for record in texts], left)
    lines = [line.plain for line in grid.lines()]
    lines.append(f"({len(rows)} row{'' if len(rows) == 1 else 's'})")
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


def _records(rows: pa.Table) -> Iterator[tuple[object, ...]]:
    """The rows, in values that JSON has."""
    return zip(*(map(_plain, column.to_pylist()) for column in rows.columns), strict=True)


def _plain(value: object) -> object:
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return value if math.isfinite(value) else None
        case Decimal():
            return int(value) if value == value.to_integral_value() else float(value)
        case list():
            return [_plain(part) for part in value]
        case dict():
            return {str(key): _plain(part) for key, part in value.items()}
        case _:
            return str(value)


def _choices() -> str:
    width = max(map(len, queries.known()))
    return "\n".join(["queries:", *(f"  {name:<{width}}  {answers}" for name, answers in queries.known().items())])


if __name__ == "__main__":
    run_command(QueryConfig, main, _choices, positional="sql")
