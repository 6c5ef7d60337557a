"""SQL over the tables of a folder of results, read only."""

from __future__ import annotations

import collections
import csv
import io
import json
import math
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.dataset

from ablate.errors import UsageError
from ablate.results import runs, search_record
from ablate.results.reader import database, datasets, in_tables

Extension = Callable[[duckdb.DuckDBPyConnection, Path], None]  # adds functions, of a folder of results

# In this order: nothing can be changed after the last one.
_LOCKS = (
    "SET errors_as_json = true",  # the only way to learn where in a statement an error is
    "SET python_enable_replacements = false",  # a name in a statement never means a Python variable
    "SET temp_directory = ''",
    "SET enable_external_access = false",
    "SET lock_configuration = true",
)
RUNS = "runs"
_RUNS_SCHEMA = pa.schema(
    [(name, pa.string()) for name in ("run", "started_at", "space", "search")]
    + [(name, pa.int64()) for name in ("asked", "done", "failed")]
    + [("command", pa.string())]
)
GRID = "grid"  # the view of the trials that the report's tables show
_ALLOWED = {duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN}


def open_results(out: Path, *extensions: Extension) -> duckdb.DuckDBPyConnection:
    """A database whose views are the results of a folder; it can reach nothing else, and stays so."""
    connection = database()
    found = datasets(out)
    for table, rows in (found | {GRID: found["trials"].filter(in_tables(out))}).items():
        connection.register(table, rows)
    connection.register(RUNS, _runs(out, found["trials"]))
    for extend in extensions:
        extend(connection, out)
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
    asked_for = {trial for _, asked in known for trial in asked}
    alone = [trial for trial in status if trial not in asked_for]
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


def csv_text(rows: pa.Table) -> str:
    """No data is an empty field; lists and structures are JSON."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(rows.column_names)
    for record in records(rows):
        writer.writerow([value if value is None or isinstance(value, str) else json.dumps(value) for value in record])
    return buffer.getvalue()


def json_text(rows: pa.Table) -> str:
    """A list of objects, one a line; no data, and what is not a finite number, is null."""
    objects = (dict(zip(rows.column_names, record, strict=True)) for record in records(rows))
    return "[" + ",".join("\n" + json.dumps(row, ensure_ascii=False) for row in objects) + "\n]\n"


def records(rows: pa.Table) -> Iterator[tuple[object, ...]]:
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
