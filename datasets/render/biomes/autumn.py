"""Broad-leaved wood in autumn: gold and russet crowns, the ground full of leaves."""

from datasets.render import palettes as p
from datasets.render.biome import Biome, Growth
from datasets.render.catalogue import broadleaves, bushes, conifers, litter, rocks, tall_grass, twigs
from datasets.render.vegetation import fern

BIOME = Biome(
    grounds=((p.LEAF_LITTER, p.LOAM), (p.LEAF_LITTER, p.DRY_TURF), (p.LEAF_LITTER, p.MOSS)),
    growth={
        "gold": broadleaves(p.GOLD, (8, 60), 9.5),
        "russet": broadleaves(p.RUSSET, (6, 50), 8.5, p.GREY_BARK),
        "thin": broadleaves(p.DEAD_LEAF, (6, 50), 9.0, p.GREY_BARK, 0.4, 700),
        "bush": bushes(p.RUSSET, (4, 50), 1.2),
        "green": bushes(p.OLIVE, (2, 24), 1.0),
        "bracken": Growth(fern, p.BARK, p.GOLD, (2, 60), (1.8, 20), (0.7, 1.5), clump=0.7),
        "litter": litter(p.GOLD, (15, 60)),
        "brown": litter(p.DEAD_LEAF, (25, 70)),
        "tall": tall_grass(p.STRAW, (2, 50), 0.45),
        "twigs": twigs(p.BARK, (8, 40)),
        "spruce": conifers(p.SPRUCE, (0, 24)),
        "rock": rocks(p.STONE, (1, 14)),
    },
    skies={"white": 0.3, "cloudy": 0.2, "blue": 0.2, "fog": 0.15, "low_sun": 0.15},
    haze=(90, 700),
    canopy=0.3,
)
