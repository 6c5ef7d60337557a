"""Plants and things that several biomes have, each a function from its colours and numbers to a `Growth`."""

from __future__ import annotations

from functools import partial

from datasets.render import palettes as p
from datasets.render import things
from datasets.render import vegetation as plants
from datasets.render.biome import Growth
from datasets.render.mesh import Mesh
from datasets.render.palettes import Palette
from datasets.render.vegetation import Rng

Count = tuple[int, int]  # fewest and most on a place


DENSE = 4  # patches in one: rays that cross overlapping patches are slow


def turf(leaf: Palette, count: Count, height: float = 0.22, tufts: int = 40) -> Growth:
    """Patches of short grass close by."""
    make = partial(plants.grass, size=2.6, tufts=DENSE * tufts, each=16, height=height, lean=0.8)
    count = (count[0] // DENSE, count[1] // DENSE)
    return Growth(make, p.BARK, leaf, count, (0.9, 18), (0.7, 1.3), lean=True, clump=0.5, height=height)


def tall_grass(leaf: Palette, count: Count, height: float = 0.55) -> Growth:
    """Tussocks to an animal's belly."""
    make = partial(plants.grass, size=1.9, tufts=DENSE * 16, each=22, height=height, lean=0.9, width=0.006)
    count = (count[0] // DENSE, count[1] // DENSE)
    return Growth(make, p.BARK, leaf, count, (1.4, 26), (0.6, 1.4), lean=True, clump=0.6, height=height)


def bushes(leaf: Palette, count: Count, height: float = 1.1, size: float = 0.07, slim: float = 0.55) -> Growth:
    """Leafy shrubs."""
    make = partial(plants.bush, height=height, leaf=size, count=1500, slim=slim)
    return Growth(make, p.BARK, leaf, count, (2.2, 45), (0.5, 1.7), solid=0.45, clump=0.4, height=height)


def bare_shrubs(wood: Palette, count: Count, height: float = 1.6) -> Growth:
    """Leafless shrubs and snags."""
    make = partial(plants.dead_branch, height=height)
    return Growth(make, wood, p.DEAD_LEAF, count, (1.8, 30), (0.5, 1.5), solid=0.2, height=height)


def broadleaves(leaf: Palette, count: Count, height: float = 9.0, wood: Palette = p.BARK, bare: float = 0.35,
                leaves: int = 3200) -> Growth:  # fmt: skip
    """Trees with a crown of leaves."""
    make = partial(plants.broadleaf, height=height, count=leaves, bare=bare)
    return Growth(make, wood, leaf, count, (4.5, 70), (0.6, 1.4), solid=0.35, height=height)


def conifers(leaf: Palette, count: Count, height: float = 12.0, bare: float = 0.12) -> Growth:
    """Spruces, firs, pines."""
    make = partial(plants.conifer, height=height, bare=bare)
    return Growth(make, p.BARK, leaf, count, (4.5, 110), (0.5, 1.5), solid=0.3, height=height)


def saplings(leaf: Palette, count: Count) -> Growth:
    """Young conifers, branched to the ground."""
    make = partial(plants.conifer, height=2.4, whorls=15, bare=0.05)
    return Growth(make, p.BARK, leaf, count, (2.5, 35), (0.4, 1.2), solid=0.4, height=2.4)


def rocks(stone: Palette, count: Count, size: float = 0.5, scale: tuple[float, float] = (0.15, 2.2)) -> Growth:
    """Stones and boulders."""
    return Growth(
        partial(plants.rock, size=size), stone, stone, count, (1.8, 45), scale, solid=0.5, variants=4, height=size
    )


def litter(leaf: Palette, count: Count, size: float = 0.07) -> Growth:
    """Patches of fallen leaves close by."""
    return Growth(partial(things.litter, leaf=size), p.BARK, leaf, count, (0.7, 9), (0.8, 1.3), lean=True)


def twigs(wood: Palette, count: Count) -> Growth:
    """Patches of sticks close by."""
    return Growth(things.twigs, wood, p.DEAD_LEAF, count, (0.7, 9), (0.7, 1.4), lean=True)


def pebbles(stone: Palette, count: Count) -> Growth:
    """Patches of small stones close by."""
    return Growth(things.pebbles, stone, stone, count, (0.7, 11), (0.7, 1.6), lean=True)


def _branch(rng: Rng) -> Mesh:
    return plants.dead_branch(rng, 1.4)


# Things of an animal's size and colour, which a detector may take for one: each on half of the places, if wanted.
DISTRACTORS: dict[str, Growth] = {
    "fallen_log": Growth(things.fallen, p.COAT_LIKE, p.DEAD_LEAF, (1, 5), (3, 22), (0.5, 1.1), True, 0.8, 0.55, 0.2),
    "cut_stump": Growth(things.stump, p.COAT_LIKE, p.DEAD_LEAF, (1, 5), (2.5, 22), (0.7, 1.8), False, 0.4, 0.5, 0.2),
    "earth_mound": Growth(things.mound, p.COAT_LIKE, p.COAT_LIKE, (1, 5), (2.5, 22), (0.5, 1.3), False, 0.7, 0.5, 0.2),
    "bare_branch": Growth(_branch, p.COAT_LIKE, p.DEAD_LEAF, (1, 6), (2.0, 20), (0.6, 1.3), False, 0.3, 0.5, 0.2),
    "warm_boulder": Growth(partial(plants.rock, size=0.55), p.WARM_STONE, p.WARM_STONE, (1, 5), (2.5, 22), (0.6, 1.5),
                      False, 0.6, 0.5, 0.2),
}  # fmt: skip
