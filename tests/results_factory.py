"""Plausible results without training anything: committed trials whose IoU the test chooses."""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ablate.config import TrialConfig
from ablate.identity import PlannedTrial
from ablate.results.writer import write_rows
from ablate.runner.plan import TrainingJob
from ablate.storage import publish

SIZE = (1000, 800)  # of every photograph
BOX = (250.0, 200.0, 750.0, 600.0)  # of the animal: a quarter of the frame, in its middle


Boxes = Sequence[tuple[float, ...]]
# Of photographs with these in turn no constant box scores more than a ninth.
SCATTERED: Boxes = [(x, y, x + 200.0, y + 200.0) for x in (0.0, 400.0, 800.0) for y in (0.0, 300.0, 600.0)]


@dataclass(frozen=True)
class Photo:
    """A photograph of `SIZE`; one without boxes is empty."""

    location: str
    image_id: str
    seq_id: str | None
    boxes: tuple[tuple[float, ...], ...] = (BOX,)


def photos(
    animals: Mapping[str, int], empty: Mapping[str, int] | None = None, per_sequence: int = 3, boxes: Boxes = (BOX,)
) -> list[Photo]:
    """So many photographs per location, in sequences of `per_sequence`; the animal is at each of the boxes in turn."""
    shot = [
        Photo(location, f"{location}-{number}", f"{location}-q{number // per_sequence}", (boxes[number % len(boxes)],))
        for location, amount in animals.items()
        for number in range(amount)
    ]
    return shot + [
        Photo(location, f"{location}-e{number}", None, ())
        for location, amount in (empty or {}).items()
        for number in range(amount)
    ]


DEMO = photos({"10": 40, "2": 31, "4": 12}, {"2": 4, "10": 4})

Score = float | Mapping[str, float] | Callable[[Photo], float]


def planned(photos_digest: str = "photos-a", arm_digest: str | None = None, **config: object) -> PlannedTrial:
    """A trial as `ablate.runner.plan` makes it; its id depends on everything given."""
    trial = TrialConfig.model_validate(config)
    arm = arm_digest or f"arm-{trial.arm}"
    key = hashlib.sha256(f"{trial!r} {arm} {photos_digest}".encode()).hexdigest()[:16]
    return PlannedTrial(
        name=f"{trial.model}-{trial.arm}-{trial.augment}-s{trial.seed}",
        config=trial,
        trial=f"s{key}",
        training=f"t{key}",
        arm_digest=arm,
        photos_digest=photos_digest,
        code="code",
    )


def write(
    out: Path,
    iou: Score = 0.5,
    *,
    of: Sequence[Photo] = DEMO,
    alarms: int = 0,
    val_iou: float = 0.8,
    commit: bool = True,
    search: str | None = None,
    transductive: bool = False,
    training: str | None = None,
    ran: Mapping[str, object] | None = None,
    **identity: object,
) -> str:
    """Writes a finished trial and returns its id.

    Args:
        iou: of every photograph, per location, or per photograph. 0 is written as nothing found.
        alarms: how many of the empty photographs raise a false alarm.
        commit: False leaves out the row in `trials`, as a killed trial does.
        search: that suggested the trial.
        transductive: its arm took its look from the photographs.
        training: whose network it scores; None for one of its own.
        ran: columns of `trials` that say where it ran, such as its device.
        identity: fields of `TrialConfig`, `photos_digest`, `arm_digest`.
    """
    trial = planned(**identity).model_copy(update={"search": search, "transductive": transductive})
    trial = trial.model_copy(update={"training": training or trial.training})
    ids = {"trial": trial.trial, "training": trial.training}
    known = ids | trial.config.model_dump(include={"model", "arm", "augment", "seed", "selection"})
    left = iter(range(alarms))
    rows = [known | _row(photo, iou if photo.boxes else None, left) for photo in of]
    write_rows(out, "images", trial.trial, rows)
    epochs = [ids | {"epoch": epoch, "train_loss": 1 / epoch, "val_iou": val_iou} for epoch in (1, 2)]
    write_rows(out, "epochs", trial.trial, epochs)
    if commit:
        _commit(out, trial, {"status": "done", "val_iou": val_iou, "epoch": 2} | dict(ran or {}))
    return trial.trial


def write_failed(out: Path, reason: str = "RuntimeError: out of memory", **identity: object) -> str:
    """Writes the row of a failed trial and returns its id."""
    trial = planned(**identity)
    _commit(out, trial, {"status": "failed", "reason": reason})
    return trial.trial


def write_plan(
    out: Path, trials: Sequence[str] | None = None, space: str = "mine", judges: bool = True, at: str = "r1"
) -> str:
    """Writes the plan of a run of some trials, of all where none are named, and returns its id."""
    ids = list(trials if trials is not None else (path.stem for path in sorted((out / "trials").glob("*.parquet"))))
    asked = {"space": space, "trials": ids, "judges": judges}
    record = {"run": at, "started_at": "2026-01-01T00:00:00+00:00", "space": space, "trials": ids, "spaces": [asked]}
    publish(out / "runs" / f"{at}.json", json.dumps(record).encode())
    return at


def job(trial: PlannedTrial, out: Path) -> TrainingJob:
    """What works on a trial alone, on data that is nowhere."""
    known = {"data": "nowhere", "manifest": "", "results": str(out), "trials": (trial,), "threads": 1, "gpu": False}
    return TrainingJob.model_validate(known | {"max_failures": 0, "code_must_match": False})


def commit(out: Path, trial: PlannedTrial, val_iou: float) -> None:
    """Writes the row of a finished trial and its last epoch."""
    epoch = {"trial": trial.trial, "training": trial.training, "epoch": 1, "val_iou": val_iou}
    write_rows(out, "epochs", trial.trial, [epoch])
    _commit(out, trial, {"status": "done", "val_iou": val_iou, "epoch": 1})


def commit_failed(out: Path, trial: PlannedTrial, reason: str) -> None:
    """Writes the row of a failed trial."""
    _commit(out, trial, {"status": "failed", "reason": reason})


def _commit(out: Path, trial: PlannedTrial, outcome: dict[str, object]) -> None:
    row = trial.config.model_dump() | trial.model_dump(exclude={"config", "code"}) | {"code_digest": trial.code}
    started = {"started_at": datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)}
    write_rows(out, "trials", trial.trial, [row | started | outcome])


def _row(photo: Photo, iou: Score | None, alarms: object) -> dict[str, object]:
    if iou is None:
        value, found = None, next(alarms, None) is not None
        outcome = "false_alarm" if found else "quiet"
    else:
        value = iou(photo) if callable(iou) else iou[photo.location] if isinstance(iou, Mapping) else iou
        found = value > 0
        outcome = "missed" if not found else "hit" if value >= 0.5 else "partial"
    return {
        "location": photo.location,
        "image_id": photo.image_id,
        "seq_id": photo.seq_id,
        "captured_at": datetime.datetime(2012, 5, 1, 12),
        "width": SIZE[0],
        "height": SIZE[1],
        "true_boxes": [list(box) for box in photo.boxes],
        "pred_box": list(BOX) if found else None,
        "score": 0.9 if found else None,
        "iou": value,
        "iou_any": value,
        "iou_all": value,
        "n_components": int(found),
        "outcome": outcome,
    }


def random_boxes(
    random: np.random.Generator, amount: int, at_most: int = 1
) -> list[tuple[list[list[float]], int, int]]:
    """Photographs for `TrueBoxes.of`, each with 1 .. `at_most` boxes inside the frame."""
    shots = []
    for _ in range(amount):
        count = int(random.integers(1, at_most + 1))
        middle, half = random.uniform(0.2, 0.8, (count, 2)), random.uniform(0.02, 0.3, (count, 2))
        boxes = np.clip(np.concatenate([middle - half, middle + half], axis=1), 0, 1) * np.tile(SIZE, 2)
        shots.append((boxes.tolist(), *SIZE))
    return shots
