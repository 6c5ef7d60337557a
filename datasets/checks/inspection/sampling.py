"""Which samples of a stream are drawn."""

from __future__ import annotations

import bisect
from dataclasses import dataclass

from ablate.data.natural_order import natural
from ablate.data.sample_json import Box
from ablate.data.shards import Sample
from datasets.raw.keys import share


@dataclass(frozen=True)
class SelectedSample:
    """A sample to draw.

    Attributes:
        group: its split, or a photograph's location.
        boxes: xyxy in its own pixels, half-open, each with its category, or "" where none is told.
        note: what else its caption tells.
    """

    group: str
    sample: Sample
    boxes: tuple[tuple[Box, str], ...]
    note: str = ""


class SampleSelection:
    """Keeps at most `limit` samples of a stream, spread evenly over groups.

    Which ones follows from the seed and the keys, not from the order; arms with the same keys draw the same ones.
    """

    def __init__(self, limit: int, seed: int) -> None:
        self._limit, self._seed = limit, seed
        self._count = 0
        self._kept: dict[str, list[tuple[float, str, SelectedSample]]] = {}

    def offer(self, drawn: SelectedSample) -> None:
        """Takes a sample in; where that is one too many, the largest group loses its last."""
        entry = (share(self._seed, drawn.sample.key), drawn.sample.key, drawn)
        bisect.insort(self._kept.setdefault(drawn.group, []), entry, key=lambda kept: kept[:2])
        self._count += 1
        if self._count > self._limit:
            largest = max(self._kept, key=lambda group: (len(self._kept[group]), share(self._seed, group)))
            self._kept[largest].pop()
            self._count -= 1

    def drawn(self) -> list[SelectedSample]:
        """What was kept, by group, then by key."""
        groups = sorted(self._kept, key=natural)
        return [drawn for group in groups for _, _, drawn in sorted(self._kept[group], key=lambda kept: kept[1])]
