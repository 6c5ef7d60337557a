"""What is each ingredient of the recipe worth? The recipe of `transfer`, less each of its parts, and with each other.

    uv run --extra pretrained python -m ablate.run space=recipes

48 trials: 16 settings with the seeds 0 to 2. `fda` and `adapt` look at the test photographs without their boxes,
`paste` at the empty ones, and the tables say so (transductive). Data with photographs of their own for that, which
`adapt_photos=DIR` of `datasets.prepare` names, take `trial.unlabelled=adapt`.

Small pictures and few epochs, so that it can be run on two cores; both kinds of change are at full strength.
"""

from ablate.config import Layer
from ablate.spaces.space import Space, pinned
from search_spaces.transfer import RECIPE

SMALL = pinned(image_size=64, epochs=8)

WITHOUT: list[Layer] = [
    {"geometric": 0.0},
    {"photometric": 0.0},
    {"arm": "full"},
    {"arm": "crop"},
    {"freeze_encoder": False, "freeze_norm": True},
    {"freeze_encoder": False, "freeze_norm": True, "encoder_rate": 0.1},
]
WITH: list[Layer] = [
    {"augment": "jitter"},
    {"paste": 0.5},
    {"pasta": 3.0},
    {"standardise": True},
    {"ema": 0.99},
    {"loss": "bce_dice"},
    {"test_flip": True},
    {"fda": 0.02, "unlabelled": "real"},
    {"adapt": "mean_teacher", "unlabelled": "real"},
]


def space() -> Space:
    recipe = RECIPE * SMALL
    found = recipe
    for change in (*WITHOUT, *WITH):
        found += recipe * Space((change,))
    return found.repeat(3)
