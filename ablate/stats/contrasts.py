"""The questions that the paper asks of its tables, asked of paired photographs: which differences are real?

All are planned here, before any result is seen. A contrast compares two sides on the same photographs: for each
photograph the IoU under one setting minus that under another, averaged over seeds and over all pairs of settings that
differ in nothing else. The effect is of the image-weighted mean (`ablate.stats.intervals`), and the verdict is what its
interval says, which is as wide as Holm's correction for the questions of its scope asks (`holm`).

A verdict is about settings, so it needs their noise between seeds: one seed tells of the trained networks alone.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from ablate.config import OfAugmentation, OfNetwork, fields_of
from ablate.identity import OF_LEARNING_ENCODERS
from ablate.stats.holm import ALPHA, divisors
from ablate.stats.intervals import Estimate, Floats, combined
from ablate.stats.questions import INGREDIENTS, LOOKING, LOOKS, Question, questions
from ablate.stats.settings import IMAGES, PAPER_MODELS, PRECISION, PROTOCOL, effective, model_title
from ablate.stats.test_set import CONSTANT

Trial = dict[Any, Any]  # a row of `trials`
Seeds = dict[int, str]  # the trial of each seed
Setting = tuple[str, ...]  # its trials, one for each seed

ALL = "all networks"
BOTH_BELOW = f"both below the {CONSTANT}"
_IDENTITY = ("model", "arm", "augment", "arm_digest", PRECISION, *PROTOCOL)
# Fields that belong to a part: where the part differs, so may they.
_OF_PART = {
    "model": frozenset(fields_of(OfNetwork)),
    "augment": frozenset(fields_of(OfAugmentation)),
    "arm": frozenset({"arm_digest"}),
    # How an encoder learns is said of one that learns, and of pretrained ones otherwise than of random ones.
    "freeze_encoder": frozenset(OF_LEARNING_ENCODERS),
    "encoder_weights": frozenset(OF_LEARNING_ENCODERS),
    **dict.fromkeys(LOOKING, frozenset({LOOKS})),
}


@dataclass(frozen=True)
class Contrast:
    """A question's answer.

    Attributes:
        scope: the network that it is about, or `ALL` of several.
        pairs: how many pairs of settings were compared.
        effect: of the image-weighted mean IoU, in [-1, 1]; the level of its interval is Holm's, over the scope.
        ahead: the gain of the side that is ahead over the best constant box; NaN where that is not known.
        asked: how many questions of the scope have a p-value: Holm's family.
    """

    question: Question
    scope: str
    pairs: int
    effect: Estimate
    ahead: float = float("nan")
    asked: int = 1

    @property
    def decidable(self) -> bool:
        """Whether there is an interval to go by, and the noise between seeds is in it."""
        return self.effect.training_noise is not None and not self.effect.too_few_locations

    @property
    def settled(self) -> bool:
        """One setting is better than the other."""
        return self.decidable and self.effect.excludes_zero

    @property
    def nothing_learned(self) -> bool:
        """Whether even the side that is ahead does not reach the best constant box."""
        return self.ahead <= 0

    @property
    def praised(self) -> bool:
        """Whether one setting is better than the other, and has learned something that the metric sees."""
        return self.settled and not self.nothing_learned

    @property
    def state(self) -> str:
        """In a word."""
        if self.effect.seeds and self.effect.too_few_locations:
            return "too few locations"
        if self.effect.training_noise is None:
            return "one seed" if self.effect.seeds else "no common seed"
        return "settled" if self.settled else "not settled"

    @property
    def gain(self) -> Estimate:
        """The effect, seen from the side that is ahead."""
        return replace(self.effect, mean=abs(self.effect.mean))

    @property
    def verdict(self) -> str:
        """In plain words."""
        if self.state == "too few locations":
            return f"cannot be decided with {self.effect.kish:.1f} effective locations"
        if self.state == "no common seed":
            return "no seed in common"
        if self.nothing_learned and self.effect.excludes_zero:
            return BOTH_BELOW
        if self.state == "one seed":
            return "trainings differ on these photographs" if self.effect.excludes_zero else "not settled"
        if not self.settled:
            return "not settled"
        better, other = self.question.names if self.effect.mean > 0 else self.question.names[::-1]
        return f"{better} better than {other}"


def contrasts(
    iou: pd.DataFrame, trials: pd.DataFrame, location: pd.Series[str], constant: pd.Series[float] | None = None
) -> tuple[Contrast, ...]:
    """Answers every question that the trials have both sides of: over all networks, then for each.

    Args:
        iou: of each photograph with an animal (index) under each trial that is done (columns).
        trials: rows of `trials`, at least those of the columns.
        location: of each photograph; the index is that of `iou`.
        constant: the best constant box's IoU on each photograph, by the same index.
    """
    known = effective(trials[trials["trial"].isin(iou.columns)]).astype(object)
    if PRECISION not in known or known[PRECISION].nunique() <= 1:  # what an older version did not record is no other
        known[PRECISION] = None
    done: list[Trial] = known.where(known.notna(), None).to_dict("records")
    models, arms = ([str(value) for value in known[field].unique()] for field in ("model", "arm"))
    used = {field: _values(known[field]) for field in ("encoder", "encoder_weights", *IMAGES, LOOKS, *INGREDIENTS)}
    everything = ALL if len(models) > 1 else "".join(map(model_title, models))
    scored = _Scored.of(iou, location, pd.Series(math.nan, index=iou.index) if constant is None else constant)
    answers = _answers(everything, questions(models, arms, used), scored, done)
    if len(models) > 1:
        within = [question for question in questions(models, arms, used) if question.field != "model"]
        for model in sorted(models, key=[*PAPER_MODELS, *models].index):
            of_model = [trial for trial in done if trial["model"] == model]
            answers += _answers(model_title(model), within, scored, of_model)
    return tuple(answers)


@dataclass(frozen=True)
class _Scored:
    """What `contrasts` was given of photographs, and what of it many questions need.

    Attributes:
        means: at each location (index) under each trial; counts: photographs, by the same index; totals: the mean over
            all photographs under each trial. Of photographs that have a score under all of these trials.
    """

    iou: pd.DataFrame
    location: pd.Series[str]
    constant: pd.Series[float]
    means: pd.DataFrame
    counts: Floats
    totals: pd.Series[float]

    @classmethod
    def of(cls, iou: pd.DataFrame, location: pd.Series[str], constant: pd.Series[float]) -> _Scored:
        by_location = iou.groupby(location)
        counts = np.asarray(by_location.size(), dtype=np.float64)
        return cls(iou, location, constant.reindex(iou.index), by_location.mean(), counts, iou.mean())

    def only(self, trials: list[str]) -> _Scored:
        """The same of some trials."""
        iou = self.iou[trials]
        if iou.notna().all(axis=None):
            return replace(self, iou=iou, means=self.means[trials], totals=self.totals[trials])
        complete = iou.dropna()
        return self.of(complete, self.location, self.constant)


def _values(column: pd.Series[Any]) -> list[Hashable]:
    return [*column.dropna().unique()]


def _answers(scope: str, asked: Sequence[Question], scored: _Scored, trials: Sequence[Trial]) -> list[Contrast]:
    found = [one for question in asked for one in _answer(question, scope, scored, trials)]
    p_values = [one.effect.p for one in found]
    family = sum(not math.isnan(p) for p in p_values)
    divided = zip(found, divisors(p_values), strict=True)
    return [replace(one, effect=one.effect.at(1 - ALPHA / divisor), asked=family) for one, divisor in divided]


def _answer(question: Question, scope: str, scored: _Scored, trials: Sequence[Trial]) -> Iterator[Contrast]:
    pairs = list(_pairs(question, trials))
    if not pairs:
        return
    seeds = sorted(set.intersection(*(set(better) & set(other) for better, other in pairs)))
    if not seeds:
        yield Contrast(question, scope, len(pairs), combined(np.empty((1, 0, 0)), np.empty(0)))
        return
    parts = _parts(pairs, seeds)
    scores = scored.only([*dict.fromkeys(trial for part in parts for trial in part)])
    training = {str(trial["trial"]): trial["training"] for trial in trials}
    mean_ksl: dict[tuple[str, ...], Floats] = {}
    for part, coefficient in parts.items():  # what scores one training in two ways has its noise twice, not two noises
        trained = tuple(str(training[trial]) for trial in part)
        mean_ksl[trained] = (
            mean_ksl.get(trained, 0.0) + coefficient * scores.means[[*part]].to_numpy(dtype=np.float64).T
        )
    effect = combined(np.stack([*mean_ksl.values()]), scores.counts)
    sign = 1 if effect.mean > 0 else -1
    ahead = [trial for part, coefficient in parts.items() if coefficient * sign > 0 for trial in part]
    gain = scores.totals[ahead].mean() - scores.constant.mean() if ahead else math.nan
    yield Contrast(question, scope, len(pairs), effect, float(gain))


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
        if trial[question.field] in question.values and _looks_alike(question, trial):
            sides = alike.setdefault(tuple(trial[field] for field in same), {value: {} for value in question.values})
            setting = tuple(trial[field] for field in _IDENTITY)
            sides[trial[question.field]].setdefault(setting, {})[int(trial["seed"])] = trial["trial"]
    for sides in alike.values():
        better, other = (sides[value].values() for value in question.values)
        yield from itertools.product(better, other)


def _looks_alike(question: Question, trial: Trial) -> bool:
    """Whether a trial looks at the question's photographs, if at any: else sides would differ in those too."""
    return question.looks is None or trial[LOOKS] in {None, question.looks}
