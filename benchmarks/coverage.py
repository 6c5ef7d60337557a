"""`python -m benchmarks.coverage [repetitions=20000]`: how often the report's 95 % intervals hold the truth.

Simulates the paper's Table 1 (2,003 photographs at 26 locations, half of them at one), and a layout of 26 equal
locations: a location's own effect (standard deviation 0 to 0.2), bursts of three photographs (half of the variance
within a location is theirs), and noise of 0.3 in all. Beside the report's cluster-robust interval stand the nested
bootstrap (locations, then photographs within them) and the interval that takes photographs for independent.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ablate.intervals import image_weighted, macro
from ablate.published import PUBLISHED
from benchmarks import machine

NOISE, BURST, SHARE = 0.3, 3, 0.5  # of one photograph; photographs in a burst; how much of the variance they share
LISTED_FROM = 30
EFFECTS = (0.0, 0.02, 0.05, 0.1, 0.15, 0.2)
_BOOTSTRAPS = 300

Floats = NDArray[np.float64]


def simulated(count_l: Floats, effect: float, repetitions: int, rng: np.random.Generator) -> Floats:
    """Means of the locations, true mean 0; shape (repetitions, locations)."""
    within = NOISE**2 / count_l * (1 + (BURST - 1) * SHARE)
    return rng.normal(size=(repetitions, len(count_l))) * np.sqrt(effect**2 + within)


def covered(mean_rl: Floats, count_l: Floats, method: Callable[[Floats, Floats], tuple[float, float]]) -> float:
    """The share of repetitions whose interval holds 0."""
    ends = [method(mean_l, count_l) for mean_l in mean_rl]
    return float(np.mean([low <= 0 <= high for low, high in ends]))


def robust(mean_l: Floats, count_l: Floats) -> tuple[float, float]:
    found = image_weighted(mean_l[None], count_l)
    return found.low, found.high


def robust_macro(mean_l: Floats, count_l: Floats) -> tuple[float, float]:
    found = macro(mean_l[None][:, count_l >= LISTED_FROM] if (count_l >= LISTED_FROM).sum() > 1 else mean_l[None])
    return found.low, found.high


def nested_bootstrap(mean_l: Floats, count_l: Floats) -> tuple[float, float]:
    rng = np.random.default_rng(0)
    drawn = rng.integers(0, len(count_l), size=(_BOOTSTRAPS, len(count_l)))
    noise = rng.normal(size=drawn.shape) * NOISE / np.sqrt(count_l[drawn])
    means = ((mean_l[drawn] + noise) * count_l[drawn]).sum(axis=1) / count_l[drawn].sum(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)


def independent(mean_l: Floats, count_l: Floats) -> tuple[float, float]:
    mean = float(mean_l @ count_l / count_l.sum())
    half = 1.96 * NOISE / np.sqrt(count_l.sum())
    return mean - half, mean + half


METHODS = {
    "CR2, image-weighted": robust,
    "CR2, macro": robust_macro,
    "nested bootstrap": nested_bootstrap,
    "independent photographs": independent,
}
LAYOUTS = {
    "Table 1": np.array([*PUBLISHED.values()], dtype=float),
    "26 equal locations": np.full(26, 77.0),
    "8 equal locations": np.full(8, 250.0),
}


def main(repetitions: int) -> None:
    rng = np.random.default_rng(0)
    figures: dict[str, dict[str, dict[str, float]]] = {}
    for layout, count_l in LAYOUTS.items():
        kish = count_l.sum() ** 2 / (count_l**2).sum()
        print(f"\n{layout}: {kish:.1f} effective locations; share of 95 % intervals that hold the truth")
        print(f"{'between locations':<26}" + "".join(f"{effect:>8.2f}" for effect in EFFECTS))
        for name, method in METHODS.items():
            few = min(repetitions, 1000) if method is nested_bootstrap else repetitions
            shares = [covered(simulated(count_l, effect, few, rng), count_l, method) for effect in EFFECTS]
            print(f"{name:<26}" + "".join(f"{share:>8.3f}" for share in shares), flush=True)
            figures.setdefault(layout, {})[name] = dict(zip(map(str, EFFECTS), shares, strict=True))
    result = {"machine": machine.describe(), "repetitions": repetitions, "coverage": figures}
    (Path(__file__).parent / "results" / "coverage.json").write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    given = dict(word.partition("=")[::2] for word in sys.argv[1:])
    main(int(given.get("repetitions", "20000")))
