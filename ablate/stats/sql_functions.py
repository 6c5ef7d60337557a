"""What SQL can ask of the report: functions that compute nothing before they are called.

shown_in(trial)                     LIST of STRUCT(protocol, setting): where the report's tables have it; 1 is the main
                                    protocol, and what judges nothing is in none
best_constant_box(trial, location)  IoU of the best constant box on the trial's photographs there
"""

from __future__ import annotations

import functools
from pathlib import Path

import duckdb

from ablate.stats import scores
from ablate.stats.test_set import constant_overlaps


def register(connection: duckdb.DuckDBPyConnection, out: Path) -> None:
    """Makes the functions known, of a folder of results."""
    columns = functools.cache(lambda: scores.columns(out))
    boxes = functools.cache(lambda trial: _constant_box(out, trial))
    column = duckdb.struct_type({"protocol": "INTEGER", "setting": "VARCHAR"})

    def columns_of(trial: str) -> list[dict[str, object]]:
        return [{"protocol": number, "setting": setting} for number, setting in columns().get(trial, ())]

    def constant_box(trial: str, location: str) -> float | None:
        return boxes(trial).get(location)

    connection.create_function("shown_in", columns_of, ["VARCHAR"], duckdb.list_type(column))
    connection.create_function("best_constant_box", constant_box, ["VARCHAR", "VARCHAR"], "DOUBLE")


def _constant_box(out: Path, trial: str) -> dict[str, float]:
    """By location; empty where the trial is not done."""
    means = constant_overlaps(out, trial).groupby("location")["iou"].mean()
    return {str(location): float(mean) for location, mean in means.items()}
