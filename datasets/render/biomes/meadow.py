"""Open grassland: deep grass, flowers, a hedge or single trees, woods far away."""

from dataclasses import replace

from datasets.render import palettes as p
from datasets.render.biome import Biome, Growth, Lie
from datasets.render.catalogue import broadleaves, bushes, rocks, tall_grass, turf
from datasets.render.things import flowers

BIOME = Biome(
    grounds=((p.TURF, p.DRY_TURF), (p.TURF, p.MOSS), (p.DRY_TURF, p.LOAM)),
    growth={
        "turf": turf(p.GRASS, (150, 420), 0.3),
        "tall": tall_grass(p.HAY_GRASS, (60, 320), 0.6),
        "flowers": Growth(flowers, p.GRASS, p.PETAL, (10, 110), (1.2, 18), (0.7, 1.4), True, clump=0.6),
        "bush": bushes(p.LEAF, (2, 24)),
        "tree": replace(broadleaves(p.LEAF, (5, 60), 9.0), reach=(14, 120)),
        "rock": rocks(p.STONE, (1, 8)),
    },
    skies={"blue": 0.35, "cloudy": 0.25, "white": 0.2, "low_sun": 0.12, "fog": 0.08},
    lie=Lie(bump=(0.05, 0.2), slope=(-0.1, 0.1), hill=(3, 30), hill_start=(40, 90)),
    haze=(200, 1200),
    canopy=0.05,
    closed=0.25,
)
