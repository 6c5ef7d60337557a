"""The two stages of preparation: photographs to the test set, then synthetic images to the training arms."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any

from ablate import parts
from ablate.errors import UsageError
from ablate.shards import REAL
from datasets import arms, photographs, synthetic, translate
from datasets.arms import real
from datasets.cct import Record
from datasets.chunks import Outcome
from datasets.config import PrepareConfig
from datasets.ledger import Skipped
from datasets.synthetic import Pair


@dataclass(frozen=True)
class Photographs:
    """Items are (`test`, photograph's record) or (`empty`, a location's records in the order to try them)."""

    config: PrepareConfig

    @property
    def arms(self) -> tuple[str, ...]:
        return (REAL,)

    def process(self, item: tuple[str, tuple[Record, ...]], /) -> Outcome:
        split, records = item
        if split == "test":
            examined = [photographs.examine(record, split, self.config) for record in records]
        else:
            examined = list(photographs.first_empty(records, self.config))
        return Outcome(
            considered=[one.considered for one in examined],
            skipped=[bad for one in examined for bad in one.bad],
            samples=[(REAL, real.sample(one.photo)) for one in examined if one.photo],
        )


@dataclass(frozen=True)
class Synthetic:
    """Items are pairs of an image and its mask.

    Attributes:
        names: the training arms as the user named them.
        fitted: pickled, by the arm's name: what each arm's `fit` learned.
    """

    config: PrepareConfig
    names: tuple[str, ...]
    fitted: bytes

    @property
    def arms(self) -> tuple[str, ...]:
        return tuple(map(title, self.names))

    def process(self, item: Pair, /) -> Outcome:
        source, said = synthetic.judge(item, self.config)
        if isinstance(said, Skipped):
            return Outcome(skipped=[said])
        if source is None:
            return Outcome(considered=[said])
        made = [
            (title(name), sample)
            for name, module, fitted in self._makers
            for sample in module.samples(source, self.config, fitted)
        ]
        return Outcome(considered=[said], samples=made)

    @cached_property
    def _makers(self) -> list[tuple[str, ModuleType, Any]]:
        """Each arm's name, module and what it learned; what was pickled can be read once its modules are loaded."""
        modules = [parts.load(arms.PACKAGE, name, "arms") for name in self.names]
        translate.choose(self.config.translator, self.config.translator_options)
        learned = pickle.loads(self.fitted)
        return [(name, module, learned[name]) for name, module in zip(self.names, modules, strict=True)]


def training_arms(config: PrepareConfig) -> tuple[str, ...]:
    """The training arms to write, by the names that the user gave.

    Raises:
        UsageError: there is no such arm, or two have one name.
    """
    named = tuple(name for name in dict.fromkeys(config.arms) if name != REAL)
    for name in named:
        parts.require(arms.PACKAGE, name, "arms")
    if len({title(name) for name in named} - {REAL}) < len(named):
        raise UsageError(f"arms={','.join(config.arms)}: two arms of one name; rename one of the files")
    return named


def fit(names: Sequence[str], photos: Sequence[Path], config: PrepareConfig) -> bytes:
    """What the arms learn from the photographs, pickled, by the arm's name."""
    learned = {}
    for name in names:
        module = parts.load(arms.PACKAGE, name, "arms")
        learned[name] = module.fit(photos, config) if hasattr(module, "fit") else None
    return pickle.dumps(learned)


def parameters(names: Sequence[str], photos: Sequence[Path], config: PrepareConfig) -> dict[str, Any]:
    """What the manifest tells of each arm."""
    told: dict[str, Any] = {REAL: {"code": REAL}}
    for name in names:
        module = parts.load(arms.PACKAGE, name, "arms")
        own = getattr(module, "parameters", None)
        told[title(name)] = {"code": parts.content(name)} if own is None else own(photos, config)
    return told


def title(arm: str) -> str:
    """What an arm is called in the data root."""
    return Path(arm).stem if parts.is_path(arm) else arm
