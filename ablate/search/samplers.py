"""Where a search's values come from: drawn at random, or suggested by Optuna."""

from __future__ import annotations

import hashlib
import logging
import warnings
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import optuna
from ray.tune.search.optuna import OptunaSearch

from ablate.spaces.search import Search

_STARTUP = 4  # random samples of a cell before the model of the sampler decides

Values = dict[str, Any]


def plain(value: object) -> object:
    """A value without numpy, as JSON takes it."""
    return value.item() if isinstance(value, np.generic) else value


class Sampler(Protocol):
    """Where the values of one cell come from."""

    def ask(self, key: str) -> Values:
        """Values to try; `key` is what `tell` calls them."""

    def tell(self, key: str, score: float | None) -> None:
        """How well they did; None where the trial failed."""

    def add_known(self, values: Values, score: float) -> None:
        """Takes in what an earlier run found."""


class Random:
    """The n-th values depend on the seed and on n alone."""

    def __init__(self, search: Search, first: Sequence[Values], drawn: int = 0) -> None:
        """Args: first: what to begin with; drawn: how many were drawn before."""
        self._search, self._first = search, list(first)
        self._number = drawn

    def ask(self, key: str) -> Values:
        if self._first:
            return self._first.pop(0)
        rng = np.random.RandomState([self._search.seed, self._number])  # the only kind that Tune's domains take
        self._number += 1
        drawn = {field: domain.sample(random_state=rng) for field, domain in self._search.domains.items()}  # type: ignore[attr-defined]
        return {field: plain(value) for field, value in drawn.items()}

    def tell(self, key: str, score: float | None) -> None:
        pass

    def add_known(self, values: Values, score: float) -> None:
        pass


class Tpe:
    """Optuna's sampler, through Tune's searcher."""

    def __init__(self, search: Search, first: Sequence[Values], finished: int) -> None:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        logging.getLogger("ray.tune.search.optuna.optuna_search").setLevel(logging.ERROR)
        # With the seed alone, a search that is continued would repeat its first suggestions.
        seed = int.from_bytes(hashlib.sha256(f"{search.seed} {finished}".encode()).digest()[:4])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            # The liar: what runs at the same time is not suggested again.
            sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=_STARTUP, constant_liar=True)
        self._optuna = OptunaSearch(
            OptunaSearch.convert_search_space(dict(search.domains)),
            metric=search.objective,
            mode="max",
            sampler=sampler,
            points_to_evaluate=list(first) or None,
        )

    def ask(self, key: str) -> Values:
        return dict(self._optuna.suggest(key) or {})

    def tell(self, key: str, score: float | None) -> None:
        result = None if score is None else {self._optuna.metric: score}
        self._optuna.on_trial_complete(key, result, error=score is None)

    def add_known(self, values: Values, score: float) -> None:
        self._optuna.add_evaluated_point(values, score)
