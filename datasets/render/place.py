"""A place: ground, plants and things all round a camera, built once for all of its pictures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from datasets.render import biome as biomes
from datasets.render import soil, things
from datasets.render.biome import Biome, Growth, Trough
from datasets.render.camera_models import HungCamera, hung
from datasets.render.catalogue import DISTRACTORS
from datasets.render.mesh import Plugin
from datasets.render.noise import Array, generator
from datasets.render.palettes import BARK, LEAF, tinted
from datasets.render.scene import Site, plant_group
from datasets.render.terrain import Bed, Relief, waves

Rng = np.random.Generator
NEAREST = 0.9  # metres from the camera's post in which nothing solid stands
# Of places that close in, metres: where slopes begin, how high they are, and how far they take to be so. They hide what
# is behind them, not the sky.
BANK_START, BANK, BANK_DEPTH = (6.0, 16.0), (2.0, 11.0), (14.0, 45.0)
WATERS = ((0.10, 0.12, 0.08), (0.24, 0.25, 0.17))  # darkest and palest, sRGB
SHRUBS = (0.7, 4.0)  # metres: what is so high closes a view; higher, it would close the sky, too
KEPT = 900  # kinds of plants that a process keeps: all of the biomes together have fewer


@dataclass(frozen=True)
class Place:
    """One place and the camera that hangs there."""

    biome: str
    site: Site
    camera: HungCamera
    distractors: int

    @property
    def country(self) -> Biome:
        return biomes.named(self.biome)

    def near_lens(self) -> tuple[str, ...]:
        """What may stand close to the lens or be put before an animal."""
        growth = self.country.growth.items()
        return tuple(name for name, g in growth if g.reach[0] >= 1.2 and g.scale[0] >= 0.4 and not g.built)


@lru_cache(maxsize=KEPT)
def group(seed: int, biome: str, name: str, variant: int) -> Plugin:
    """One variant of a kind of plant, to be instanced by all places of a biome."""
    growth = DISTRACTORS.get(name) or biomes.named(biome).growth[name]
    rng = generator(seed, "kind", biome, name, variant)
    return plant_group(growth.make(rng), tinted(growth.wood, rng), tinted(growth.leaf, rng, 1.3))


def group_of(seed: int, biome: str, name: str, rng: Rng) -> Plugin:
    """A variant drawn by `rng`."""
    growth = DISTRACTORS.get(name) or biomes.named(biome).growth[name]
    return group(seed, biome, name, int(rng.integers(growth.variants)))


@lru_cache(maxsize=4)
def canopy(seed: int, variant: int) -> Plugin:
    """Leaves overhead."""
    rng = generator(seed, "canopy", variant)
    return plant_group(things.canopy(rng), tinted(BARK, rng), tinted(LEAF, rng))


@lru_cache(maxsize=2)
def place(seed: int, biome: str, number: int, rows: int, distractors: bool) -> Place:
    """Place `number`. What distractors there are changes nothing else of it."""
    country, rng = biomes.named(biome), generator(seed, "place", number, biome)
    trough = country.trough if country.trough is not None and rng.random() < country.trough.chance else None
    bed = None if trough is None else _bed(trough, rng)
    closed = bool(rng.random() < country.closed)
    site = Site(_land(country, bed, closed, rng))
    site.add_ground(_ground(country, trough, bed, rng), around=True)
    level = -np.inf
    if trough is not None and trough.water is not None:
        level = -trough.water
        site.objects["water"] = soil.water(level, np.array(rng.uniform(*WATERS)))
    for name, growth in country.growth.items():
        shown = _thicket(growth) if closed else growth
        _grow(site, seed, biome, name, shown, generator(seed, "grow", number, biome, name), level)
    before = len(site.spots)
    if distractors:
        for name, growth in DISTRACTORS.items():
            _grow(site, seed, biome, name, growth, generator(seed, "grow", number, biome, name), level)
    return Place(biome, site, hung(rng, rows, country.haze), len(site.spots) - before)


def _bed(trough: Trough, rng: Rng) -> Bed:
    side = float(rng.choice([-1, 1]))
    return Bed(float(rng.uniform(0, 2 * np.pi)), side * float(rng.uniform(*trough.aside)),
               float(rng.uniform(*trough.reach)), float(rng.uniform(*trough.depth)))  # fmt: skip


def _land(country: Biome, bed: Bed | None, closed: bool, rng: Rng) -> Relief:
    lie = country.lie
    start = float(rng.uniform(*(BANK_START if closed else lie.hill_start)))
    return Relief(
        *waves(rng),
        bump=float(rng.uniform(*lie.bump)),
        slope=(float(rng.uniform(*lie.slope)), float(rng.uniform(*lie.slope))),
        reach=float(rng.uniform(8, 20)),
        hill=float(rng.uniform(*(BANK if closed else lie.hill))),
        hill_start=start,
        hill_end=start + float(rng.uniform(*BANK_DEPTH)) if closed else 160.0,
        around=True,
        bed=bed,
    )


def _ground(country: Biome, trough: Trough | None, bed: Bed | None, rng: Rng) -> Plugin:
    covers = country.grounds[int(rng.integers(len(country.grounds)))]
    first, second = (tinted(cover, rng) for cover in covers)
    if trough is None or bed is None:
        return soil.ground(rng, (first, second), None)
    bottom = tinted(trough.cover[int(rng.integers(len(trough.cover)))], rng)
    return soil.ground(rng, (first, second), (bed, trough.ruts, bottom))


def _thicket(growth: Growth) -> Growth:
    """The same, closing in on the camera where it is as high as a shrub."""
    if growth.solid == 0 or growth.built or not SHRUBS[0] <= growth.height <= SHRUBS[1]:
        return growth
    near, far = growth.reach
    return replace(growth, count=(2 * growth.count[0] + 2, 2 * growth.count[1]), reach=(near, min(far, 5 * near, 20.0)))


def _spots(growth: Growth, rng: Rng) -> Iterator[Array]:
    """Where (2,) one kind stands on a place: many near, few far, some beside one another."""
    if rng.random() >= growth.chance:
        return
    fewest, most = growth.count
    count = round(np.exp(rng.uniform(np.log(fewest + 1), np.log(most + 1)))) - 1
    near, far = growth.reach
    last = np.zeros(2)
    for index in range(count):
        if index and rng.random() < growth.clump:
            spot = last + rng.normal(0, 0.6 + 0.06 * np.linalg.norm(last), 2)
            if np.linalg.norm(spot) < near:
                continue
        else:
            distance = near * (far / near) ** (rng.random() ** 0.7)
            turn = rng.uniform(0, 2 * np.pi)
            spot = distance * np.array([np.cos(turn), np.sin(turn)])
        last = spot
        yield spot


def _grow(site: Site, seed: int, biome: str, name: str, growth: Growth, rng: Rng, level: float) -> None:
    """Scatters one kind over a place; nothing grows in water (below `level`) or on the camera's post."""
    spots = np.array(list(_spots(growth, rng))).reshape(-1, 2)
    if not len(spots):
        return
    step = 0.25
    around = np.array([[0, 0], [-step, 0], [step, 0], [0, -step], [0, step]])
    heights = site.land.height((spots[:, None] + around).reshape(-1, 2)).reshape(-1, 5)
    for (x, y), z in zip(spots, heights, strict=True):
        scale, turn = float(rng.uniform(*growth.scale)), float(rng.uniform(0, 360))
        drawn = group_of(seed, biome, name, rng)
        if z[0] < level or np.hypot(x, y) < NEAREST + growth.solid * scale:
            continue
        rise = np.array([(z[1] - z[2]) / (2 * step), (z[3] - z[4]) / (2 * step), 1.0])
        normal = rise / np.linalg.norm(rise) if growth.lean else None
        site.add(drawn, np.array([x, y, z[0]]), turn, scale, normal, growth.solid)
