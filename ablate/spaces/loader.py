"""`space=`: the file of a name or a path to the space that it defines, or the union of several."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

from ablate import plugins
from ablate.errors import UsageError
from ablate.spaces.search import Search, check
from ablate.spaces.space import Space


def load_space(name: str) -> Space | Search:
    """The space of a name or a path, or the union of several with a `+` between them.

    Raises:
        UsageError: there is none, or the module has no `space()`.
    """
    spaces = [load_one(one) for one in names(name)]
    if len(spaces) == 1:
        return spaces[0]
    union = Space(())
    for one, space in zip(names(name), spaces, strict=True):
        if isinstance(space, Search):
            raise UsageError(f"space={name}: {one} is a search, which cannot be joined; run it by itself, space={one}")
        union += space
    return union


def names(name: str) -> list[str]:
    """The names of the spaces that `space=` joins."""
    return [name] if Path(name).is_file() else name.split("+")


def load_one(name: str) -> Space | Search:
    """The space of one name or path; raises as `load_space` does."""
    module = _module(name)
    if not callable(getattr(module, "space", None)):
        raise UsageError(f"space={name}: the module defines no function space()")
    space: object = module.space()
    if isinstance(space, Search):
        check(space, name)
        return space
    if not isinstance(space, Space) or not space.trials:
        raise UsageError(f"space={name}: space() must return a Search, or a Space with at least one trial")
    return space


def judges(name: str) -> bool:
    """Whether verdicts may be made of the trials of one space."""
    return bool(getattr(_module(name), "JUDGES", True))


def _module(name: str) -> ModuleType:
    return plugins.load("search_spaces", name, "space")
