"""`<out>/locations.parquet`: how well each trial does at each camera location, with an interval round the mean.

Everything here is derived from `images` and can be made again at any time.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from ablate import results

HIT_IOU = 0.5  # from this overlap on an animal counts as found

_COLUMNS = ["trial", "location", "image_id", "seq_id", "iou", "outcome"]
_DRAWS = 2000
_CELLS = 2**20  # of the table of draws x sequences that is in memory at a time

Floats = NDArray[np.float64]


def collect(out: Path) -> None:
    """Publishes `<out>/locations.parquet`: one row for each finished trial and each of its locations."""
    images = results.dataset(out, "images").to_table(columns=_COLUMNS).to_pandas()
    groups = images.groupby(["trial", "location"], sort=True)
    rows = [_row(str(trial), str(location), photographs) for (trial, location), photographs in groups]
    results.write_locations(out, pa.Table.from_pylist(rows, results.LOCATIONS))


def bootstrap_interval(sums_s: Floats, counts_s: Floats, seed: int) -> tuple[float, float] | None:
    """95 % percentile interval of a mean over photographs, when whole sequences are drawn with replacement.

    Photographs of one sequence show the same animal in the same light: drawn one by one they would promise too much.

    Args:
        sums_s: sum of the values of each sequence.
        counts_s: number of photographs of each sequence.

    Returns:
        Lower and upper end; None with fewer than two sequences, which say nothing about others.
    """
    sequences = len(sums_s)
    if sequences < 2:
        return None
    random = np.random.default_rng(seed)
    means = np.empty(_DRAWS)
    step = max(1, _CELLS // sequences)
    for start in range(0, _DRAWS, step):
        drawn_ds = random.integers(sequences, size=(min(step, _DRAWS - start), sequences), dtype=np.int32)
        means[start : start + step] = sums_s[drawn_ds].sum(axis=1) / counts_s[drawn_ds].sum(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)


def _row(trial: str, location: str, photographs: pd.DataFrame) -> dict[str, object]:
    """A row of `results.LOCATIONS`; what has no data is null."""
    animals = photographs[photographs["iou"].notna()]
    empty = photographs[photographs["iou"].isna()]
    low, high = _interval(animals, _seed(trial, location)) or (None, None)
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


def _interval(animals: pd.DataFrame, seed: int) -> tuple[float, float] | None:
    # A photograph of no known sequence is one of its own; the prefixes keep the two kinds of name apart.
    sequence = ("s" + animals["seq_id"]).fillna("i" + animals["image_id"])
    codes, _ = pd.factorize(sequence)
    sums = np.bincount(codes, weights=animals["iou"]).astype(np.float64)
    return bootstrap_interval(sums, np.bincount(codes).astype(np.float64), seed)


def _seed(trial: str, location: str) -> int:
    return int.from_bytes(hashlib.sha256(f"{trial}\0{location}".encode()).digest()[:8])


def _mean(values: pd.Series[float] | pd.Series[bool]) -> float | None:
    return float(values.mean()) if len(values) else None
