"""`<out>/locations.parquet`: how well each trial does at each camera location, with an interval round the mean.

Everything here is derived from `images` and can be made again at any time.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from ablate import results
from ablate.intervals import image_weighted

HIT_IOU = 0.5  # from this overlap on an animal counts as found

_COLUMNS = ["trial", "location", "image_id", "seq_id", "iou", "outcome"]


def collect(out: Path) -> None:
    """Publishes `<out>/locations.parquet`: one row for each finished trial and each of its locations."""
    images = results.dataset(out, "images").to_table(columns=_COLUMNS).to_pandas()
    groups = images.groupby(["trial", "location"], sort=True)
    rows = [_row(str(trial), str(location), photographs) for (trial, location), photographs in groups]
    results.write_locations(out, pa.Table.from_pylist(rows, results.LOCATIONS))


def sequences(photographs: pd.DataFrame) -> pd.Series[str]:
    """The sequence of each photograph; one of no known sequence is a sequence of its own.

    Args:
        photographs: with `seq_id` and `image_id`.
    """
    # The prefixes keep the two kinds of name apart.
    return ("s" + photographs["seq_id"]).fillna("i" + photographs["image_id"])


def _row(trial: str, location: str, photographs: pd.DataFrame) -> dict[str, object]:
    """A row of `results.LOCATIONS`; what has no data is null."""
    animals = photographs[photographs["iou"].notna()]
    empty = photographs[photographs["iou"].isna()]
    low, high = _interval(animals)
    return {
        "trial": trial,
        "location": location,
        "n_images": len(animals),
        "iou_mean": _mean(animals["iou"]),
        "iou_low": low,
        "iou_high": high,
        "hit_rate": _mean(animals["iou"] >= HIT_IOU),
        "n_empty": len(empty),
        "false_alarm_rate": _mean(empty["outcome"] == "false_alarm"),
    }


def _interval(animals: pd.DataFrame) -> tuple[float | None, float | None]:
    """Photographs of one sequence show the same animal in the same light: the sequences are the clusters."""
    by_sequence = animals["iou"].groupby(sequences(animals))
    means, counts = (np.asarray(each, dtype=np.float64) for each in (by_sequence.mean(), by_sequence.size()))
    mean = image_weighted(means[None], counts)
    if math.isnan(mean.low):
        return None, None
    return max(mean.low, 0.0), min(mean.high, 1.0)


def _mean(values: pd.Series[float] | pd.Series[bool]) -> float | None:
    return float(values.mean()) if len(values) else None
