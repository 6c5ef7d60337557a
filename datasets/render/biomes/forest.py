"""The paper's synthetic world: lush mountain forest at noon under a white sky."""

from datasets.render import palettes as p
from datasets.render.biome import Biome, Growth, Lie
from datasets.render.catalogue import broadleaves, bushes, conifers, litter, rocks, saplings, tall_grass, turf, twigs
from datasets.render.vegetation import fern

BIOME = Biome(
    grounds=((p.TURF, p.LEAF_LITTER), (p.TURF, p.LOAM), (p.MOSS, p.LEAF_LITTER)),
    growth={
        "turf": turf(p.GRASS, (60, 330)),
        "tall": tall_grass(p.GRASS, (10, 90)),
        "fern": Growth(fern, p.BARK, p.LEAF, (8, 80), (1.8, 22), (0.7, 1.5), clump=0.6),
        "bush": bushes(p.LEAF, (8, 50)),
        "conifer": conifers(p.SPRUCE, (50, 220)),
        "sapling": saplings(p.SPRUCE, (3, 24)),
        "tree": broadleaves(p.LEAF, (6, 40)),
        "birch": broadleaves(p.LEAF, (2, 20), 10.0, p.PALE_BARK, 0.45, 2600),
        "rock": rocks(p.STONE, (3, 20)),
        "litter": litter(p.DEAD_LEAF, (5, 30)),
        "twigs": twigs(p.BARK, (3, 16)),
    },
    skies={"white": 0.75, "cloudy": 0.15, "fog": 0.10},
    lie=Lie(bump=(0.12, 0.4), hill=(15, 90), hill_start=(26, 34)),
    haze=(110, 500),
    canopy=0.2,
)
