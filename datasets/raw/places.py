"""The place that each synthetic image shows, as its name tells; no place has images on both sides of the split.

Images of one rendered scene share its ground, trees and light: a network that is validated on a scene that it was
trained on is asked to remember, not to find.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from ablate.errors import UsageError
from datasets.options import PrepareConfig
from datasets.raw.folders import nfc, printable
from datasets.raw.skipped import SELECTED, SYNTHETIC, Considered

_NAMED = 3  # names that an error shows


def of(names: Collection[str], config: PrepareConfig) -> dict[str, str]:
    """The place of each name; without `place=`, each image is a place of its own.

    Raises:
        UsageError: a name tells no place, or all tell the same one.
    """
    if config.place is None:
        return {name: name for name in names}
    pattern = re.compile(nfc(config.place))
    told = {name: found[1] for name in names if (found := pattern.search(nfc(name))) and found[1]}
    if silent := sorted(set(names) - told.keys()):
        shown = ", ".join(map(printable, silent[:_NAMED])) + (", ..." if len(silent) > _NAMED else "")
        raise UsageError(
            f"place={config.place}: its first group finds no place in {len(silent):,} of {len(names):,} names: "
            f"{shown}; names are paths below the folder without the suffix, and each has to tell its place: change "
            "the expression, or type place=none"
        )
    if len(set(told.values())) < 2:
        raise UsageError(
            f"place={config.place}: all {len(names):,} images show one place, {printable(min(told.values()))}, which "
            "cannot be divided into train and val; give images of other places, an expression that tells them apart, "
            "or place=none"
        )
    return told


def line(considered: Iterable[Considered], config: PrepareConfig) -> str:
    """How many places the images that were taken show, on each side of the split."""
    taken = {(row.split, row.location) for row in considered if (row.kind, row.reason) == (SYNTHETIC, SELECTED)}
    train, val = (sum(split == side for split, _ in taken) for side in ("train", "val"))
    return f"place={config.place}: {train:,} places in train, {val:,} in val"
