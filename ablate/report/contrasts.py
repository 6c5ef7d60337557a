"""The questions that the paper asks of its tables, asked of paired photographs: which differences are real?

All are planned here, before any result is seen. A contrast compares two sides on the same photographs: for each
photograph the IoU under one setting minus that under another, averaged over seeds and over all pairs of settings that
differ in nothing else. Effects and intervals are of the image-weighted mean (`intervals`), p-values of the sign-flip
test over locations (`permutation`), adjusted by Holm for the number of questions that are asked together.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from ablate.config import OfAugmentation, OfNetwork, fields_of
from ablate.intervals import Estimate, image_weighted
from ablate.report.permutation import holm, sign_flip, smallest_p
from ablate.report.settings import PAPER_MODELS, PROTOCOL, effective, model_title

Trial = dict[Any, Any]  # a row of `trials`
Seeds = dict[int, str]  # the trial of each seed

ALPHA = 0.05
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
        effect: of the image-weighted mean IoU, in [-1, 1].
        p: of the sign-flip test; adjusted: by Holm, over all questions of the scope.
        asked: how many questions that are.
    """

    question: Question
    scope: str
    pairs: int
    effect: Estimate
    p: float
    adjusted: float = float("nan")
    asked: int = 1

    @property
    def decidable(self) -> bool:
        """Whether so many locations can give a p-value that stands Holm's correction, were it the smallest."""
        return smallest_p(self.effect.locations) * self.asked <= ALPHA

    @property
    def settled(self) -> bool:
        return self.decidable and self.adjusted <= ALPHA

    @property
    def gain(self) -> Estimate:
        """The effect, seen from the side that is ahead."""
        effect = self.effect
        if not effect.mean < 0:
            return effect
        return replace(effect, mean=-effect.mean, low=-effect.high, high=-effect.low)

    @property
    def verdict(self) -> str:
        """In plain words."""
        if not self.decidable:
            return f"cannot be decided with {self.effect.locations} location{'s' * (self.effect.locations != 1)}"
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
    adjusted = holm([one.p for one in found])
    return [replace(one, adjusted=p, asked=len(found)) for one, p in zip(found, adjusted, strict=True)]


def _answer(
    question: Question, scope: str, iou: pd.DataFrame, trials: Sequence[Trial], location: pd.Series[str]
) -> Iterator[Contrast]:
    pairs = list(_pairs(question, trials))
    seeds = sorted(set.intersection(*(set(better) & set(other) for better, other in pairs))) if pairs else []
    if not seeds:
        return
    by_seed = {
        seed: sum(iou[better[seed]] - iou[other[seed]] for better, other in pairs) / len(pairs) for seed in seeds
    }
    difference = pd.DataFrame(by_seed).dropna()
    per_location = difference.groupby(location).mean()
    count_l = np.asarray(difference.groupby(location).size(), dtype=np.float64)
    mean_ls = per_location.to_numpy(dtype=np.float64)
    p = sign_flip(mean_ls.mean(axis=1), count_l / count_l.sum())
    yield Contrast(question, scope, len(pairs), image_weighted(mean_ls.T, count_l), p)


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
