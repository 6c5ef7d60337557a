"""How results are read: only rows of committed trials are visible."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute
import pyarrow.dataset
import pyarrow.parquet

from ablate.results import mark_index, runs
from ablate.results.mark_index import Mark
from ablate.results.schema import TABLES, schema_of, trials_schema


def read_rows(
    out: Path, table: str, trials: Collection[str] | None = None, columns: Sequence[str] | None = None
) -> pa.Table:
    """All rows of `images`, `epochs`, `trials` or `locations` that belong to committed trials.

    Failed trials appear in `trials` only, those that were stopped early in `trials` and `epochs`: what else there is of
    them is left of an earlier attempt.

    Args:
        trials: only these trials; None for all that are committed. Absent ones contribute no rows.
        columns: only these; None for all.
    """
    if table == "trials":
        return _trial_rows(out, trials, columns)
    return dataset(out, table, trials).to_table(columns=columns)


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


def dataset(out: Path, table: str, trials: Collection[str] | None = None) -> pa.dataset.Dataset:
    """The same as `read_rows`, lazily: an Arrow data set over the files of committed trials, empty without any."""
    if table == "trials":
        return pa.dataset.dataset(read_rows(out, table, trials))
    return _dataset(out, table, _with_rows(_statuses(out, trials), table))


def read_in_parts(
    out: Path, table: str, trials: Collection[str], columns: Sequence[str], at_a_time: int = 200
) -> Iterator[pa.Table]:
    """The rows of `images` or `epochs` of some trials, as `read_rows` has them, so many trials at a time."""
    files = table_files(out, table, trials)
    for begin in range(0, len(files), at_a_time):
        part = files[begin : begin + at_a_time]
        yield pa.dataset.dataset(part, schema=schema_of(table), format="parquet").to_table(columns=columns)


def table_files(out: Path, table: str, trials: Collection[str] | None = None) -> list[str]:
    """The files of `images` or `epochs` that `dataset` reads, for DuckDB, which is faster over many."""
    return [file for file in files_by_trial(out, table, trials).values() if file]


def files_by_trial(out: Path, table: str, trials: Collection[str] | None = None) -> dict[str, str | None]:
    """The same by trial; None of one whose mark says that it has rows, and whose file is not there."""
    found = _files(out, table)
    return {trial: found.get(trial) for trial in sorted(_with_rows(_statuses(out, trials), table))}


def commit_marks(out: Path, trials: Collection[str] | None = None) -> dict[str, Mark]:
    """Commit marks as they are now, by trial: when each was written, in ns, and its size; one written anew differs.

    Args:
        trials: of these, as far as they are committed; None for all.
    """
    found = {}
    there = _files(out, "trials")
    for trial in there if trials is None else there.keys() & trials:
        with contextlib.suppress(FileNotFoundError):  # withdrawn since it was listed
            mark = os.stat(there[trial])
            found[trial] = (mark.st_mtime_ns, mark.st_size)
    return found


def index_marks(out: Path) -> None:
    """Publishes what makes reading many commit marks fast, see `mark_index`.

    Raises:
        OSError: it cannot be written; names the path.
    """
    with database() as connection, contextlib.suppress(duckdb.Error):  # a trial was withdrawn: another time
        mark_index.update(out, commit_marks(out), connection)


def datasets(out: Path) -> dict[str, pa.dataset.Dataset]:
    """Every table of `TABLES` as `dataset` gives it; the commit marks are read once."""
    committed = _trial_rows(out, None)
    statuses = _status_of(committed)
    found = {table: _dataset(out, table, _with_rows(statuses, table)) for table in TABLES if table != "trials"}
    return {"trials": pa.dataset.dataset(committed)} | found


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


def _trial_rows(out: Path, trials: Collection[str] | None, columns: Sequence[str] | None = None) -> pa.Table:
    """The rows of `trials` of some trials, or of all, as far as they are committed."""
    wanted = trials_schema().names if columns is None else [*columns]
    while True:
        marks = commit_marks(out, trials)
        try:
            with database() as connection:
                found = mark_index.rows(out, marks, [*dict.fromkeys(["trial", *wanted])], connection)
            return found.select(wanted)
        except duckdb.Error:
            if commit_marks(out, trials) == marks:
                raise
            # A trial was withdrawn, to be written anew, while it was read.


def _statuses(out: Path, trials: Collection[str] | None) -> dict[str, str]:
    """The status of each of some trials, or of all, that have a commit mark."""
    return _status_of(_trial_rows(out, trials, ["trial", "status"]))


def _status_of(rows: pa.Table) -> dict[str, str]:
    return dict(zip(rows["trial"].to_pylist(), rows["status"].to_pylist(), strict=True))


def _with_rows(statuses: Mapping[str, str], table: str) -> set[str]:
    """Those of some trials that have rows in a table: see `read_rows`."""
    allowed = {"done", "stopped"} if table == "epochs" else {"done"}
    return {trial for trial, status in statuses.items() if status in allowed}
