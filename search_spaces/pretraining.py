"""Does U-Net-ResNet-50 gain from its network or from ImageNet? The arm that the paper's contrast lacks.

    python -m ablate.run space=pretraining

12 trials: U-Net-ResNet-50 with ImageNet weights, with the same weights frozen, and with random ones, each on crop and
i2i without and with jitter. The weights, 100 MB, are fetched once. They are of width 64: on the demo, whose networks
are narrow, pin `trial.width=64`, or try the rest by `where=encoder_weights=none`. Time not measured.
"""

from ablate.spaces.space import Space, pairs, product

ENCODERS = pairs(
    ("model", "encoder_weights", "freeze_encoder"),
    [
        ("unet_resnet50", "imagenet", False),
        ("unet_resnet50", "imagenet", True),
        ("unet_resnet50", "none", False),
    ],
)


def space() -> Space:
    return ENCODERS * product(arm=["crop", "i2i"], augment=["none", "jitter"])
