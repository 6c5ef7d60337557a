"""Does everything work here? Two small trials, on any data and any machine.

    python -m ablate.run space=smoke

2 trials, under a minute on two cores. Size, width, epochs, weights and optimizer are pinned, so that real data runs
anywhere too; the numbers say nothing about the networks, so no verdict is made of them.
"""

from ablate.spaces.space import Space, pinned, product

JUDGES = False

SMALL = pinned(
    model="unet",
    arm="crop",
    image_size=64,
    epochs=2,
    batch_size=8,
    width=8,
    encoder_weights="none",
    optimizer="adam",
    learning_rate=3e-3,
)


def space() -> Space:
    return SMALL * product(augment=["none", "jitter"])
