"""Explicit search spaces: which trials to run, as sparse layers over the defaults.

A space is a module with `def space() -> Space`, and reads like the sentence that describes it:

    product(model=["unet", "segnet"]) * pairs(("arm", "augment"), [("full", "none"), ("crop", "jitter")])
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ablate.config import Layer


@dataclass(frozen=True)
class Space:
    """Trials without duplicates, in the order in which they were named."""

    trials: tuple[Layer, ...]

    def __add__(self, other: Space) -> Space:
        """Union: the trials of both, those of the first one first."""
        return _unique((*self.trials, *other.trials))

    def __mul__(self, other: Space) -> Space:
        """Product: every trial of the first with every trial of the second."""
        return _unique({**one, **two} for one, two in itertools.product(self.trials, other.trials))

    def __len__(self) -> int:
        return len(self.trials)


def product(**axes: Sequence[object]) -> Space:
    """Every combination of the values of some fields; the last field varies fastest."""
    return _unique(dict(zip(axes, values, strict=True)) for values in itertools.product(*axes.values()))


def pairs(fields: tuple[str, ...], values: Sequence[tuple[object, ...]]) -> Space:
    """Fields that vary together: one trial for each tuple of values."""
    return _unique(dict(zip(fields, row, strict=True)) for row in values)


def pinned(**values: object) -> Space:
    """One trial's worth of fixed fields, to multiply a space with."""
    return Space((values,))


def _unique(trials: Iterable[Layer]) -> Space:
    kept = {
        tuple(sorted((field, repr(value)) for field, value in trial.items())): trial for trial in reversed([*trials])
    }
    return Space(tuple(reversed(kept.values())))
