"""`<out>/locations.parquet`: how well each trial does at each camera location, with an interval round the mean.

Everything here is derived from `images` and can be made again at any time.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Collection, Sequence
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet

from ablate import plugins
from ablate.results import mirror
from ablate.results.mark_index import Mark
from ablate.results.reader import commit_marks, database, files_by_trial, index_marks
from ablate.results.schema import LOCATIONS
from ablate.results.writer import write_locations
from ablate.stats import intervals, location_intervals
from ablate.stats.location_intervals import image_weighted_rows

_PUBLISHED = "locations.parquet"
_SEEN = b"ablate.seen"  # metadata: the code that made the rows, and the commit marks that they were made of
_AT_A_TIME = 500  # trials: DuckDB keeps something of each file until it has read all of them
HIT_IOU = 0.5  # from this overlap on an animal counts as found

# Photographs of one sequence show the same animal in the same light: the sequences are the clusters of a location's
# interval. One of no known sequence is a sequence of its own, see `sequences`; the two kinds of name do not mix.
# Not with union_by_name: it takes twice as long, and every file has these columns.
_PER_LOCATION = """
WITH photographs AS (
    SELECT trial, location, seq_id, CASE WHEN seq_id IS NULL THEN image_id END AS alone, iou, outcome
    FROM read_parquet($files)
    WHERE location IS NOT NULL
), clusters AS (
    SELECT
        trial, location, count(iou) AS n, avg(iou) AS mean, count(*) FILTER (iou >= $hit) AS hits,
        count(*) FILTER (iou IS NULL) AS empty, count(*) FILTER (iou IS NULL AND outcome = 'false_alarm') AS alarms
    FROM photographs
    GROUP BY trial, location, seq_id, alone
)
SELECT
    trial, location, sum(n)::BIGINT AS n_images, sum(hits) / nullif(sum(n), 0) AS hit_rate,
    sum(empty)::BIGINT AS n_empty, sum(alarms) / nullif(sum(empty), 0) AS false_alarm_rate,
    list(n::DOUBLE ORDER BY n, mean) FILTER (n > 0) AS counts, list(mean ORDER BY n, mean) FILTER (n > 0) AS means
FROM clusters
GROUP BY trial, location
"""


def collect(out: Path) -> None:
    """Publishes `<out>/locations.parquet`, one row for each finished trial and each of its locations, and the index.

    A finished trial whose rows are not there yet is looked for again by the next one who collects.

    Raises:
        OSError: it cannot be written; names the path. As `mirror.refresh` where it is of a working copy.
        duckdb.Error: a finished trial's rows cannot be read.
    """
    marks = _marks(out)
    rows, published = _published(out)
    seen = looked = published
    # Other runs may commit and collect meanwhile, and no lock holds on every network file system. So whoever publishes
    # looks at the marks again, and is done when they are those that it has collected. The file is always that of the
    # last to publish, whose last look came after that: whatever was committed before this look is in the file, and
    # whoever commits later collects later. Only trials that are new or repeated are read: reading a thousand takes so
    # long that a run that commits faster would keep another one here.
    while marks != looked:
        same = {trial for trial in marks if seen is not None and seen.get(trial) == marks[trial]}
        try:
            changed, absent = _rows(out, marks.keys() - same)
        except duckdb.Error:
            before, marks = marks, _marks(out)
            if marks == before:
                raise
            continue  # a trial was withdrawn, to be written anew, while it was read
        rows = pa.concat_tables([_of(rows, same), changed]).sort_by([("trial", "ascending"), ("location", "ascending")])
        looked, seen = marks, {trial: mark for trial, mark in marks.items() if trial not in absent}
        if seen != published:
            write_locations(out, rows.replace_schema_metadata({_SEEN: json.dumps([_code(), seen])}))
            published = seen
        marks = _marks(out)
    index_marks(out)


def _marks(out: Path) -> dict[str, Mark]:
    """The commit marks as they are now, in the store where `out` is a copy: other nodes commit there."""
    mirror.refresh(out)
    return commit_marks(out)


def _published(out: Path) -> tuple[pa.Table, dict[str, Mark] | None]:
    """The rows that are published, and the commit marks that they were made of; None where nobody can tell."""
    try:
        rows = pa.parquet.read_table(out / _PUBLISHED)
        code, seen = json.loads((rows.schema.metadata or {})[_SEEN])
    except (OSError, pa.ArrowException, KeyError, TypeError, ValueError):
        return LOCATIONS.empty_table(), None
    if code != _code():
        return LOCATIONS.empty_table(), None
    return rows.cast(LOCATIONS), {trial: (time, size) for trial, (time, size) in seen.items()}


@functools.cache
def _code() -> str:
    """Digest of the code that rows depend on."""
    files = [Path(__file__), *(Path(str(module.__file__)) for module in (intervals, location_intervals))]
    return hashlib.sha256("".join(map(plugins.source_digest, files)).encode()).hexdigest()


def sequences(photographs: pd.DataFrame) -> pd.Series[str]:
    """The sequence of each photograph; one of no known sequence is a sequence of its own.

    Args:
        photographs: with `seq_id` and `image_id`.
    """
    # The prefixes keep the two kinds of name apart.
    return ("s" + photographs["seq_id"]).fillna("i" + photographs["image_id"])


def _of(rows: pa.Table, trials: Collection[str]) -> pa.Table:
    return rows.filter(pa.compute.is_in(rows["trial"], value_set=pa.array([*trials], pa.string())))


def _rows(out: Path, trials: Collection[str]) -> tuple[pa.Table, set[str]]:
    """The rows of `LOCATIONS` of those trials that are finished, and whose files are not there.

    What has no data is null.
    """
    found = files_by_trial(out, "images", trials)
    files = [file for file in found.values() if file]
    absent = {trial for trial, file in found.items() if not file}
    if not files:
        return LOCATIONS.empty_table(), absent
    parts = [files[begin : begin + _AT_A_TIME] for begin in range(0, len(files), _AT_A_TIME)]
    with database() as connection:
        return pa.concat_tables(_of_files(part, connection) for part in parts), absent


def _of_files(files: Sequence[str], connection: duckdb.DuckDBPyConnection) -> pa.Table:
    found = connection.sql(_PER_LOCATION, params={"files": files, "hit": HIT_IOU}).to_arrow_table()
    means, counts = (pa.compute.list_flatten(found[name]).to_numpy() for name in ("means", "counts"))
    lengths = pa.compute.list_value_length(found["counts"]).fill_null(0).to_numpy()
    mean, low, high = image_weighted_rows(means, counts, np.concatenate([[0], np.cumsum(lengths)])).T
    ends = {"iou_mean": mean, "iou_low": np.maximum(low, 0.0), "iou_high": np.minimum(high, 1.0)}
    for name, values in ends.items():
        found = found.append_column(name, pa.array(values, from_pandas=True))  # NaN is null
    return found.select(LOCATIONS.names).cast(LOCATIONS)
