"""Rocky slopes: boulders, scree and low scrub."""

from datasets.render import palettes as p
from datasets.render.biome import Biome, Lie
from datasets.render.catalogue import bare_shrubs, bushes, conifers, pebbles, tall_grass, turf
from datasets.render.catalogue import rocks as stones

BIOME = Biome(
    grounds=((p.SCREE, p.GRAVEL), (p.SCREE, p.DRY_TURF), (p.GRAVEL, p.OCHRE), (p.SCREE, p.MOSS)),
    growth={
        "boulder": stones(p.STONE, (14, 70), 1.0, (0.4, 2.2)),
        "stone": stones(p.STONE, (40, 160), 0.4, (0.15, 1.2)),
        "warm": stones(p.WARM_STONE, (0, 40), 0.5),
        "pebbles": pebbles(p.STONE, (25, 90)),
        "tuft": turf(p.HAY_GRASS, (10, 140), 0.25, 14),
        "tall": tall_grass(p.STRAW, (0, 40), 0.45),
        "scrub": bushes(p.OLIVE, (3, 50), 0.8, 0.05),
        "dry": bare_shrubs(p.WEATHERED, (1, 14)),
        "pine": conifers(p.PINE, (0, 40), 9.0, 0.3),
    },
    skies={"blue": 0.45, "cloudy": 0.2, "hazy": 0.15, "low_sun": 0.12, "fog": 0.08},
    lie=Lie(bump=(0.12, 0.35), slope=(-0.3, 0.3), hill=(20, 110), hill_start=(18, 40)),
    haze=(200, 1500),
    canopy=0.05,
)
