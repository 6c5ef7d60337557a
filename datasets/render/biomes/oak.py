"""Oak woodland: wide dark trees over dry grass and dead leaves."""

from datasets.render import palettes as p
from datasets.render.biome import Biome
from datasets.render.catalogue import bare_shrubs, broadleaves, bushes, litter, rocks, tall_grass, turf, twigs

BIOME = Biome(
    grounds=((p.DRY_TURF, p.LEAF_LITTER), (p.LEAF_LITTER, p.LOAM), (p.DRY_TURF, p.OCHRE)),
    growth={
        "turf": turf(p.STRAW, (40, 260), 0.28, 22),
        "tall": tall_grass(p.STRAW, (8, 120), 0.5),
        "oak": broadleaves(p.OLIVE, (14, 70), 6.5, p.GREY_BARK, 0.25),
        "scrub": bushes(p.OLIVE, (10, 80), 1.6, 0.06),
        "dry": bare_shrubs(p.GREY_BARK, (3, 24)),
        "litter": litter(p.DEAD_LEAF, (14, 60), 0.06),
        "twigs": twigs(p.GREY_BARK, (8, 36)),
        "rock": rocks(p.WARM_STONE, (2, 20)),
    },
    skies={"blue": 0.45, "hazy": 0.2, "low_sun": 0.15, "cloudy": 0.15, "dusk": 0.05},
    haze=(200, 1000),
    canopy=0.45,
)
