"""A bank: slow water, mud, reeds, willows and stones."""

from datasets.render import palettes as p
from datasets.render.biome import Biome, Growth, Lie, Trough
from datasets.render.catalogue import bare_shrubs, broadleaves, bushes, pebbles, rocks, tall_grass, turf, twigs
from datasets.render.things import reeds

BIOME = Biome(
    grounds=((p.MUD, p.TURF), (p.GRAVEL, p.MUD), (p.SAND, p.DRY_TURF)),
    growth={
        "turf": turf(p.GRASS, (20, 200), 0.25),
        "tall": tall_grass(p.REED, (10, 120), 0.7),
        "reeds": Growth(reeds, p.BARK, p.REED, (15, 110), (2.5, 30), (0.7, 1.4), clump=0.8, height=1.5),
        "willow": bushes(p.LEAF, (8, 60), 2.4, 0.09, 0.25),
        "tree": broadleaves(p.LEAF, (6, 36), 9.0, p.GREY_BARK),
        "drift": bare_shrubs(p.WEATHERED, (3, 20)),
        "pebbles": pebbles(p.STONE, (12, 60)),
        "rock": rocks(p.STONE, (5, 40)),
        "twigs": twigs(p.WEATHERED, (4, 24)),
    },
    skies={"blue": 0.35, "white": 0.2, "cloudy": 0.2, "low_sun": 0.1, "fog": 0.1, "dusk": 0.05},
    lie=Lie(bump=(0.03, 0.09), slope=(-0.004, 0.004), hill=(5, 40), hill_start=(30, 60)),
    haze=(150, 1000),
    canopy=0.2,
    trough=Trough(1.0, (3.5, 8), (2.0, 4.0), (0.5, 0.9), (p.MUD, p.GRAVEL), water=0.25),
)
