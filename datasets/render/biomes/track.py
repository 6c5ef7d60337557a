"""A dirt track or a game trail through scrub, as cameras are often set up to watch."""

from datasets.render import palettes as p
from datasets.render.biome import Biome, Trough
from datasets.render.catalogue import bare_shrubs, broadleaves, bushes, litter, pebbles, rocks, tall_grass, turf, twigs

BIOME = Biome(
    grounds=((p.DRY_TURF, p.OCHRE), (p.TURF, p.LEAF_LITTER), (p.DRY_TURF, p.LEAF_LITTER), (p.SAND, p.DRY_TURF)),
    growth={
        "turf": turf(p.HAY_GRASS, (30, 300), 0.22, 26),
        "tall": tall_grass(p.STRAW, (10, 140), 0.55),
        "scrub": bushes(p.OLIVE, (12, 100), 1.2, 0.06),
        "green": bushes(p.LEAF, (4, 50), 1.5),
        "tree": broadleaves(p.OLIVE, (4, 50), 7.0, p.GREY_BARK),
        "dry": bare_shrubs(p.WEATHERED, (3, 30)),
        "litter": litter(p.DEAD_LEAF, (3, 30)),
        "twigs": twigs(p.GREY_BARK, (6, 36)),
        "pebbles": pebbles(p.WARM_STONE, (6, 36)),
        "rock": rocks(p.WARM_STONE, (2, 20)),
    },
    skies={"blue": 0.4, "hazy": 0.15, "cloudy": 0.15, "low_sun": 0.15, "white": 0.1, "dusk": 0.05},
    haze=(200, 1200),
    canopy=0.25,
    trough=Trough(1.0, (0.3, 3), (0.9, 1.8), (0.04, 0.2), (p.OCHRE, p.LOAM, p.SAND), ruts=True),
)
