"""What a kind of country consists of. Each is one file of `datasets/render/biomes`, which defines `BIOME`."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from datasets.render.mesh import Mesh
from datasets.render.palettes import Palette
from datasets.render.vegetation import Rng

Range = tuple[float, float]


@dataclass(frozen=True)
class Growth:
    """One kind of plant or thing: how it is made, coloured and scattered.

    Attributes:
        make: its mesh, whose shades point into `wood` below 0.5 and into `leaf` above.
        count: fewest and most on a place that has any, all round; drawn so that few are as likely as many.
        reach: nearest and farthest, metres from the place's middle.
        lean: whether it stands at right angles to the ground (grass) rather than upright.
        solid: radius in metres, at scale 1, that an animal cannot stand in; 0: it gives way.
        chance: share of the places that have any.
        clump: share of them that stand beside another one.
        variants: how many different ones there are.
        height: metres, roughly, at scale 1.
        built: whether it does not grow: it closes no view, nor stands close to the lens.
    """

    make: Callable[[Rng], Mesh]
    wood: Palette
    leaf: Palette
    count: tuple[int, int]
    reach: Range
    scale: Range = (0.7, 1.3)
    lean: bool = False
    solid: float = 0.0
    chance: float = 1.0
    clump: float = 0.3
    variants: int = 3
    height: float = 0.5
    built: bool = False


@dataclass(frozen=True)
class Lie:
    """The lie of the land, as ranges: metres, and rise per metre."""

    bump: Range = (0.06, 0.3)
    slope: Range = (-0.16, 0.16)
    hill: Range = (5.0, 45.0)
    hill_start: Range = (25.0, 70.0)


@dataclass(frozen=True)
class Trough:
    """A stream's or a track's bed that runs through the place.

    Attributes:
        chance: share of the places that have it.
        aside: metres from the place's middle; depth and reach: metres.
        cover: colours of its bottom.
        water: metres below the ground to which it is filled; None: dry.
        ruts: whether only two wheels have bared it.
    """

    chance: float
    aside: Range
    reach: Range
    depth: Range
    cover: tuple[Palette, ...]
    water: float | None = None
    ruts: bool = False


@dataclass(frozen=True)
class Biome:
    """A kind of country.

    Attributes:
        grounds: pairs of covers that lie beside one another in patches; a place has one pair.
        growth: what grows and lies there, by name.
        skies: names of `weather` with their shares.
        haze: metres at which 63 % of a thing's light is haze.
        closed: share of the places that slopes and thickets close in on, as they do where camera traps hang.
        canopy: share of the pictures in the sun whose light falls through leaves.
    """

    grounds: tuple[tuple[Palette, Palette], ...]
    growth: Mapping[str, Growth]
    skies: Mapping[str, float]
    lie: Lie = field(default_factory=Lie)
    haze: Range = (150.0, 1200.0)
    canopy: float = 0.1
    trough: Trough | None = None
    closed: float = 0.5


def named(name: str) -> Biome:
    """The biome of a name that `datasets/render/biomes` has."""
    found: Biome = importlib.import_module(f"datasets.render.biomes.{name}").BIOME
    return found
