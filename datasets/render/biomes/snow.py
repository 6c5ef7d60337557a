"""Winter: snow on the ground, on branches and on stones, bare bushes, low light."""

from functools import partial

from datasets.render import palettes as p
from datasets.render import vegetation as plants
from datasets.render.biome import Biome, Growth, Lie
from datasets.render.catalogue import bare_shrubs, broadleaves, conifers, saplings, tall_grass, twigs
from datasets.render.things import capped_with_snow

_rock = capped_with_snow(partial(plants.rock, size=0.5))
_bare = partial(plants.broadleaf, height=8.5, count=60, bare=0.3)

BIOME = Biome(
    grounds=((p.SNOW, p.SNOW), (p.SNOW, p.DRY_TURF), (p.SNOW, p.LEAF_LITTER)),
    growth={
        "spruce": conifers(p.FROSTED, (10, 140), 12.0, 0.1),
        "dark": conifers(p.SPRUCE, (10, 90), 13.0, 0.2),
        "sapling": saplings(p.FROSTED, (2, 24)),
        "bare": Growth(_bare, p.GREY_BARK, p.DEAD_LEAF, (6, 60), (4.5, 60), solid=0.3, height=8.5),
        "birch": broadleaves(p.DEAD_LEAF, (2, 16), 10.0, p.PALE_BARK, 0.4, 120),
        "shrub": bare_shrubs(p.BARK, (10, 70)),
        "tall": tall_grass(p.STRAW, (4, 60), 0.45),
        "rock": Growth(_rock, p.STONE, p.SNOW, (3, 30), (1.8, 40), (0.2, 2.2), solid=0.5),
        "twigs": twigs(p.BARK, (1, 8)),
    },
    skies={"white": 0.4, "blue": 0.2, "cloudy": 0.15, "low_sun": 0.1, "fog": 0.1, "dusk": 0.05},
    lie=Lie(bump=(0.05, 0.25), hill=(5, 70)),
    haze=(80, 700),
    canopy=0.1,
)
