"""The same question as `encoders`, of six networks whose weights are on the Hugging Face hub.

    python -m ablate.run space=hub_encoders trial.image_size=224

18 trials: ResNet-50, ConvNeXt-Tiny of ImageNet-22k, RegNetY-3.2GF, and the small vision transformers of DeiT III,
DINOv2 and DINOv3, each frozen, tuned and from scratch. The weights are fetched once. Made for a GPU; not measured.
"""

from ablate.spaces.space import Space, pinned, product
from search_spaces.encoders import FROZEN, SCRATCH, TUNED
from search_spaces.transfer import RECIPE

ENCODERS = [
    "resnet50.tv_in1k",
    "convnext_tiny.fb_in22k",
    "regnety_032.ra_in1k",
    "deit3_small_patch16_224.fb_in1k",
    "vit_small_patch14_dinov2.lvd142m",
    "vit_small_patch16_dinov3.lvd1689m",
]


def space() -> Space:
    recipe = RECIPE * pinned(encoder_weights="imagenet", image_size=224, epochs=18)
    return recipe * product(encoder=ENCODERS) * (FROZEN + TUNED + SCRATCH)
