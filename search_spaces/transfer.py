"""The recipe to begin with: synthetic images, photographs without masks, and one evening on a laptop.

    uv run --extra pretrained python -m ablate.run space=transfer data=DATA

1 trial: a U-Net decoder on a frozen EfficientNet-Lite1 that knows ImageNet, trained on crops and whole images together,
which are moved, scaled, mirrored and changed in colour, sharpness and noise. 8 minutes on the demo and one core of two
busy ones; `seeds=3` says how sure the result is. The weights come from a package (`trial.encoder_weights=imagenet`
fetches them from the hub instead). The strengths were chosen by synthetic validation (`space=strengths`), and
`space=recipes` and `space=encoders` examine the other choices: docs/transfer.md tells what they found.
"""

from ablate.spaces.space import Space, pinned

# What all trials of `transfer`, `strengths`, `recipes` and `encoders` have in common, unless it is what they vary.
RECIPE = pinned(
    model="unet_timm",
    encoder="tf_efficientnet_lite1",
    encoder_weights="pip",
    freeze_encoder=True,
    width=32,
    arm="crop+full",
    augment="none",
    geometric=1.0,
    photometric=1.0,
    batch_size=8,
    optimizer="adamw",
    learning_rate=2e-3,
    weight_decay=0.01,
    schedule="cosine",
    warmup=0.1,
)


SIZE = pinned(image_size=128, epochs=18)
STRENGTHS = pinned(geometric=0.5, photometric=0.5)


def space() -> Space:
    return RECIPE * SIZE * STRENGTHS
