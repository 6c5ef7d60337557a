"""The plan of the photographs: which burst is taken where, when, of what. Pure: renders nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import numpy as np

from datasets.render.demo_world.locations import DEER_DAYS
from datasets.render.noise import generator

# How many pictures of each kind beside the day-time deer, and how many places they come from.
EXTRA: dict[str, tuple[int, int]] = {
    "infrared": (24, 6),  # night, clock at night
    "infrared_by_day_clock": (8, 3),  # clock 12 hours off
    "dark": (8, 4),  # colour, flash or dusk, day clock
    "off_hours": (8, 4),  # daylight, clock outside 07:00-19:59
    "other": (36, 12),  # another animal
    "empty": (60, 17),
    "unboxed": (4, 2),
    "malformed": (1, 1),
    "empty_boxed": (1, 1),
    "overflow": (1, 1),
    "excluded": (2, 1),
}
SPECIES = ("coyote", "rabbit", "bobcat", "cow", "dog", "cat")


@dataclass(frozen=True)
class Burst:
    """Up to three pictures a second apart. `index` is its own within its kind and place."""

    location: str
    kind: str
    index: int
    frames: int
    start: datetime
    species: str

    def image_id(self, seed: int, frame: int) -> str:
        return str(UUID(bytes=self._rng(seed, "id", frame).bytes(16), version=4))

    def sequence(self, seed: int) -> str:
        return str(UUID(bytes=self._rng(seed, "sequence").bytes(16), version=4))

    def rng(self, seed: int, attempt: int) -> np.random.Generator:
        return self._rng(seed, "shot", attempt)

    def _rng(self, seed: int, *path: str | int) -> np.random.Generator:
        return generator(seed, self.location, self.kind, self.index, *path)


def _runs(total: int, rng: np.random.Generator) -> Iterator[int]:
    """Bursts of three, sometimes of two or one, that add up."""
    while total > 0:
        size = min(int(rng.choice([1, 2, 3], p=[0.15, 0.15, 0.7])), total)
        total -= size
        yield size


def _clock(kind: str, rng: np.random.Generator) -> datetime:
    """A date of 2012-2014, at an hour that suits the kind."""
    day = datetime(2012, 3, 1) + timedelta(days=int(rng.integers(0, 800)))
    hours = {"infrared": (20.5, 28.5), "dark": (18.2, 19.9), "off_hours": (5.6, 6.95)}.get(kind)
    if kind in {"infrared_by_day_clock", "excluded"}:
        hours = (8.5, 16.5)
    if hours is None:  # mornings and evenings, as deer go
        hours = (7.05, 11.5) if rng.random() < 0.55 else (14.0, 19.6)
    return day + timedelta(seconds=int(3600 * rng.uniform(*hours)))


def _bursts(seed: int, location: str, kind: str, count: int) -> Iterator[Burst]:
    rng = generator(seed, "plan", location, kind)
    for index, frames in enumerate(_runs(count, rng)):
        species = str(rng.choice(SPECIES)) if kind == "other" else "empty" if kind.startswith("empty") else "deer"
        yield Burst(location, kind, index, frames, _clock(kind, rng), species)


def plan(seed: int) -> list[Burst]:
    """All bursts, place by place (a place is built once and then reused)."""
    counts = {(name, "deer"): count for name, count in DEER_DAYS.items()}
    names = list(DEER_DAYS)
    for kind, (total, places) in EXTRA.items():
        chosen = generator(seed, "plan", kind).permutation(names)[:places]
        for k in range(total):
            key = (str(chosen[k % places]), kind)
            counts[key] = counts.get(key, 0) + 1
    ordered = sorted(counts.items(), key=lambda item: (names.index(item[0][0]), item[0][1]))
    return [burst for (name, kind), count in ordered for burst in _bursts(seed, name, kind, count)]
