"""`python -m benchmarks.coverage [repetitions=20000]`: how often the report's 95 % intervals hold the truth.

Two equally good settings, each trained with several seeds, are scored on the same photographs; drawn anew each time are

- the locations' own effects on the difference (standard deviation 0 to 0.2);
- photographs: noise of 0.3 each, in bursts of three that share half of its variance. Half of the noise is the
  setting's, alike for all its seeds, and half each training's own;
- trainings: a shift of all of a training's scores (0 to 5 points).

(Of the demo's 45 trials, `space=paper_grid seeds=3`, the medians are: noise of a photograph 0.23 within its location,
51 % of it shared by the seeds of a setting; 2.5 points between trainings, from 1.4 to 6.8.)

The layouts are the paper's Table 1 (2,003 photographs at 26 locations, half of them at one), its eleven listed
locations each counting the same, 26 and 8 equal locations, and the demo's. Since a verdict is what the interval says,
its false positives are what coverage lacks to 100 %. `variants` repeats the extremes with other noise: all of the
photographs' noise shared or none, trainings that are good at some locations and bad at others, one setting noisier
than the other, skewed effects. `earlier` is what stood here before: sign flips over locations of the mean over seeds,
and the interval that adds the variance between seeds with Satterthwaite's degrees of freedom.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ablate.data.published import PUBLISHED
from ablate.stats.intervals import LEVEL, Floats, Noise, cr2, half_width, noise_of, satterthwaite
from benchmarks import machine, settings

NOISE, BURST, SHARE = 0.3, 3, 0.5  # of one photograph; photographs in a burst; how much of the variance they share
SEEDS, SHIFTS, EFFECTS = (2, 3, 5, 10), (0.0, 0.01, 0.03, 0.05), (0.0, 0.02, 0.05, 0.1, 0.15, 0.2)

_TABLE_1 = np.array([*PUBLISHED.values()], dtype=float)
_DEMO = [95, 40, 35, 33, 32, 31, 8, 7, 7, 6, 5, 5, 4, 4, 4, 3, 3, 2, 2, 2, 2, 2, 1, 1, 1, 1]


@dataclass(frozen=True)
class Layout:
    """Photographs at each location, and whether every location counts the same instead of every photograph."""

    count_l: Floats
    macro: bool = False

    @property
    def weight_l(self) -> Floats:
        count_l = np.ones(len(self.count_l)) if self.macro else self.count_l
        weight_l: Floats = count_l / count_l.sum()
        return weight_l

    @property
    def variance_l(self) -> Floats:
        """What the report assumes of the locations' means."""
        variance_l: Floats = np.ones(len(self.count_l)) if self.macro else 1 / self.count_l
        return variance_l

    @property
    def kish(self) -> float:
        return float(1 / (self.weight_l**2).sum())


LAYOUTS: Mapping[str, Layout] = {
    "Table 1": Layout(_TABLE_1),
    "Table 1, macro": Layout(_TABLE_1[_TABLE_1 >= 30], macro=True),
    "26 equal": Layout(np.full(26, 77.0)),
    "8 equal": Layout(np.full(8, 250.0)),
    "demo": Layout(np.array(_DEMO, dtype=float)),
}


@dataclass(frozen=True)
class World:
    """Where the noise comes from; standard deviations in IoU.

    Attributes:
        seeds: of each setting; shift: of a training's scores, all alike; calm: the share of it that the second setting
            has.
        effect: of the locations, on the difference of the two settings; skewed: exponential instead of normal.
        shared: of the photographs' noise, the share that all seeds of a setting have in common.
        local: of a training at a location, beyond its photographs.
        settings: 2, or 1 for the interval of a single setting's mean.
    """

    seeds: int
    shift: float
    effect: float
    shared: float = 0.5
    local: float = 0.0
    calm: float = 1.0
    skewed: bool = False
    settings: int = 2


VARIANTS: Mapping[str, Mapping[str, object]] = {
    "one setting's mean": {"settings": 1},
    "no noise of photographs shared": {"shared": 0.0},
    "all noise of photographs shared": {"shared": 1.0},
    "trainings differ by location": {"local": 0.1},
    "one setting has no noise between seeds": {"calm": 0.0},
    "skewed effects of locations": {"skewed": True},
}


def drawn(layout: Layout, world: World, repetitions: int, rng: np.random.Generator) -> Floats:
    """Signed means of locations, true difference 0; shape (repetitions, settings, seeds, locations)."""
    shape = (repetitions, world.settings, world.seeds, len(layout.count_l))
    of_location, of_training = (*shape[:2], 1, shape[3]), (*shape[:3], 1)
    within_l = NOISE**2 / layout.count_l * (1 + (BURST - 1) * SHARE)
    effects = rng.exponential(size=of_location) - 1 if world.skewed else rng.normal(size=of_location)
    lasting = effects * world.effect / np.sqrt(world.settings)
    lasting = lasting + rng.normal(size=of_location) * np.sqrt(world.shared * within_l)
    shift_k = world.shift * np.array([1.0, world.calm])[: world.settings]
    own = rng.normal(size=of_training) * shift_k[:, None, None]
    own = own + rng.normal(size=shape) * np.sqrt((1 - world.shared) * within_l + world.local**2)
    mean_rksl: Floats = (lasting + own) * np.array([1.0, -1.0])[: world.settings, None, None]
    return mean_rksl


def coverage(layout: Layout, world: World, repetitions: int, rng: np.random.Generator) -> float:
    """The share of repetitions whose interval holds 0."""
    mean_rksl = drawn(layout, world, repetitions, rng)
    noise = [one for one in noise_of(mean_rksl, layout.weight_l, layout.variance_l) if one is not None]
    return float((np.abs(_effect(mean_rksl, layout)) <= half_width(noise, LEVEL)).mean())


def earlier(layout: Layout, world: World, repetitions: int, rng: np.random.Generator) -> tuple[float, float]:
    """False positives of sign flips (statistic: mean over CR2 error; 999 flips), and coverage of the sum of both."""
    mean_rksl = drawn(layout, world, repetitions, rng)
    effect_r, mean_rl = _effect(mean_rksl, layout), mean_rksl.mean(axis=2).sum(axis=1)
    sign_fl = rng.choice([-1.0, 1.0], size=(999, len(layout.count_l)))

    def statistic(mean_l: Floats) -> Floats:
        ratio: Floats = np.abs(mean_l @ layout.weight_l) / np.sqrt(cr2(mean_l, layout.weight_l))
        return ratio

    called = [(1 + (statistic(sign_fl * one) >= statistic(one)).sum()) / 1000 <= 1 - LEVEL for one in mean_rl]
    places = cr2(mean_rl, layout.weight_l)
    of_seeds = (mean_rksl.sum(axis=1) @ layout.weight_l).var(axis=1, ddof=1) / world.seeds
    df = satterthwaite(layout.weight_l, layout.variance_l)
    total = places + of_seeds
    pooled = Noise(total, total**2 / (places**2 / df + of_seeds**2 / (world.seeds - 1)))
    return float(np.mean(called)), float((np.abs(effect_r) <= half_width([pooled], LEVEL)).mean())


def _effect(mean_rksl: Floats, layout: Layout) -> Floats:
    effect_r: Floats = (mean_rksl.mean(axis=2) @ layout.weight_l).sum(axis=1)
    return effect_r


def _rows(layout: Layout, base: World, repetitions: int, rng: np.random.Generator) -> Iterator[dict[str, object]]:
    for seeds, shift in itertools.product(SEEDS, SHIFTS):
        worlds = [replace(base, seeds=seeds, shift=shift, effect=effect) for effect in EFFECTS]
        shares = [round(coverage(layout, world, repetitions, rng), 4) for world in worlds]
        yield {"seeds": seeds, "shift": shift, "coverage": dict(zip(map(str, EFFECTS), shares, strict=True))}


def main(repetitions: int) -> None:
    rng = np.random.default_rng(0)
    found: dict[str, object] = {"machine": machine.describe(), "repetitions": repetitions, "effects": EFFECTS}
    print("Coverage of 95 % intervals, percent: least and most over the locations' effects 0 to 0.2")
    print(f"{'':58}{'seeds, standard deviation between them'}")
    for variant, changes in {"two settings": {}, **VARIANTS}.items():
        for name, layout in LAYOUTS.items():
            base = replace(World(2, 0.0, 0.0), **changes)  # type: ignore[arg-type]
            rows = [*_rows(layout, base, repetitions, rng)]
            found.setdefault(variant, {})[name] = rows  # type: ignore[attr-defined]
            for row in rows:
                shares = row["coverage"].values()  # type: ignore[attr-defined]
                print(
                    f"{variant:<40} {name:<16} {row['seeds']:>3} {row['shift']:>5}   "
                    f"{100 * min(shares):.1f} {100 * max(shares):.1f}",
                    flush=True,
                )
    few = min(repetitions, 1000)
    before = []
    for seeds, shift in itertools.product(SEEDS, SHIFTS):
        called, covered = earlier(LAYOUTS["26 equal"], World(seeds, shift, 0.05), few, rng)
        before.append({"seeds": seeds, "shift": shift, "called_different": called, "coverage": covered})
        print(f"earlier, 26 equal, effect 0.05: {before[-1]}", flush=True)
    found["earlier, 26 equal, effect 0.05"] = before
    write(found)


def write(found: Mapping[str, object]) -> None:
    """Publishes the results, a line for each row."""
    text = re.sub(r"\{[^{}]*(\{[^{}]*\})?[^{}]*\}", lambda row: " ".join(row[0].split()), json.dumps(found, indent=1))
    (Path(__file__).parent / "results" / "coverage.json").write_text(text + "\n")


if __name__ == "__main__":
    given = settings.given(__doc__)
    main(int(given.get("repetitions", "20000")))
