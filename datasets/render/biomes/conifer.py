"""Conifer wood: a floor of needles and moss between dark trunks."""

from datasets.render import palettes as p
from datasets.render.biome import Biome, Growth, Lie
from datasets.render.catalogue import conifers, rocks, saplings, turf, twigs
from datasets.render.vegetation import fern

BIOME = Biome(
    grounds=((p.NEEDLES, p.MOSS), (p.NEEDLES, p.LOAM), (p.MOSS, p.LOAM)),
    growth={
        "spruce": conifers(p.SPRUCE, (40, 170), 13.0, 0.3),
        "pine": conifers(p.PINE, (5, 60), 15.0, 0.5),
        "sapling": saplings(p.SPRUCE, (4, 40)),
        "fern": Growth(fern, p.BARK, p.LEAF, (2, 60), (1.6, 20), (0.6, 1.3), clump=0.7),
        "turf": turf(p.GRASS, (4, 60), 0.16, 20),
        "twigs": twigs(p.BARK, (10, 50)),
        "rock": rocks(p.STONE, (2, 24)),
    },
    skies={"white": 0.3, "cloudy": 0.25, "blue": 0.2, "fog": 0.15, "dusk": 0.10},
    lie=Lie(bump=(0.1, 0.4), hill=(5, 60), hill_start=(25, 50)),
    haze=(60, 500),
    canopy=0.35,
)
