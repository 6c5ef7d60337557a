"""Adaptive search spaces: which fields are searched, in which domains, and by which rule.

A space file that searches returns a `Search` instead of a `Space`:

    Search(
        cells=pinned(model="unet", arm="crop", augment="jitter"),
        domains={"jitter_hue": tune.uniform(0.0, 0.5)},
        samples=16,
        scheduler=Asha(grace=2),
    )

Each cell is searched on its own, with the same seed and as many samples, so that cells are compared on equal terms. The
first sample of each is its own default, so that a search never ends below what it began with.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import pydantic

from ablate.config import Layer, OfAugmentation, RunConfig, TrialConfig, fields_of, trial_config
from ablate.data import training_data
from ablate.data.manifest import Manifest, scored_on
from ablate.errors import UsageError, suggest
from ablate.identity import score_id
from ablate.spaces.space import Space
from ablate.spaces.where import parse

Objective = Literal["val_iou", "oracle_iou"]
Sampler = Literal["tpe", "random"]

# What can change while a network trains.
CHANGEABLE = frozenset({"learning_rate", "weight_decay", "batch_size", "loss", *fields_of(OfAugmentation)})


# Fields whose values may not be there: parts, and photographs that a training looks at.
_LOOKING = frozenset({"paste", "fda", "adapt", "unlabelled"})
_PARTS = ("model", "arm", "augment", "encoder", "decoder", "encoder_weights", *sorted(_LOOKING))


@dataclass(frozen=True)
class Asha:
    """Asynchronous successive halving (Li et al., 2020): at each rung only the best 1 / `reduction` continue.

    Attributes:
        grace: the first rung, in epochs; the next ones are `reduction` times as far.
    """

    grace: int = 2
    reduction: int = 3


@dataclass(frozen=True)
class Pbt:
    """Population based training (Jaderberg et al., 2017): a cell's trials are a population that trains side by side.

    After every few epochs those that do worst continue with the network of one that does best, and with its values,
    each changed a little or drawn anew (by Ray Tune, synchronously). So values change while a network trains: a member
    has no one configuration, satisfies no plan and is repeated by no command; its values by epochs are recorded. A
    member that diverges leaves the population. Cells are trained one after the other.

    Attributes:
        every: epochs between two such rounds.
        quantile: the share of the population that is replaced, and that it is replaced by.
    """

    every: int = 4
    quantile: float = 0.25


@dataclass(frozen=True)
class Search:
    """Which fields to vary, and how to find the values that train best.

    Attributes:
        cells: what is the same in all trials of a cell; each cell is searched for itself.
        domains: from a field to a domain of Ray Tune: `tune.uniform(0, 1)`, `tune.loguniform(...)`, `tune.choice(...)`.
        samples: trials of each cell, those that are stopped early among them.
        sampler: `tpe` is Optuna's (Bergstra et al., 2011), through Tune's OptunaSearch; or `random`.
        scheduler: `Asha` stops trials that do worse than others, `Pbt` replaces them; None trains all to the end.
        objective: what is maximised: `val_iou`, on synthetic images. `oracle_iou` looks at the photographs, as no user
            without their boxes could; its results are marked wherever they are shown.
        seed: of the sampler.
    """

    cells: Space
    domains: Mapping[str, object]
    samples: int
    sampler: Sampler = "tpe"
    scheduler: Asha | Pbt | None = None
    objective: Objective = "val_iou"
    seed: int = 0


@dataclass(frozen=True)
class Cell:
    """One cell of a search on some data: the layers below and above the values that are searched."""

    below: tuple[Layer, ...]
    above: Layer

    def config(self, values: Layer) -> TrialConfig:
        """The configuration with some values.

        Raises:
            UsageError: a value that its field does not take.
        """
        return trial_config(*self.below, values, self.above)


def check(search: Search, name: str) -> None:
    """Raises a `UsageError` where a search asks for what there is not, or for what does not go together."""
    for field, domain in search.domains.items():
        _check_domain(field, domain, f"space={name}: {field}")
        if any(field in cell for cell in search.cells.trials):
            raise UsageError(f"space={name}: {field} is in the cells and in the domains; leave it out of one")
    for what, value, known in (
        ("sampler", search.sampler, get_args(Sampler)),
        ("objective", search.objective, get_args(Objective)),
    ):
        if value not in known:
            raise UsageError(f"space={name}: {what}={value!r}: {suggest(str(value), known)}")
    if search.samples < 1 or not search.domains or not len(search.cells):
        raise UsageError(f"space={name}: a search needs samples of at least 1, a domain and a cell (at least pinned())")
    if isinstance(search.scheduler, Pbt):
        _check_population(search, search.scheduler, name)
    elif search.scheduler and (search.scheduler.grace < 1 or search.scheduler.reduction < 2):
        raise UsageError(f"space={name}: {search.scheduler}: grace is at least 1 epoch, reduction at least 2")
    if search.sampler == "tpe":
        _check_for_optuna(search, name)


def cells_of(run: RunConfig, search: Search, manifest: Manifest) -> tuple[Cell, ...]:
    """The cells of a search on some data, under what the command line pins.

    Raises:
        UsageError: the command line pins what is searched, or asks for what only grids can do.
    """
    for field in search.domains:
        if field in run.trial:
            raise UsageError(f"trial.{field}={run.trial[field]}: the search varies it; leave it out, or use a grid")
    if run.rerun == "changed":
        raise UsageError("rerun=changed: a search learns from its trials and cannot repeat some; give it a new out=")
    space = search.cells if run.seeds is None else search.cells.repeat(run.seeds)
    above = {**run.trial, "oracle": True} if search.objective == "oracle_iou" else dict(run.trial)
    cells = [Cell((manifest.trial_defaults, layer), above) for layer in space.trials]
    if run.where is not None:
        keep = parse(run.where)
        cells = [cell for cell in cells if keep(cell.config({}))]
        if not cells:
            raise UsageError(f"where={run.where}: none of the {len(space)} cells of the space is left")
    for cell in cells:
        if isinstance(search.scheduler, Pbt) and search.scheduler.every >= (epochs := cell.config({}).epochs):
            raise UsageError(
                f"space={run.space}: {search.scheduler} with {epochs} epochs: there would be no round; "
                f"lower every, or type trial.epochs={4 * search.scheduler.every}"
            )
    return tuple(cells)


def search_id(search: Search, cells: tuple[Cell, ...], manifest: Manifest) -> str:
    """Names a search on some data. Samples can be added to it later, but to no population."""
    configs = [cell.config({}) for cell in cells]
    looked_at: dict[str, str] = {}
    if _LOOKING & search.domains.keys():  # else the cells' own ids tell what they look at
        for cell, values in itertools.product(cells, parts(search)):
            looked_at |= training_data.looked_at(cell.config(values), manifest)
    content = {
        "cells": [
            score_id(one, training_data.identity(one, manifest), manifest.photographs(scored_on(one.direction)).digest)
            for one in configs
        ],
        "domains": {field: described(domain) for field, domain in search.domains.items()},
        "rules": [search.sampler, repr(search.scheduler), search.objective, search.seed],
        **({"population": search.samples} if isinstance(search.scheduler, Pbt) else {}),
        **({"looked_at": looked_at} if looked_at else {}),
    }
    return "h" + hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


def parts(search: Search) -> list[Layer]:
    """Every combination of the parts that a search chooses among, and of what its trials may look at or do without."""
    searched = {field: _some(search.domains[field]) for field in _PARTS if field in search.domains}
    return [dict(zip(searched, values, strict=True)) for values in itertools.product(*searched.values())]


def _some(domain: Any) -> Sequence[object]:  # noqa: ANN401 - Tune's domains, which only a space that searches imports
    """The values of a choice; of a range its middle, which is not off."""
    return domain.categories if hasattr(domain, "categories") else [(domain.lower + domain.upper) / 2]


def described(domain: Any) -> str:  # noqa: ANN401 - Tune's domains, which only a space that searches imports
    """A domain as text that two equal ones share, such as `uniform 0 to 0.5`."""
    from ray.tune.search.sample import Categorical, Quantized

    if isinstance(domain, Categorical):
        return "one of " + ", ".join(map(str, domain.categories))
    sampler = domain.get_sampler()
    step = f" in steps of {sampler.q:g}" if isinstance(sampler, Quantized) else ""
    inner = sampler.sampler if isinstance(sampler, Quantized) else sampler
    kind = type(inner).__name__.strip("_").lower()
    return f"{kind} {domain.lower:.12g} to {domain.upper:.12g}{step}"


def contains(domain: Any, value: object) -> bool:  # noqa: ANN401 - as above
    """Whether a value could have been drawn from a domain."""
    from ray.tune.search.sample import Categorical, Quantized

    if isinstance(domain, Categorical):
        return value in domain.categories
    sampler = domain.get_sampler()
    if isinstance(sampler, Quantized) and not math.isclose(value / sampler.q, round(value / sampler.q), abs_tol=1e-9):
        return False
    return bool(domain.lower <= value <= highest(domain))


def highest(domain: Any) -> Any:  # noqa: ANN401 - as above
    """The largest value of a domain of numbers: Tune's integers end before their upper end, unless they are rounded."""
    from ray.tune.search.sample import Integer, Quantized

    exclusive = isinstance(domain, Integer) and not isinstance(domain.get_sampler(), Quantized)
    return domain.upper - 1 if exclusive else domain.upper


def _check_domain(field: str, domain: Any, where: str) -> None:  # noqa: ANN401 - whatever the file has there
    from ray.tune.search.sample import Categorical, Float, Integer

    if field not in TrialConfig.model_fields:
        raise UsageError(f"{where}: no field of a trial; {suggest(field, TrialConfig.model_fields)}")
    if isinstance(domain, dict) and "grid_search" in domain:
        values = ", ".join(map(repr, domain["grid_search"]))
        raise UsageError(
            f"{where}: a grid inside a search; write it into the cells, cells=... * product({field}=[{values}]), "
            f"or let it be searched: tune.choice([{values}])"
        )
    if not isinstance(domain, Float | Integer | Categorical):
        raise UsageError(f"{where}: {domain!r} is no domain; write tune.uniform(...), tune.choice([...]) or the like")
    ends = domain.categories if isinstance(domain, Categorical) else (domain.lower, highest(domain))
    if any(isinstance(end, float) and end in (float("-inf"), float("inf")) for end in ends):
        raise UsageError(f"{where}: a domain without bounds; write tune.uniform(...) or tune.loguniform(...)")
    for end in ends:
        try:
            TrialConfig.model_validate({field: end})
        except pydantic.ValidationError as error:
            raise UsageError(f"{where}: {end!r} is in its domain: {error.errors()[0]['msg']}") from error


def _check_population(search: Search, rule: Pbt, name: str) -> None:
    if search.sampler != "random":
        raise UsageError(
            f"space={name}: Pbt with sampler={search.sampler!r}: a population begins with random values and changes "
            "them from then on; write sampler='random', or scheduler=Asha() to have values suggested"
        )
    fixed = sorted(set(search.domains) - CHANGEABLE)
    if fixed:
        raise UsageError(
            f"space={name}: {', '.join(fixed)} cannot change while a network trains; Pbt can vary "
            f"{', '.join(sorted(CHANGEABLE))}; put others into the cells, or write scheduler=Asha()"
        )
    if rule.every < 1 or not 0 < rule.quantile <= 0.5 or search.samples < 2:
        raise UsageError(
            f"space={name}: {rule}, samples={search.samples}: every is at least 1 epoch, quantile above 0 and at most "
            "0.5, and a population has at least 2 members"
        )


def _check_for_optuna(search: Search, name: str) -> None:
    from ray.tune.search.optuna import OptunaSearch

    try:
        OptunaSearch.convert_search_space(dict(search.domains))
    except ValueError as error:
        raise UsageError(f"space={name}: {error}; write another domain, or sampler='random'") from error
