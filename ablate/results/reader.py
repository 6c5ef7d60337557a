"""How results are read: only rows of committed trials are visible."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute
import pyarrow.dataset
import pyarrow.parquet

from ablate.results import runs
from ablate.results.schema import TABLES, schema_of


def read_rows(out: Path, table: str, trials: Sequence[str] | None = None) -> pa.Table:
    """All rows of `images`, `epochs`, `trials` or `locations` that belong to committed trials.

    Failed trials appear in `trials` only, those that were stopped early in `trials` and `epochs`: what else there is of
    them is left of an earlier attempt.

    Args:
        trials: only these trials; None for all that are committed. Absent ones contribute no rows.
    """
    return dataset(out, table, trials).to_table()


def planned_trials(out: Path) -> set[str]:
    """The trials that the runs of explicit spaces asked for."""
    return {trial for run in runs.read(out) for trial in run.trials}


def in_tables(out: Path, trials: Collection[str] | None = None) -> pa.compute.Expression:
    """Which rows of `trials` the tables show: not what only searches asked for, nor what was stopped early.

    Args:
        trials: those that are asked for; None for those of all runs of explicit spaces.
    """
    asked = planned_trials(out) if trials is None else trials
    suggested = pa.compute.field("search").is_valid() & ~pa.compute.field("trial").isin(pa.array(asked, pa.string()))
    return (pa.compute.field("status") != "stopped") & ~suggested


def dataset(out: Path, table: str, trials: Sequence[str] | None = None) -> pa.dataset.Dataset:
    """The same as `read_rows`, lazily: an Arrow data set over the files of committed trials, empty without any."""
    return _dataset(out, table, _visible(out, table, trials))


def table_files(out: Path, table: str, trials: Collection[str] | None = None) -> list[str]:
    """The files of `images`, `epochs` or `trials` that `dataset` reads, for DuckDB, which is faster over many."""
    return _files_of(out, table, _visible(out, table, trials))


def commit_marks(out: Path) -> dict[str, tuple[int, int]]:
    """Every commit mark as it is now, by trial: when it was written, in ns, and its size; one written anew differs."""
    found = {}
    for trial, path in _files(out, "trials").items():
        with contextlib.suppress(FileNotFoundError):  # withdrawn since it was listed
            mark = os.stat(path)
            found[trial] = (mark.st_mtime_ns, mark.st_size)
    return found


def datasets(out: Path) -> dict[str, pa.dataset.Dataset]:
    """Every table of `TABLES` as `dataset` gives it; the commit marks are read once."""
    committed = _committed(out, None)
    statuses = _statuses(committed)
    return {
        table: _dataset(out, table, committed if table == "trials" else _with_rows(statuses, table)) for table in TABLES
    }


def database() -> duckdb.DuckDBPyConnection:
    """An empty database in memory."""
    connection = duckdb.connect(":memory:")
    connection.execute("SET enable_progress_bar = false")  # it would go to stdout, among the answers
    return connection


def _dataset(out: Path, table: str, trials: Collection[str]) -> pa.dataset.Dataset:
    """Lazily, the rows of some trials."""
    schema = schema_of(table)
    if table == "locations":
        path = out / "locations.parquet"
        rows = pa.parquet.read_table(path, schema=schema) if path.is_file() else schema.empty_table()
        keep = pa.compute.is_in(rows["trial"], value_set=pa.array(sorted(trials), pa.string()))
        return pa.dataset.dataset(rows.filter(keep))
    there = _files_of(out, table, trials)
    if not there:
        return pa.dataset.dataset(schema.empty_table())
    return pa.dataset.dataset(there, schema=schema, format="parquet")


def _files_of(out: Path, table: str, trials: Collection[str]) -> list[str]:
    """The files of some trials, as far as they are there."""
    found = _files(out, table)
    return [found[trial] for trial in sorted(trials) if trial in found]


def _files(out: Path, table: str) -> dict[str, str]:
    """The files of a table by their trial."""
    try:
        names = os.listdir(out / table)
    except FileNotFoundError:
        return {}
    folder = str(out / table)
    return {name.removesuffix(".parquet"): f"{folder}/{name}" for name in names if _is_published(name)}


def _is_published(name: str) -> bool:
    return name.endswith(".parquet") and not name.startswith(".")


def _visible(out: Path, table: str, trials: Collection[str] | None) -> Collection[str]:
    """The committed ones of some trials, or of all, that have rows in a table: see `read_rows`."""
    committed = _committed(out, trials)
    return committed if table == "trials" else _with_rows(_statuses(committed), table)


def _committed(out: Path, trials: Collection[str] | None) -> dict[str, str]:
    """The files of the trials that have a commit mark, by trial."""
    marks = _files(out, "trials")
    return marks if trials is None else {trial: marks[trial] for trial in trials if trial in marks}


def _statuses(committed: Mapping[str, str]) -> dict[str, str]:
    """The status of each trial that has a commit mark."""
    if not committed:
        return {}
    with database() as connection:  # reads a thousand small files three times as fast as Arrow does
        rows = connection.execute("SELECT trial, status FROM read_parquet(?)", [[*committed.values()]]).fetchall()
    return dict(rows)


def _with_rows(statuses: Mapping[str, str], table: str) -> set[str]:
    """Those of some trials that have rows in a table: see `read_rows`."""
    allowed = {"done", "stopped"} if table == "epochs" else {"done"}
    return {trial for trial, status in statuses.items() if status in allowed}
