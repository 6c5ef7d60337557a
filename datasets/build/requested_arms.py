"""The training arms to write: what the user named, found among the arms and the translators."""

from __future__ import annotations

import pickle
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from ablate import plugins
from ablate.data.manifest import ADAPT, REAL, REVERSE, is_arm_name
from ablate.errors import UsageError, suggest
from datasets import arms, translate
from datasets.arms import Material, i2i
from datasets.options import PrepareConfig
from datasets.translate import ChosenTranslator

LearnedByArm = Mapping[str, Any]  # what the arms have learned, by title


@dataclass(frozen=True)
class RequestedArm:
    """An arm to write.

    Attributes:
        title: what it is called in the data root.
        name: as the user gave it.
        config: as its module sees it: `translator` is the arm's own, `translator_options` are that translator's alone.
    """

    title: str
    name: str
    module: ModuleType
    config: PrepareConfig

    @property
    def choice(self) -> ChosenTranslator | None:
        """The translator that has a part in it."""
        return i2i.chosen(self.config) if getattr(self.module, "TRANSLATES", False) else None

    @property
    def learns(self) -> bool:
        """Whether it looks at photographs before it makes samples."""
        return hasattr(self.module, "fit") and (self.choice is None or self.choice.min_photos > 0)

    @property
    def needs_crops(self) -> bool:
        """Whether it also looks at the crops before it translates them."""
        return self.choice is not None and self.choice.needs_source

    def fit(self, material: Material) -> object:
        """What it learns; None for those that learn nothing."""
        return self.module.fit(material, self.config) if hasattr(self.module, "fit") else None

    def parameters(self, material: Material, fitted: object, keys: Sequence[str]) -> dict[str, Any]:
        """What the manifest records of it."""
        if not hasattr(self.module, "parameters"):
            return {"code": plugins.content(self.name)}
        recorded: dict[str, Any] = self.module.parameters(material, self.config, fitted, keys)
        return recorded


def of(config: PrepareConfig) -> tuple[RequestedArm, ...]:
    """The training arms, in the user's order.

    Raises:
        UsageError: there is no such arm or translator, two have one name, or a translator has no such parameter.
    """
    named = [name for name in dict.fromkeys(config.arms) if name != REAL]
    found = [(name, *_module(name)) for name in named]
    titles = {title(name) for name in named}
    if len(titles - {REAL}) < len(named):
        raise UsageError(f"arms={','.join(config.arms)}: two arms of one name; rename one of the files")
    for name in titles:
        if not is_arm_name(name):
            raise UsageError(f"arms={name}: no name for an arm; rename the file: letters, digits, _ and -")
    for name, key in {REVERSE: "reverse=true", ADAPT: "adapt_photos=DIR"}.items():
        if name in titles:
            raise UsageError(f"arms={','.join(config.arms)}: the name {name} is taken by {key}; rename the file")
    made = []
    for name, module, translates in found:
        translator = name if translates else config.translator
        own = {"translator": translator, "translator_options": _options(config, translator)}
        made.append(RequestedArm(title(name), name, module, config.model_copy(update=own)))
        translate.choose(translator, own["translator_options"])
    chosen(config)
    return tuple(made)


def chosen(config: PrepareConfig) -> ChosenTranslator:
    """The translator that `translator=` names, with the options that are its own.

    Raises:
        UsageError: there is no such translator, or it has no such parameter.
    """
    return translate.choose(config.translator, _options(config, config.translator))


def unpickled(requested: Sequence[RequestedArm], fitted: bytes) -> LearnedByArm:
    """What the arms learned, in another process: it can be read once the modules of all of them are loaded."""
    assert all(arm.choice is None or arm.choice.module for arm in requested)
    learned: LearnedByArm = pickle.loads(fitted)
    return learned


def title(name: str) -> str:
    """What an arm or a translator is called, which may be a file."""
    return Path(name).stem if plugins.is_path(name) else name


def _module(name: str) -> tuple[ModuleType, bool]:
    """The module that makes an arm's samples, and whether the arm is named by its translator."""
    known = {package: set(plugins.names(package)) for package in (arms.PACKAGE, translate.PACKAGE)}
    if plugins.is_path(name):
        module = plugins.load(arms.PACKAGE, name, "arms")
        translates = hasattr(module, "fit") and not hasattr(module, "samples")
        return (i2i, True) if translates else (module, False)
    if name in known[arms.PACKAGE]:
        return plugins.load(arms.PACKAGE, name, "arms"), False
    if name in known[translate.PACKAGE]:
        return i2i, True
    choices = (known[arms.PACKAGE] - {REAL}) | known[translate.PACKAGE]
    raise UsageError(
        f"arms={name}: neither an arm nor a translator; {suggest(name, choices)}, or the path of a .py file"
    )


def _options(config: PrepareConfig, translator: str) -> tuple[str, ...]:
    """The options of one translator: those with its name before them, and of `translator=` those without a name."""
    used = {title(config.translator), *(title(name) for name in config.arms if name != REAL and _module(name)[1])}
    known = used | set(plugins.names(translate.PACKAGE))
    own = []
    for option in config.translator_options:
        prefix, dot, _ = option.partition("=")[0].partition(".")
        if not dot:
            own += [option] if translator == config.translator else []
        elif prefix not in known:
            raise UsageError(f"translator_options={option}: no translator is called {prefix}; {suggest(prefix, known)}")
        elif prefix not in used:
            raise UsageError(
                f"translator_options={option}: no arm uses {prefix}; add it to arms=, or name it by translator="
            )
        elif prefix == title(translator):
            own.append(option.removeprefix(f"{prefix}."))
    return tuple(own)
