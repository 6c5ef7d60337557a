"""The photographs' world: 26 fixed cameras in arid country, each with its own ground, plants, sky and habits."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from datasets.render import vegetation as plants
from datasets.render.camera import Banner, Sensor
from datasets.render.demo_world.clearing import grow
from datasets.render.demo_world.earth import ground_bsdf
from datasets.render.light import Light
from datasets.render.noise import Array, generator
from datasets.render.scene import Site, View, plant_group
from datasets.render.terrain import Relief, waves

WIDTH, ROWS = 224, 168

# Day-time deer photographs with a box per location: the order of the paper's table 1, its long tail scaled down.
DEER_DAYS: dict[str, int] = {
    "34": 95, "41": 40, "57": 35, "63": 33, "61": 32, "59": 31, "6": 8, "4": 7, "10": 6, "42": 6, "53": 5, "37": 5,
    "44": 4, "66": 4, "48": 4, "23": 3, "70": 3, "21": 2, "29": 2, "32": 2, "11": 2, "120": 2, "25": 1, "26": 1,
    "27": 1, "2": 1,
}  # fmt: skip

SANDS = (
    ((0.64, 0.58, 0.45), (0.75, 0.69, 0.55), (0.83, 0.78, 0.64)),  # sand
    ((0.60, 0.51, 0.35), (0.71, 0.61, 0.43), (0.79, 0.70, 0.51)),  # ochre
    ((0.54, 0.53, 0.48), (0.65, 0.64, 0.58), (0.75, 0.74, 0.68)),  # grey gravel
    ((0.56, 0.48, 0.39), (0.67, 0.58, 0.47), (0.75, 0.67, 0.56)),  # pale earth
)
STRAWS = (
    ((0.56, 0.53, 0.34), (0.68, 0.65, 0.43), (0.77, 0.74, 0.52)),  # dry grass
    ((0.50, 0.48, 0.35), (0.61, 0.59, 0.43), (0.71, 0.68, 0.52)),  # litter
    ((0.42, 0.47, 0.28), (0.53, 0.58, 0.36), (0.64, 0.68, 0.45)),  # dusty green
)
WOOD = np.array([[0.30, 0.27, 0.24], [0.52, 0.48, 0.43]])
SCRUB = (
    ((0.22, 0.23, 0.17), (0.42, 0.43, 0.34), (0.58, 0.59, 0.49)),  # sagebrush
    ((0.14, 0.17, 0.09), (0.29, 0.32, 0.18), (0.43, 0.45, 0.28)),  # oak, juniper
    ((0.28, 0.23, 0.13), (0.47, 0.41, 0.25), (0.62, 0.55, 0.36)),  # dried
    ((0.17, 0.20, 0.08), (0.35, 0.37, 0.17), (0.53, 0.52, 0.30)),  # creosote
)


@dataclass(frozen=True)
class Location:
    """One camera: where it looks and how its pictures come out.

    `original` is the width and height that the JSON's boxes refer to; `north` is the sun's azimuth at noon.
    """

    name: str
    seed: int
    view: View
    sensor: Sensor
    banner: Banner
    north: float
    original: tuple[int, int]

    def rng(self, *path: str | int) -> np.random.Generator:
        return generator(self.seed, "location", self.name, *path)


def location(seed: int, name: str) -> Location:
    """The camera of a location: all its constants, from the seed and its name."""
    rng = generator(seed, "camera", name)
    tall = rng.choice(["down", "level", "up"], p=[0.35, 0.35, 0.30])
    tilt = {"down": rng.uniform(-12, -7), "level": rng.uniform(-7, 1), "up": rng.uniform(2, 9)}[str(tall)]
    view = View(float(rng.uniform(0.55, 1.0)), float(rng.uniform(40, 55)), float(tilt), float(rng.normal(0, 2.0)),
                WIDTH, ROWS)  # fmt: skip
    cast = {
        "cyan": (0.80, 1.02, 1.12), "warm": (1.12, 1.0, 0.84), "plain": (1.0, 1.0, 1.0), "green": (0.95, 1.05, 0.92),
    }[str(rng.choice(["cyan", "warm", "plain", "green"], p=[0.25, 0.15, 0.45, 0.15]))]  # fmt: skip
    sensor = Sensor(
        brightness=float(rng.uniform(0.43, 0.57)),
        balance=tuple(float(c) for c in np.asarray(cast) * rng.uniform(0.97, 1.03, 3)),  # type: ignore[arg-type]
        contrast=float(rng.uniform(0.95, 1.3)),
        saturation=float(rng.uniform(0.75, 1.15)),
        noise=float(rng.uniform(0.006, 0.016)),
        blur=float(rng.uniform(0.3, 0.6)),
        vignette=float(rng.uniform(0.0, 0.35)),
        haze=(0.72, 0.76, 0.80),
        haze_distance=float(np.exp(rng.uniform(np.log(220), np.log(1200)))),
        quality=int(rng.integers(60, 90)),
    )
    place = str(rng.choice(["top", "bottom", "none"], p=[0.4, 0.42, 0.18]))
    banner = Banner(place, 10, place == "top" or bool(rng.random() < 0.6))
    original = (WIDTH, ROWS) if rng.random() < 0.5 else ((2048, 1536) if rng.random() < 0.7 else (1024, 768))
    return Location(name, seed, view, sensor, banner, float(rng.uniform(0, 2 * np.pi)), original)


def _land(rng: np.random.Generator) -> Relief:
    return Relief(
        *waves(rng),
        bump=float(rng.uniform(0.06, 0.3)),
        slope=(float(rng.uniform(-0.16, 0.15)), float(rng.uniform(-0.28, 0.28))),
        reach=float(rng.uniform(8, 20)),
        hill=float(rng.uniform(3, 45)),
        hill_start=float(rng.uniform(25, 70)),
        hill_end=float(rng.uniform(120, 260)),
    )


def _kinds(rng: np.random.Generator) -> dict[str, list[Any]]:
    """The plants of one place, in its own colours."""
    straw = np.array(STRAWS[int(rng.integers(2))]) * rng.uniform(0.9, 1.15)
    first, second, third = (np.array(SCRUB[i]) * rng.uniform(0.85, 1.15) for i in rng.permutation(4)[:3])
    stone = np.array(SANDS[int(rng.integers(4))])[[0, 2]] * [[0.75], [1.0]]
    return {
        "grass": [plant_group(plants.grass(rng, tufts=16, each=20, height=0.30, lean=0.9), WOOD, straw)],
        "stubble": [plant_group(plants.grass(rng, tufts=40, each=7, height=0.10, lean=1.2), WOOD, straw)],
        "sage": [plant_group(plants.bush(rng, 0.7, 0.05, 1500, 0.3), WOOD, first) for _ in range(2)],
        "shrub": [plant_group(plants.bush(rng, 1.3, 0.06, 1500, 0.5), WOOD, second)],
        "juniper": [plant_group(plants.broadleaf(rng, 4.0, 4000, 0.12), WOOD, third)],
        "oak": [plant_group(plants.broadleaf(rng, 6.5, 3200, 0.3), WOOD * 0.85, second)],
        "snag": [plant_group(plants.dead_branch(rng, 1.6), WOOD * 1.1, straw)],
        "rock": [plant_group(plants.rock(rng, 0.5), stone, straw) for _ in range(2)],
        "pear": [plant_group(plants.prickly_pear(rng), WOOD, np.array(SCRUB[1]) * 1.15)],
    }


def _scatter(rng: np.random.Generator) -> dict[str, Any]:
    """How much of each plant stands at one place."""

    def some(most: int) -> tuple[int, int]:
        count = int(most * rng.random() ** 1.3)
        return count, count

    return {
        "grass": (*some(60), 1.6, 25, (0.6, 1.2), True, 0.0),
        "stubble": (*some(70), 1.0, 14, (0.8, 1.2), True, 0.0),
        "sage": (*some(45), 3.5, 60, (0.5, 1.5), False, 0.35),
        "shrub": (*some(22), 5.0, 70, (0.5, 1.5), False, 0.45),
        "juniper": (*some(14), 9.0, 110, (0.5, 1.4), False, 0.7),
        "oak": (*some(8), 8.0, 90, (0.6, 1.3), False, 0.3),
        "snag": (*some(6), 3.5, 25, (0.5, 1.4), False, 0.2),
        "rock": (*some(22), 2.2, 40, (0.15, 2.2), False, 0.5),
        "pear": (*some(5), 3.0, 18, (0.6, 1.3), False, 0.5),
    }


def _foreground(site: Site, kinds: dict[str, list[Any]], view: View, rng: np.random.Generator) -> None:
    """Something close to the lens at one side of the frame, at half of the locations."""
    if rng.random() < 0.5:
        return
    name = str(rng.choice(["snag", "rock", "sage", "grass", "oak"]))
    distance = float({"oak": 2.6, "rock": 2.0}.get(name, 1.5) * rng.uniform(0.9, 1.4))
    bearing = view.bearing(float(rng.choice([rng.uniform(-0.05, 0.2), rng.uniform(0.8, 1.05)])))
    scale = {"snag": 0.9, "rock": 1.0, "sage": 0.75, "grass": 0.8, "oak": 0.8}[name]
    x, y = distance * float(np.cos(bearing)), distance * float(np.sin(bearing))
    site.plant(kinds[name][0], x, y, float(rng.uniform(0, 360)), scale, name == "grass", 0.2)


@lru_cache(maxsize=2)
def site(place: Location) -> Site:
    """The place itself; the same for all of its pictures."""
    rng = place.rng("site")
    ground = Site(_land(rng))
    sand: Array = np.array(SANDS[int(rng.integers(len(SANDS)))]) * rng.uniform(0.85, 1.08)
    straw: Array = np.array(STRAWS[int(rng.choice(3, p=(0.4, 0.2, 0.4)))]) * rng.uniform(0.85, 1.1)
    straw = 0.75 * straw + 0.25 * sand  # covers of one place share its dust
    ground.add_ground(ground_bsdf(rng, sand, straw, float(rng.uniform(25, 60))))
    kinds = _kinds(rng)
    grow(ground, kinds, _scatter(rng), rng, [(2.8, 0.0, 1.3), (4.5, 0.0, 1.2)])
    _foreground(ground, kinds, place.view, rng)
    return ground


def daylight(place: Location, hour: float, weather: float) -> Light:
    """Light at an hour (local, decimal); `weather` in [0, 1]: below 0.55 blue sky, to 0.75 haze, above overcast."""
    height = max(float(np.sin(np.pi * (hour - 5.2) / 15.6)), 0.06)
    elevation, azimuth = 1.08 * height, place.north - (hour - 12.5) * 0.26
    warm = float(np.clip(1.2 - 2.2 * height, 0, 1))
    sun = (1.0, 0.95 - 0.18 * warm, 0.86 - 0.38 * warm)
    if weather < 0.55:
        sky, rim, strength, clouds = (0.16, 0.34, 0.78), (0.66, 0.78, 0.95), 3.4, 0.25 * (weather < 0.2)
    elif weather < 0.75:
        sky, rim, strength, clouds = (0.55, 0.66, 0.80), (0.90, 0.92, 0.92), 2.0, 0.4
    else:
        sky, rim, strength, clouds = (0.80, 0.83, 0.88), (0.95, 0.95, 0.96), 0.25, 0.6
    return Light(sky, rim, strength * (0.45 + 0.55 * height), elevation, azimuth, sun, clouds, (0.30, 0.25, 0.19))


def lamp() -> Light:
    """Night, lit from the camera."""
    return Light((0.003,) * 3, (0.006,) * 3, 0.0, 1.0, 0.0, ground=(0.002,) * 3, flash=10.0)
