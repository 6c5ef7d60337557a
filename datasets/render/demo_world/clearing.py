"""The synthetic domain's world: a lush mountain forest at noon under a white sky."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from datasets.render import vegetation as plants
from datasets.render.demo_world.earth import ground_bsdf
from datasets.render.light import Light
from datasets.render.mesh import Mesh, Plugin
from datasets.render.noise import Array, generator
from datasets.render.scene import Site, View, plant_group
from datasets.render.terrain import Relief, waves

BARK = np.array([[0.20, 0.15, 0.11], [0.36, 0.29, 0.23]])
PALE_BARK = np.array([[0.42, 0.39, 0.35], [0.68, 0.65, 0.60]])
STONE = np.array([[0.28, 0.28, 0.27], [0.52, 0.51, 0.48]])
MEADOW = np.array([[0.20, 0.27, 0.09], [0.31, 0.41, 0.14], [0.43, 0.52, 0.21]])
LITTER = np.array([[0.20, 0.14, 0.09], [0.31, 0.23, 0.15], [0.40, 0.32, 0.21]])
SOILS = 6
SECTOR = 0.66  # plants stand within +- this many radians of the camera's axis


def _greens(rng: np.random.Generator, dark: float = 1.0) -> Array:
    """Three greens from shade to light, of a random hue."""
    yellow = rng.uniform(-0.04, 0.07)
    base = np.array([[0.11, 0.19, 0.06], [0.25, 0.39, 0.12], [0.43, 0.57, 0.21]]) * dark
    greens: Array = base + np.array([yellow, 0.3 * yellow, -0.2 * yellow])
    return greens


@lru_cache(maxsize=1)
def library(seed: int) -> dict[str, list[Any]]:
    """Plants by kind, each in a few variants, to be instanced in every picture."""
    rng = generator(seed, "forest", "library")

    def kind(make: Callable[[], Mesh], variants: int, bark: Array = BARK, dark: float = 1.0) -> list[Any]:
        return [plant_group(make(), bark, _greens(rng, dark)) for _ in range(variants)]

    return {
        "grass": kind(lambda: plants.grass(rng, tufts=42, each=18, height=0.24, lean=0.7), 3),
        "tall": kind(lambda: plants.grass(rng, tufts=26, each=18, height=0.5, lean=0.9, width=0.007), 2),
        "fern": kind(lambda: plants.fern(rng), 2, dark=0.9),
        "bush": kind(lambda: plants.bush(rng, 1.0, 0.085, 1500), 3),
        "conifer": kind(lambda: plants.conifer(rng, 12.0), 3, dark=0.7),
        "sapling": kind(lambda: plants.conifer(rng, 2.6, 15, 0.05), 1, dark=0.75),
        "broadleaf": kind(lambda: plants.broadleaf(rng, 9.0), 3),
        "birch": kind(lambda: plants.broadleaf(rng, 10.0, 2600, 0.45), 1, PALE_BARK, 1.1),
        "rock": kind(lambda: plants.rock(rng, 0.5), 2, STONE),
        "log": kind(lambda: plants.log(rng, 3.5), 1),
    }


@lru_cache(maxsize=SOILS)
def soil(seed: int, number: int) -> Plugin:
    """One of a few ground covers; drawing a new one for every picture would cost a fifth of its time."""
    rng = generator(seed, "forest", "soil", number)
    lush = float(rng.uniform(0.85, 1.15))
    return ground_bsdf(rng, MEADOW * lush, LITTER, float(rng.uniform(6, 14)))


# kind: (fewest, most, nearest, farthest in metres, scale range, leans with the ground, solid radius)
SCATTER: dict[str, tuple[int, int, float, float, tuple[float, float], bool, float]] = {
    "grass": (50, 95, 1.2, 16, (0.8, 1.2), True, 0.0),
    "tall": (4, 26, 2.0, 22, (0.7, 1.2), True, 0.0),
    "fern": (3, 24, 2.2, 20, (0.7, 1.4), False, 0.0),
    "bush": (3, 14, 4.0, 40, (0.5, 1.7), False, 0.45),
    "conifer": (3, 18, 6.0, 60, (0.5, 1.5), False, 0.25),
    "sapling": (0, 6, 5.0, 30, (0.5, 1.2), False, 0.4),
    "broadleaf": (0, 8, 7.0, 50, (0.7, 1.4), False, 0.3),
    "birch": (0, 6, 5.0, 35, (0.7, 1.2), False, 0.25),
    "rock": (0, 6, 2.5, 25, (0.4, 1.8), False, 0.5),
    "log": (0, 2, 4.0, 14, (0.7, 1.1), True, 0.8),
}


def grow(site: Site, kinds: dict[str, list[Any]], scatter: dict[str, Any], rng: np.random.Generator,
         clear: list[tuple[float, float, float]]) -> None:  # fmt: skip
    """Scatters plants over the view, none solid within `clear` circles (x, y, radius)."""
    for name, (fewest, most, near, far, (small, large), lean, radius) in scatter.items():
        for _ in range(int(rng.integers(fewest, most + 1))):
            distance = near * (far / near) ** (rng.random() ** 0.7)
            angle = rng.uniform(-SECTOR, SECTOR)
            x, y = float(distance * np.cos(angle)), float(distance * np.sin(angle))
            turn, scale = float(rng.uniform(0, 360)), float(rng.uniform(small, large))
            group = kinds[name][int(rng.integers(len(kinds[name])))]
            blocked = any((x - a) ** 2 + (y - b) ** 2 < (r + radius * scale) ** 2 for a, b, r in clear)
            if not (blocked and (radius > 0 or scale > 0.9)):
                site.plant(group, x, y, turn, scale, lean, radius)


def site(seed: int, rng: np.random.Generator, clear: list[tuple[float, float, float]]) -> Site:
    """A new clearing in the forest; `clear` circles stay free of trunks, bushes and rocks."""
    slope = (float(rng.uniform(-0.08, 0.18)), float(rng.uniform(-0.2, 0.2)))
    land = Relief(
        *waves(rng), bump=float(rng.uniform(0.12, 0.4)), slope=slope, hill=float(rng.uniform(15, 90)), hill_start=28.0
    )
    place = Site(land)
    place.add_ground(soil(seed, int(rng.integers(SOILS))))
    kinds = library(seed)
    grow(place, kinds, SCATTER, rng, clear)
    backdrop = {"conifer": (25, 55, 40.0, 130.0, (0.7, 1.7), False, 0.0)}
    grow(place, kinds, backdrop, rng, [])
    return place


def cover(place: Site, seed: int, rng: np.random.Generator, x: float, y: float) -> None:
    """Something that hides a part of an animal at (x, y): a plant between it and the camera."""
    share = float(rng.uniform(0.55, 0.8))
    name = str(rng.choice(["bush", "sapling", "birch", "fern", "tall", "bush"]))
    group = library(seed)[name][0]
    side = float(rng.normal(0, 0.35)) * share
    scale = float(rng.uniform(0.5, 0.9)) if name in {"bush", "sapling"} else 1.0
    place.plant(group, x * share - y * side * 0.1, y * share + side, float(rng.uniform(0, 360)), scale, False)


def noon(rng: np.random.Generator) -> Light:
    """A white sky, the sun high behind thin cloud or clear of it."""
    white = float(rng.uniform(0.9, 1.05))
    return Light(
        zenith=(0.86 * white, 0.92 * white, 1.0 * white),
        horizon=(white, white, 1.02 * white),
        sun=float(rng.uniform(0.6, 3.6)),
        elevation=float(rng.uniform(0.95, 1.4)),
        azimuth=float(rng.uniform(0, 2 * np.pi)),
        ground=(0.12, 0.14, 0.07),
    )


def view(rng: np.random.Generator, width: int, rows: int) -> View:
    return View(
        height=float(rng.uniform(0.8, 1.9)),
        fov=float(rng.uniform(42, 58)),
        tilt=float(rng.uniform(-9, 4)),
        roll=float(rng.normal(0, 1.0)),
        width=width,
        rows=rows,
    )
