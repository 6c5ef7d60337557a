"""Samples to draw by a part of their keys, such as the biome in `forest_00012_3`: a sheet for each."""

from __future__ import annotations

import re
from collections import Counter

from ablate.errors import UsageError, plain
from datasets.checks.inspection.sampling import SampleSelection, SelectedSample

_MOST = 40  # sheets
_UNSAFE = re.compile(r"[^\w-]")  # in a file's name


class SheetGroups:
    """Keeps at most `limit` samples of each group of an arm, spread evenly over train and val.

    Attributes:
        selections: by group, named as its sheet.
        counts: the samples of each group.
    """

    def __init__(self, pattern: str, limit: int, seed: int) -> None:
        self._pattern, self._limit, self._seed = re.compile(pattern), limit, seed
        self.selections: dict[str, SampleSelection] = {}
        self.counts: Counter[str] = Counter()

    def offer(self, drawn: SelectedSample) -> None:
        """Takes a sample in.

        Raises:
            UsageError: its key tells no group, or there are too many groups.
        """
        key = drawn.sample.key
        found = self._pattern.search(key)
        if found is None or not found[1]:
            raise UsageError(
                f"sheets_by={self._pattern.pattern}: its first group finds nothing in the key {plain(key)}; each key "
                "has to name its sheet: change the expression"
            )
        group = _UNSAFE.sub("_", found[1])
        if group not in self.selections:
            if len(self.selections) == _MOST:
                raise UsageError(
                    f"sheets_by={self._pattern.pattern}: it divides the images into more than {_MOST} sheets, such as "
                    f"{', '.join(list(self.selections)[:3])}; let its first group be a part that many keys share"
                )
            self.selections[group] = SampleSelection(self._limit, self._seed)
        self.selections[group].offer(drawn)
        self.counts[group] += 1
