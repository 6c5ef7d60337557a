"""How long trials are going to take, judged by those of their kind that have run."""

from __future__ import annotations

import collections
import statistics
from collections.abc import Iterable
from pathlib import Path

from ablate.identity import BIRTH_DEFAULTS, Identities, PlannedTrial
from ablate.results.reader import read_rows

# What the time for a trial depends on, as far as its network reads it.
_OF_KIND = (
    *("model", "encoder", "freeze_encoder", "adapt", "image_size", "epochs", "width"),
    *("train_fraction", "train_images", "train_names"),
)
_SECONDS = ("train_seconds", "score_seconds")


def seconds(out: Path, trials: Iterable[PlannedTrial]) -> float | None:
    """Of training and scoring, over all of some trials; None where one of their kinds has never run here.

    Args:
        out: the folder of results whose finished trials tell.
    """
    rows = [
        {field: BIRTH_DEFAULTS.get(field) if value is None else value for field, value in row.items()}
        for row in read_rows(out, "trials", columns=["status", *_OF_KIND, *_SECONDS]).to_pylist()
        if row["status"] == "done" and None not in (row[name] for name in _SECONDS)
    ]
    identities = Identities()
    of_kinds: dict[tuple[str, ...], dict[object, float]] = {}
    total = 0.0
    for trial in trials:
        without = identities.ignored(trial.config)
        fields = tuple(field for field in _OF_KIND if field not in without)
        if fields not in of_kinds:
            of_kinds[fields] = _medians(rows, fields)
        median = of_kinds[fields].get(tuple(getattr(trial.config, field) for field in fields))
        if median is None:
            return None
        total += median
    return total


def _medians(rows: Iterable[dict[str, object]], fields: tuple[str, ...]) -> dict[object, float]:
    """The median of the seconds of rows that have the same values in some fields, by these values."""
    found: dict[object, list[float]] = collections.defaultdict(list)
    for row in rows:
        found[tuple(row[field] for field in fields)].append(sum(float(str(row[name])) for name in _SECONDS))
    return {values: statistics.median(times) for values, times in found.items()}
