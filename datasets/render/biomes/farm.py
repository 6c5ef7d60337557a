"""The edge of a farm: fields, fences, dry stone walls, bales, hedges."""

from dataclasses import replace

from datasets.render import palettes as p
from datasets.render.biome import Biome, Growth, Lie, Trough
from datasets.render.catalogue import broadleaves, bushes, pebbles, tall_grass, turf
from datasets.render.things import bale, fence, pillar, wall

BIOME = Biome(
    grounds=((p.TURF, p.LOAM), (p.STUBBLE, p.DRY_TURF), (p.TURF, p.DRY_TURF), (p.LOAM, p.STUBBLE)),
    growth={
        "turf": turf(p.GRASS, (30, 320), 0.2),
        "stubble": turf(p.STRAW, (10, 200), 0.18, 30),
        "tall": tall_grass(p.HAY_GRASS, (4, 90)),
        "fence": Growth(
            fence, p.TIMBER, p.DEAD_LEAF, (2, 9), (4, 28), (0.9, 1.1), True, 0.3, 0.7, 0.2, height=1.2, built=True
        ),
        "wire": Growth(
            fence, p.WEATHERED, p.DEAD_LEAF, (1, 7), (4, 30), (0.9, 1.2), True, 0.3, 0.5, 0.2, height=1.2, built=True
        ),
        "wall": Growth(
            wall, p.STONE, p.MOSS, (2, 10), (3.5, 24), (0.8, 1.2), True, 1.0, 0.5, 0.5, height=1.0, built=True
        ),
        "bale": Growth(
            bale, p.BARK, p.STRAW, (1, 8), (4, 35), (0.8, 1.2), False, 0.9, 0.4, 0.3, height=1.2, built=True
        ),
        "pillar": Growth(
            pillar, p.CONCRETE, p.CONCRETE, (1, 6), (4, 20), (0.5, 1.2), False, 0.5, 0.25, 0.5, height=1.5, built=True
        ),
        "hedge": bushes(p.LEAF, (6, 60), 1.4),
        "tree": replace(broadleaves(p.LEAF, (4, 40)), reach=(9, 90)),
        "pebbles": pebbles(p.STONE, (0, 16)),
    },
    skies={"blue": 0.4, "cloudy": 0.25, "white": 0.2, "low_sun": 0.1, "fog": 0.05},
    lie=Lie(bump=(0.03, 0.12), slope=(-0.07, 0.07), hill=(2, 25), hill_start=(50, 100)),
    haze=(250, 1500),
    canopy=0.05,
    closed=0.25,
    trough=Trough(0.3, (0.5, 4), (1.0, 1.6), (0.03, 0.1), (p.LOAM, p.MUD), ruts=True),
)
