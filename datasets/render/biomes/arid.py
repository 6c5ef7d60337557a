"""Desert scrub: bare sand and gravel, sage, creosote, prickly pear, a few junipers."""

from datasets.render import palettes as p
from datasets.render.biome import Biome, Growth, Lie, Trough
from datasets.render.catalogue import bare_shrubs, broadleaves, bushes, pebbles, rocks, turf, twigs
from datasets.render.vegetation import prickly_pear

BIOME = Biome(
    grounds=((p.SAND, p.OCHRE), (p.OCHRE, p.GRAVEL), (p.GRAVEL, p.SAND), (p.RED_EARTH, p.OCHRE), (p.SAND, p.DRY_TURF)),
    growth={
        "tuft": turf(p.STRAW, (8, 150), 0.28, 14),
        "sage": bushes(p.SAGE, (15, 130), 0.7, 0.05),
        "creosote": bushes(p.CREOSOTE, (5, 60), 1.5, 0.05),
        "dry": bare_shrubs(p.WEATHERED, (3, 30)),
        "juniper": broadleaves(p.OLIVE, (2, 24), 4.0, p.GREY_BARK, 0.1, 3600),
        "pear": Growth(prickly_pear, p.BARK, p.OLIVE, (2, 16), (2.2, 18), solid=0.5, chance=0.5),
        "rock": rocks(p.WARM_STONE, (5, 50)),
        "pebbles": pebbles(p.WARM_STONE, (6, 40)),
        "twigs": twigs(p.WEATHERED, (3, 20)),
    },
    skies={"blue": 0.5, "hazy": 0.2, "low_sun": 0.15, "cloudy": 0.1, "dusk": 0.05},
    lie=Lie(hill=(3, 45)),
    haze=(220, 1500),
    canopy=0.15,
    trough=Trough(0.25, (1, 6), (1.2, 2.5), (0.2, 0.5), (p.SAND, p.GRAVEL)),
)
