"""The schemas of the results, and how they are written and read.

<out>/images/<trial>.parquet    one row per photograph: the truth that everything else is derived from
<out>/epochs/<trial>.parquet    one row per epoch
<out>/trials/<trial>.parquet    one row; written last: rows of a trial without it are invisible
<out>/locations.parquet         per trial and location, derived from `images` by the collector
"""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute
import pyarrow.dataset
import pyarrow.parquet

from ablate import plugins
from ablate.config import TrialConfig
from ablate.results import runs
from ablate.storage import publish

Row = Mapping[str, object]

_CONFIG_TYPES: Mapping[object, pa.DataType] = {int: pa.int64(), float: pa.float64(), bool: pa.bool_()}

EPOCHS = pa.schema(
    [
        ("trial", pa.string()),
        ("training", pa.string()),
        ("epoch", pa.int64()),  # from 1
        ("train_loss", pa.float64()),  # mean over the epoch's images
        ("val_loss", pa.float64()),
        ("val_iou", pa.float64()),  # total intersection / total union over the val split, in [0, 1]
        ("oracle_iou", pa.float64()),  # mean box IoU on today's photographs, with oracle=true; never chooses
        ("learning_rate", pa.float64()),  # at the epoch's last step
        ("seconds", pa.float64()),  # training and validation
        ("images_per_second", pa.float64()),  # training alone
        ("device", pa.string()),
        ("precision_used", pa.string()),  # float32 (IEEE) | tf32 | bfloat16: what `precision` meant on the device
        ("code_digest", pa.string()),  # of the code that ran the epoch, as it lay there
    ]
)

LOCATIONS = pa.schema(
    [
        ("trial", pa.string()),
        ("location", pa.string()),
        ("n_images", pa.int64()),  # photographs with an animal
        ("iou_mean", pa.float64()),
        ("iou_low", pa.float64()),  # 95 % interval, the sequences being clusters; null with fewer than two
        ("iou_high", pa.float64()),
        ("hit_rate", pa.float64()),  # share with iou >= 0.5
        ("n_empty", pa.int64()),  # photographs without an animal
        ("false_alarm_rate", pa.float64()),  # share of those in which something was found; null without any
    ]
)


def images_schema() -> pa.Schema:
    """Columns of `images`: who was measured on what, then the columns of every metric."""
    fields = [
        pa.field("trial", pa.string()),
        pa.field("training", pa.string()),
        pa.field("model", pa.string()),
        pa.field("arm", pa.string()),
        pa.field("augment", pa.string()),
        pa.field("seed", pa.int64()),
        pa.field("selection", pa.string()),
        pa.field("location", pa.string()),
        pa.field("image_id", pa.string()),
        pa.field("seq_id", pa.string()),
        pa.field("captured_at", pa.timestamp("s")),
        pa.field("width", pa.int64()),  # of the stored photograph, pixels
        pa.field("height", pa.int64()),
        pa.field("true_boxes", pa.list_(pa.list_(pa.float64()))),  # xyxy pixels of the stored photograph
    ]
    for name in plugins.names("ablate.metrics"):
        fields += plugins.load("ablate.metrics", name, "metric").FIELDS
    fields.append(pa.field("mask_rle", pa.string()))  # foreground at network resolution, `ablate.metrics.geometry.rle`
    return pa.schema(fields)


def trials_schema() -> pa.Schema:
    """Columns of `trials`: identity, every field of `TrialConfig`, then how it went."""
    config = [pa.field(name, _config_type(field.annotation)) for name, field in TrialConfig.model_fields.items()]
    return pa.schema(
        [
            pa.field("trial", pa.string()),
            pa.field("training", pa.string()),
            pa.field("name", pa.string()),  # readable: unet-crop-jitter-s0
            pa.field("status", pa.string()),  # done | failed | stopped: early, by a search
            pa.field("reason", pa.string()),  # of the failure, or of the early end, one line; null when done
            pa.field("search", pa.string()),  # that suggested the trial; null for one of a grid
            pa.field("reference", pa.string()),  # of a detector that was not trained here: what to know of it
            *config,
            pa.field("arm_digest", pa.string()),
            pa.field("transductive", pa.bool_()),  # the arm's look is that of the photographs, seen without labels
            pa.field("photos_digest", pa.string()),
            pa.field("code_digest", pa.string()),  # of the code that trained the network, as it lay there
            pa.field("versions", pa.string()),  # JSON: library -> version
            pa.field("device", pa.string()),  # that trained it; where it went on elsewhere, "one + other"
            pa.field("precision_used", pa.string()),  # in training: float32 (IEEE) | tf32 | bfloat16
            pa.field("score_device", pa.string()),
            pa.field("score_precision", pa.string()),
            pa.field("score_code", pa.string()),  # as `code_digest`, of the code that scored the network
            pa.field("parameters", pa.int64()),  # trainable numbers of the network
            pa.field("started_at", pa.timestamp("s", tz="UTC")),
            pa.field("train_seconds", pa.float64()),  # all epochs, over all attempts
            pa.field("score_seconds", pa.float64()),
            pa.field("images_per_second", pa.float64()),  # of training, median over epochs
            pa.field("peak_memory_mb", pa.float64()),  # of the device; on a CPU of the process, null in a used one
            pa.field("val_iou", pa.float64()),  # of the scored epoch
            pa.field("epoch", pa.int64()),  # the scored epoch
        ]
    )


def _config_type(annotation: object) -> pa.DataType:
    return _CONFIG_TYPES.get(annotation, pa.string())  # names and choices are text


def write(out: Path, table: str, trial: str, rows: Sequence[Row], schema: pa.Schema) -> None:
    """Publishes the rows of one trial as `<out>/<table>/<trial>.parquet`."""
    publish(out / table / f"{trial}.parquet", _serialised(pa.Table.from_pylist([dict(row) for row in rows], schema)))


def withdraw(out: Path, trial: str) -> None:
    """Takes back a trial's commit mark, before its rows are written anew."""
    (out / "trials" / f"{trial}.parquet").unlink(missing_ok=True)


def write_locations(out: Path, table: pa.Table) -> None:
    """Publishes `<out>/locations.parquet`."""
    publish(out / "locations.parquet", _serialised(table.cast(LOCATIONS)))


def read(out: Path, table: str, trials: Sequence[str] | None = None) -> pa.Table:
    """All rows of `images`, `epochs`, `trials` or `locations` that belong to committed trials.

    Failed trials appear in `trials` only, those that were stopped early in `trials` and `epochs`: what else there is of
    them is left of an earlier attempt.

    Args:
        trials: only these trials; None for all that are committed. Absent ones contribute no rows.
    """
    return dataset(out, table, trials).to_table()


def planned(out: Path) -> set[str]:
    """The trials that the runs of explicit spaces asked for."""
    return {trial for run in runs.read(out) for trial in run.trials}


def shown(out: Path, trials: Collection[str] | None = None) -> pa.compute.Expression:
    """Which rows of `trials` the tables show: not what only searches asked for, nor what was stopped early.

    Args:
        trials: those that are asked for; None for those of all runs of explicit spaces.
    """
    asked = planned(out) if trials is None else trials
    suggested = pa.compute.field("search").is_valid() & ~pa.compute.field("trial").isin(pa.array(asked, pa.string()))
    return (pa.compute.field("status") != "stopped") & ~suggested


def dataset(out: Path, table: str, trials: Sequence[str] | None = None) -> pa.dataset.Dataset:
    """The same as `read`, lazily: an Arrow data set over the files of committed trials, empty where there are none."""
    return _dataset(out, table, _visible(out, table, trials))


def files(out: Path, table: str, trials: Collection[str] | None = None) -> list[str]:
    """The files of `images`, `epochs` or `trials` that `dataset` reads, for DuckDB, which is faster over many."""
    return _files_of(out, table, _visible(out, table, trials))


def marks(out: Path) -> dict[str, tuple[int, int]]:
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
    schema = _schema(table)
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
    """The committed ones of some trials, or of all, that have rows in a table: see `read`."""
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
    """Those of some trials that have rows in a table: see `read`."""
    allowed = {"done", "stopped"} if table == "epochs" else {"done"}
    return {trial for trial, status in statuses.items() if status in allowed}


def _schema(table: str) -> pa.Schema:
    match table:
        case "images":
            return images_schema()
        case "epochs":
            return EPOCHS
        case "trials":
            return trials_schema()
        case "locations":
            return LOCATIONS
        case _:
            raise ValueError(f"no table {table!r}")


TABLES = ("images", "epochs", "trials", "locations")


def _serialised(table: pa.Table) -> bytes:
    buffer = io.BytesIO()
    pa.parquet.write_table(table, buffer, compression="zstd")
    return buffer.getvalue()
