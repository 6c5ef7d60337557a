"""The questions that the paper asks of its tables, asked of paired photographs: which differences are real?

All are planned here, before any result is seen. A contrast compares two sides on the same photographs: for each
photograph the IoU under one setting minus that under another, averaged over seeds and over all pairs of settings that
differ in nothing else. The effect is of the image-weighted mean (`ablate.intervals`), and the verdict is what its
interval says, which is as wide as Holm's correction for the questions of its scope asks (`holm`).

A verdict is about settings, so it needs their noise between seeds: one seed tells of the trained networks alone.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from ablate.config import OfAugmentation, OfNetwork, fields_of
from ablate.intervals import Estimate, Floats, combined
from ablate.report.holm import ALPHA, divisors
from ablate.report.settings import PAPER_MODELS, PROTOCOL, effective, model_title

Trial = dict[Any, Any]  # a row of `trials`
Seeds = dict[int, str]  # the trial of each seed
Setting = tuple[str, ...]  # its trials, one for each seed

ALL = "all networks"
_IDENTITY = ("model", "arm", "augment", "arm_digest", *PROTOCOL)
# Fields that belong to a part: where the part differs, so may they.
_OF_PART = {
    "model": frozenset(fields_of(OfNetwork)),
    "augment": frozenset(fields_of(OfAugmentation)),
    "arm": frozenset({"arm_digest"}),
}


@dataclass(frozen=True)
class Question:
    """Whether one value of a field is better than another.

    Attributes:
        field: of a trial; values: the better one, as supposed, and the other.
        names: of the two sides, as a sentence calls them.
    """

    field: str
    values: tuple[str, str]
    names: tuple[str, str]


@dataclass(frozen=True)
class Contrast:
    """A question's answer.

    Attributes:
        scope: the network that it is about, or `ALL`.
        pairs: how many pairs of settings were compared.
        effect: of the image-weighted mean IoU, in [-1, 1]; the level of its interval is Holm's, over the scope.
        asked: how many questions of the scope have an interval: Holm's family.
    """

    question: Question
    scope: str
    pairs: int
    effect: Estimate
    asked: int = 1

    @property
    def decidable(self) -> bool:
        """Whether there is an interval, and the noise between seeds is in it."""
        return self.effect.places is not None and self.effect.trainings is not None

    @property
    def settled(self) -> bool:
        """One setting is better than the other."""
        return self.decidable and self.effect.excludes_zero

    @property
    def gain(self) -> Estimate:
        """The effect, seen from the side that is ahead."""
        return replace(self.effect, mean=abs(self.effect.mean))

    @property
    def verdict(self) -> str:
        """In plain words."""
        if self.effect.places is None:
            return f"cannot be decided with {self.effect.locations} location{'s' * (self.effect.locations != 1)}"
        if self.effect.trainings is None:
            return "networks differ on these photographs" if self.effect.excludes_zero else "not settled"
        if not self.settled:
            return "not settled"
        better, other = self.question.names if self.effect.mean > 0 else self.question.names[::-1]
        return f"{better} better than {other}"


def questions(models: Sequence[str], arms: Sequence[str] = ()) -> tuple[Question, ...]:
    """The planned questions; networks are compared each with each, in the paper's order, other looks with the crops."""
    known = [model for model in PAPER_MODELS if model in models]
    between = [(a, b) for i, a in enumerate(known) for b in known[i + 1 :]]
    return (
        Question("augment", ("jitter", "none"), ("jitter", "no jitter")),
        Question("arm", ("i2i", "crop"), ("i2i", "crop")),
        *(Question("arm", (arm, "crop"), (arm, "crop")) for arm in sorted({*arms} - {"full", "crop", "i2i"})),
        Question("arm", ("crop", "full"), ("crop", "full")),
        Question("encoder_weights", ("imagenet", "none"), ("pretraining", "no pretraining")),
        *(Question("model", pair, pair) for pair in between),
    )


def contrasts(iou: pd.DataFrame, trials: pd.DataFrame, location: pd.Series[str]) -> tuple[Contrast, ...]:
    """Answers every question that the trials have both sides of: over all networks, then for each.

    Args:
        iou: of each photograph with an animal (index) under each trial that is done (columns).
        trials: rows of `trials`, at least those of the columns.
        location: of each photograph; the index is that of `iou`.
    """
    known = effective(trials[trials["trial"].isin(iou.columns)]).astype(object)
    done: list[Trial] = known.where(known.notna(), None).to_dict("records")
    models, arms = ([str(value) for value in known[field].unique()] for field in ("model", "arm"))
    answers = _answers(ALL, questions(models, arms), iou, done, location)
    if len(models) > 1:
        within = [question for question in questions(models, arms) if question.field != "model"]
        for model in sorted(models, key=[*PAPER_MODELS, *models].index):
            answers += _answers(
                model_title(model), within, iou, [trial for trial in done if trial["model"] == model], location
            )
    return tuple(answers)


def _answers(
    scope: str, asked: Sequence[Question], iou: pd.DataFrame, trials: Sequence[Trial], location: pd.Series[str]
) -> list[Contrast]:
    found = [one for question in asked for one in _answer(question, scope, iou, trials, location)]
    family = sum(one.effect.places is not None for one in found)
    divided = zip(found, divisors([one.effect.p for one in found]), strict=True)
    return [replace(one, effect=one.effect.at(1 - ALPHA / divisor), asked=family) for one, divisor in divided]


def _answer(
    question: Question, scope: str, iou: pd.DataFrame, trials: Sequence[Trial], location: pd.Series[str]
) -> Iterator[Contrast]:
    pairs = list(_pairs(question, trials))
    seeds = sorted(set.intersection(*(set(better) & set(other) for better, other in pairs))) if pairs else []
    if not seeds:
        return
    parts = _parts(pairs, seeds)
    scores = iou[[*dict.fromkeys(trial for part in parts for trial in part)]].dropna()
    by_location = scores.groupby(location)
    count_l, means = np.asarray(by_location.size(), dtype=np.float64), by_location.mean()
    training = {str(trial["trial"]): trial["training"] for trial in trials}
    mean_ksl: dict[tuple[str, ...], Floats] = {}
    for part, coefficient in parts.items():  # what scores one training in two ways has its noise twice, not two noises
        trained = tuple(str(training[trial]) for trial in part)
        mean_ksl[trained] = mean_ksl.get(trained, 0.0) + coefficient * means[[*part]].to_numpy(dtype=np.float64).T
    yield Contrast(question, scope, len(pairs), combined(np.stack([*mean_ksl.values()]), count_l))


def _parts(pairs: Sequence[tuple[Seeds, Seeds]], seeds: Sequence[int]) -> dict[Setting, float]:
    """Each setting of the pairs, as its trials of the seeds, and its coefficient in the mean of their differences."""
    signs: Counter[Setting] = Counter()
    for sides in pairs:
        for side, sign in zip(sides, (1, -1), strict=True):
            signs[tuple(side[seed] for seed in seeds)] += sign
    return {setting: sign / len(pairs) for setting, sign in signs.items()}


def _pairs(question: Question, trials: Sequence[Trial]) -> Iterator[tuple[Seeds, Seeds]]:
    """Settings that differ in the question's field alone: of both, the trial of each seed."""
    free = {question.field, *_OF_PART.get(question.field, ())}
    same = [field for field in _IDENTITY if field not in free]
    alike: dict[tuple[object, ...], dict[object, dict[tuple[object, ...], Seeds]]] = {}
    for trial in trials:
        if trial[question.field] in question.values:
            sides = alike.setdefault(tuple(trial[field] for field in same), {value: {} for value in question.values})
            setting = tuple(trial[field] for field in _IDENTITY)
            sides[trial[question.field]].setdefault(setting, {})[int(trial["seed"])] = trial["trial"]
    for sides in alike.values():
        better, other = (sides[value].values() for value in question.values)
        yield from itertools.product(better, other)
