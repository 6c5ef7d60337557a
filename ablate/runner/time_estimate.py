"""How long trials are going to take, judged by those of their kind that have run."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

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
    done = read_rows(out, "trials", columns=["status", *_OF_KIND, *_SECONDS]).to_pandas()
    done = done[(done["status"] == "done") & done[[*_SECONDS]].notna().all(axis="columns")]
    done = done.fillna({field: BIRTH_DEFAULTS[field] for field in _OF_KIND})
    identities = Identities()
    of_kinds: dict[tuple[str, ...], dict[object, float]] = {}
    total = 0.0
    for trial in trials:
        without = identities.ignored(trial.config)
        fields = tuple(field for field in _OF_KIND if field not in without)
        if fields not in of_kinds:
            of_kinds[fields] = _medians(done, fields)
        median = of_kinds[fields].get(tuple(getattr(trial.config, field) for field in fields))
        if median is None:
            return None
        total += median
    return total


def _medians(done: pd.DataFrame, fields: tuple[str, ...]) -> dict[object, float]:
    """The median of the seconds of trials that have the same values in some fields, by these values."""
    if not len(done):
        return {}
    taken = done[[*_SECONDS]].sum(axis="columns")
    medians = taken.groupby([done[field] for field in fields]).median()
    return dict(zip(medians.index.tolist(), medians.tolist(), strict=True))
