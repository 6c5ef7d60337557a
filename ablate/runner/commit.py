"""A trial's row in `trials`: the commit mark that makes its other rows visible, or says why there are none."""

from __future__ import annotations

import importlib.metadata
import json
import platform
import statistics
from typing import TYPE_CHECKING, Any

import ablate
from ablate.identity import PlannedTrial, ignored
from ablate.results.reader import read_rows
from ablate.results.writer import withdraw, write_rows
from ablate.runner.plan import TrainingJob
from ablate.storage import working_copy
from ablate.training.best_epoch import best_epoch

if TYPE_CHECKING:
    from ablate.training.loop import EpochRow

_LIBRARIES = ("torch", "timm", "kornia", "ray", "webdataset", "numpy", "opencv-python-headless")


def commit(job: TrainingJob, trial: PlannedTrial, outcome: dict[str, Any]) -> None:
    """Writes a trial's row: who it is, and how it went."""
    identity = trial.model_dump(
        include={"trial", "training", "name", "search", "arm_digest", "photos_digest", "transductive"}
    )
    unread = dict.fromkeys({"encoder", "decoder"} & ignored(trial.config))  # they would tell of a network that is not
    versions = json.dumps({"ablate": ablate.__version__} | versions_here())
    row = trial.config.model_dump() | unread | identity | {"versions": versions} | outcome
    write_rows(job.out, "trials", trial.trial, [row])


def commit_done(
    job: TrainingJob,
    trial: PlannedTrial,
    rows: list[EpochRow],
    scored: list[dict[str, Any]],
    circumstances: dict[str, Any],
) -> None:
    """Writes a finished trial's rows; the row in `trials`, which makes the others visible, last.

    Args:
        rows: of its epochs; scored: of the photographs.
    """
    ids = {"trial": trial.trial, "training": trial.training}
    known = ids | trial.config.model_dump(include={"model", "arm", "augment", "seed", "selection"})
    withdraw(job.out, trial.trial)  # rows of other code must not show behind the old commit mark
    write_rows(job.out, "images", trial.trial, [known | row for row in scored])
    write_rows(job.out, "epochs", trial.trial, [ids | row for row in rows])
    row = rows[best_epoch(rows) - 1 if trial.config.selection == "best_val" else -1]
    outcome = {
        "status": "done",
        "train_seconds": sum(row["seconds"] for row in rows),
        "images_per_second": statistics.median(row["images_per_second"] for row in rows),
        "val_iou": row["val_iou"],
        "epoch": row["epoch"],
    }
    commit(job, trial, outcome | circumstances)


def commit_stopped(job: TrainingJob, rows: list[EpochRow], reason: str) -> None:
    """Records that a job was stopped early, with its epochs so far, for those of its trials that are not done."""
    for trial in _not_done(job):
        ids = {"trial": trial.trial, "training": trial.training}
        write_rows(job.out, "epochs", trial.trial, [ids | row for row in rows])
        last = {"val_iou": rows[-1]["val_iou"], "epoch": rows[-1]["epoch"]}
        seconds = {"train_seconds": sum(row["seconds"] for row in rows)}
        commit(job, trial, {"status": "stopped", "reason": reason} | last | seconds | trained_on(rows))


def commit_failure(job: TrainingJob, reason: str, circumstances: dict[str, Any]) -> None:
    """Records that a job failed, for those of its trials that are not done, by this run or another."""
    for trial in _not_done(job):
        commit(job, trial, {"status": "failed", "reason": reason} | circumstances)


def trained_on(rows: list[EpochRow]) -> dict[str, str | None]:
    """The device, the arithmetic and the code of the epochs; joined where a training went on elsewhere.

    None of what rows of an older version do not tell.
    """
    columns = ("device", "precision_used", "execution_used", "code_digest")
    found = {column: dict.fromkeys(row[column] for row in rows if row.get(column)) for column in columns}
    return {column: " + ".join(values) or None for column, values in found.items()}


def _not_done(job: TrainingJob) -> list[PlannedTrial]:
    for trial in job.trials:
        working_copy.pull(job.out / "trials" / f"{trial.trial}.parquet")
    rows = read_rows(job.out, "trials", [trial.trial for trial in job.trials]).to_pylist()
    done = {row["trial"] for row in rows if row["status"] == "done"}
    return [trial for trial in job.trials if trial.trial not in done]


def versions_here() -> dict[str, str | None]:
    """Of Python and the libraries that decide what a trial computes; None of one that is not installed by that name."""
    return {name: _version(name) for name in _LIBRARIES} | {"python": platform.python_version()}


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:  # installed under another name, as OpenCV can be
        return None
