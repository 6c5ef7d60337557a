"""The questions that are asked of results, all planned before any result is seen."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from ablate.config import Recipe, TrialConfig, fields_of
from ablate.stats.settings import PAPER_MODELS, shown_value, told_value

LOOKING, LOOKS = ("fda", "adapt"), "unlabelled"  # ingredients that look at photographs, and the field that says which
# Fields whose every value is compared with the paper's, which is to go without.
INGREDIENTS = (*fields_of(Recipe), "standardise", "ema", "adapt", "encoder_rate", "freeze_norm", "test_flip")


@dataclass(frozen=True)
class Question:
    """Whether one value of a field is better than another.

    Attributes:
        field: of a trial; values: the better one, as supposed, and the other.
        names: of the two sides, as a sentence calls them.
        looks: which photographs an ingredient looks at; the other side looks at the same, or at none.
    """

    field: str
    values: tuple[object, object]
    names: tuple[str, str]
    looks: str | None = None


def questions(
    models: Sequence[str], arms: Sequence[str] = (), used: Mapping[str, Sequence[object]] = MappingProxyType({})
) -> tuple[Question, ...]:
    """The planned questions.

    Networks are compared each with each, in the paper's order; other looks with the crops, and arms together with each
    of them; encoders and sources of weights each with each; ingredients with going without. Training images of several
    names are compared with those of each of them, and all with those of each; numbers of images with the next smaller.

    Args:
        used: the values that trials have of a field, for fields whose values no list could hold.
    """
    known = [model for model in PAPER_MODELS if model in models]
    between = [(a, b) for i, a in enumerate(known) for b in known[i + 1 :]]
    return (
        Question("augment", ("jitter", "none"), ("jitter", "no jitter")),
        Question("arm", ("i2i", "crop"), ("i2i", "crop")),
        *(Question("arm", (arm, "crop"), (arm, "crop")) for arm in sorted({*arms} - {"full", "crop", "i2i"})),
        Question("arm", ("crop", "full"), ("crop", "full")),
        *_of_joined(arms),
        *_of_encoders(used),
        *_of_ingredients(used),
        *_of_images(used),
        *(Question("model", pair, pair) for pair in between),
    )


def _of_joined(arms: Sequence[str]) -> Iterator[Question]:
    """Arms together, against each of them but the crops, with which all are compared."""
    for arm in sorted(arm for arm in arms if "+" in arm):
        yield from (Question("arm", (arm, part), (arm, part)) for part in arm.split("+") if part in {*arms} - {"crop"})


def _of_encoders(used: Mapping[str, Sequence[object]]) -> Iterator[Question]:
    weights = sorted({str(value) for value in used.get("encoder_weights", ())} - {"none"})
    for value in weights or ["imagenet"]:
        names = ("pretraining" if len(weights) <= 1 else shown_value(value), "no pretraining")
        yield Question("encoder_weights", (value, "none"), names)
    for pair in itertools.combinations(weights, 2):
        yield Question("encoder_weights", pair, (shown_value(pair[0]), shown_value(pair[1])))
    yield Question("freeze_encoder", (True, False), ("frozen encoder", "tuned encoder"))
    for pair in itertools.combinations(sorted(str(value) for value in used.get("encoder", ())), 2):
        yield Question("encoder", pair, pair)


def _of_images(used: Mapping[str, Sequence[object]]) -> Iterator[Question]:
    """Names such as `forest|arid` against each part of them that is used alone; "", all images, against the parts.

    Numbers: each against the next smaller one that is used, whatever the names.
    """
    names = sorted(str(value) for value in used.get("train_names", ()))
    parts = {name: {*name.split("|")} & {*names} - {name} for name in names}
    parts |= {"": {name for name in names if name and not parts[name]}}
    pairs: list[tuple[str, object, object]] = [
        ("train_names", name, part) for name in names for part in sorted(parts[name])
    ]
    given = (float(str(value)) for value in used.get("train_images", ()))
    numbers = sorted(given, key=lambda number: number or math.inf)  # 0 stands for all, which are most
    pairs += [("train_images", more, fewer) for fewer, more in itertools.pairwise(numbers)]
    for field, value, other in pairs:
        yield Question(field, (value, other), (told_value(field, value), told_value(field, other)))


def _of_ingredients(used: Mapping[str, Sequence[object]]) -> Iterator[Question]:
    looks = [str(value) for value in used.get(LOOKS, ())]
    for field in INGREDIENTS:
        default = getattr(TrialConfig(), field)
        others = sorted((value for value in used.get(field, ()) if value != default), key=str)
        for value in others:
            off = default in (False, 0.0, "none")
            named = field if off and len(others) == 1 else f"{field}={shown_value(value)}"
            without = f"no {field}" if off else f"{field}={shown_value(default)}"
            if field not in LOOKING:
                yield Question(field, (value, default), (named, without))
                continue
            for look in looks:
                told = named if len(looks) == 1 else f"{named} ({LOOKS}={look})"
                yield Question(field, (value, default), (told, without), look)
    yield Question("loss", ("bce_dice", "bce"), ("bce_dice", "bce"))
