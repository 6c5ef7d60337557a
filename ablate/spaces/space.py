"""Explicit search spaces: which trials to run, as sparse layers over the defaults.

A space is a module with `def space() -> Space`, and reads like the sentence that describes it:

    product(model=["unet", "segnet"]) * zipped(arm=["full", "crop"], augment=["none", "jitter"]).repeat(3)

`one + two` is their union, `one * two` their product, `one - two` the trials of the first that the second lacks. Trials
are never doubled, and stay in the order in which they were first named.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

from ablate.config import Layer


@dataclass(frozen=True)
class Space:
    """Trials without duplicates; two are one where they name the same fields with the same values, in any order."""

    trials: tuple[Layer, ...]

    def __add__(self, other: Space) -> Space:
        """Union: the trials of both, those of the first one first."""
        return _unique((*self.trials, *other.trials))

    def __mul__(self, other: Space) -> Space:
        """Product: every trial of the first with every trial of the second, whose values win."""
        return _unique({**one, **two} for one, two in itertools.product(self.trials, other.trials))

    def __sub__(self, other: Space) -> Space:
        """Difference: the trials of the first that are not in the second."""
        gone = {_key(trial) for trial in other.trials}
        return self.filter(lambda trial: _key(trial) not in gone)

    def __len__(self) -> int:
        return len(self.trials)

    def exclude(self, **values: object) -> Space:
        """Without the trials that have all of these values; a collection stands for any of its members.

        A trial that does not name one of the fields stays: spaces know nothing of defaults (`where=` does).
        """
        return self.filter(lambda trial: not _has(trial, values))

    def only(self, **values: object) -> Space:
        """The trials that have all of these values; a collection stands for any of its members."""
        return self.filter(lambda trial: _has(trial, values))

    def filter(self, keep: Callable[[Layer], bool]) -> Space:
        """The trials for which `keep` says so."""
        return Space(tuple(trial for trial in self.trials if keep(trial)))

    def repeat(self, seeds: int) -> Space:
        """Every trial with the seeds 0 to `seeds` - 1."""
        return self * product(seed=range(seeds))


def product(**axes: Sequence[object]) -> Space:
    """Every combination of the values of some fields; the last field varies fastest."""
    return _unique(dict(zip(axes, values, strict=True)) for values in itertools.product(*axes.values()))


def zipped(**axes: Sequence[object]) -> Space:
    """Fields that vary together: the first values, the second ones, ...; ValueError where they are not as many."""
    return _unique(dict(zip(axes, values, strict=True)) for values in zip(*axes.values(), strict=True))


def pairs(fields: tuple[str, ...], values: Sequence[tuple[object, ...]]) -> Space:
    """Fields that vary together, value by value: one trial for each tuple."""
    return _unique(dict(zip(fields, row, strict=True)) for row in values)


def pinned(**values: object) -> Space:
    """One trial's worth of fixed fields, to multiply a space with."""
    return Space((values,))


def _has(trial: Layer, values: Layer) -> bool:
    return all(
        field in trial and (trial[field] in value if _is_choice(value) else trial[field] == value)  # type: ignore[operator]
        for field, value in values.items()
    )


def _is_choice(value: object) -> bool:
    return isinstance(value, Collection) and not isinstance(value, str)


def _unique(trials: Iterable[Layer]) -> Space:
    kept: dict[object, Layer] = {}
    for trial in trials:
        kept.setdefault(_key(trial), trial)
    return Space(tuple(kept.values()))


def _key(trial: Layer) -> object:
    return tuple(sorted((field, repr(value)) for field, value in trial.items()))
