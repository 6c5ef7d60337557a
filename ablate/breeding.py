"""Population based training's rule: who goes on with whose network, and with which values.

Jaderberg et al., Population Based Training of Neural Networks (2017), section 3: truncation selection, and values
that are multiplied by 0.8 or 1.2, or drawn anew with probability 0.25.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from ray.tune.search.sample import Categorical, Integer, Quantized

from ablate.samplers import Values, plain
from ablate.search import highest

_ANEW = 0.25
_FACTORS = (0.8, 1.2)


def next_round(
    scores: Sequence[float | None],
    values: Sequence[Values],
    quantile: float,
    domains: Mapping[str, object],
    rng: np.random.RandomState,
) -> list[tuple[int, Values]]:
    """For each member the member whose network it goes on with, and its values.

    Args:
        scores: of the members, higher is better; None where it failed, which is worst and is always replaced. At
            least one has a score.
        values: of the members, so far.
        quantile: share of the members that is replaced by as many of the best, rounded down but at least one.
    """
    ranked = sorted(range(len(scores)), key=lambda number: (_rank(scores[number]), -number))
    count = max(1, int(len(scores) * quantile))
    best = [number for number in ranked[-count:] if scores[number] is not None]
    replaced = {*ranked[:count], *(number for number, score in enumerate(scores) if score is None)} - {*best}
    found = []
    for number, own in enumerate(values):
        if number in replaced:
            parent = best[rng.randint(len(best))]
            found.append((parent, explored(values[parent], domains, rng)))
        else:
            found.append((number, dict(own)))
    return found


def explored(values: Values, domains: Mapping[str, object], rng: np.random.RandomState) -> Values:
    """Values near some, inside their domains."""
    return {field: plain(_explored(values[field], domain, rng)) for field, domain in domains.items()}


def _explored(value: Any, domain: Any, rng: np.random.RandomState) -> object:  # noqa: ANN401 - Tune's domains
    if rng.uniform() < _ANEW:
        return domain.sample(random_state=rng)
    if isinstance(domain, Categorical):
        near = domain.categories.index(value) + rng.choice([-1, 1])
        return domain.categories[min(max(near, 0), len(domain.categories) - 1)]
    moved = min(max(value * rng.choice(_FACTORS), domain.lower), domain.upper)
    sampler = domain.get_sampler()
    if isinstance(sampler, Quantized):
        moved = round(moved / sampler.q) * sampler.q
    return min(round(moved), highest(domain)) if isinstance(domain, Integer) else moved


def _rank(score: float | None) -> float:
    return float("-inf") if score is None else score
