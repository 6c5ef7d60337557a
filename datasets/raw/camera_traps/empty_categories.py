"""The categories that say that no animal is there."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

# As data sets, and programs for looking through camera-trap photographs, call it.
_KNOWN = frozenset(
    {
        *("empty", "blank", "none", "nothing", "nothing here", "nothinghere", "ghost", "misfire"),
        *("no animal", "no animals", "no wildlife", "no species", "no detection", "empty image", "empty photo"),
        *("false trigger", "false triggers", "false alarm", "false positive", "blank image", "blank photo"),
    }
)
TOLD = "empty, blank, none, nothing, no animal, false trigger, ghost, misfire, ..."  # for messages


def known(category: str) -> bool:
    """Whether a category is called as emptiness commonly is, whatever its letters' case and what divides its words."""
    return re.sub(r"[\s_-]+", " ", category.casefold()).strip() in _KNOWN


def of(categories: Iterable[str], named: Collection[str]) -> frozenset[str]:
    """The categories of emptiness: those that the user named, else those that are commonly called so."""
    return frozenset(named) if named else frozenset(filter(known, categories))
