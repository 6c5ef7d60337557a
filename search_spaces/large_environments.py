r"""The question of `environments` for 13,000 renders: 600 images of one biome, two and all, and up to 8,000 of all.

    python -m datasets.render n=13000 biomes=all to=renders
    python -m datasets.prepare synthetic=renders 'place=(.+_\d+)_\d+' photos=DIR annotations=FILE.json to=data/places
    uv run --extra pretrained python -m ablate.run space=large_environments data=data/places

17 trials, as those of `environments`.
"""

from ablate.spaces.space import Space
from search_spaces.environments import places


def space() -> Space:
    return places(600, [1000, 2000, 4000, 8000])
