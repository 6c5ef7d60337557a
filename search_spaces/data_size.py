"""How many synthetic images does it take? Shares of the source images, each part of the next larger one.

    python -m ablate.run space=data_size

12 trials: U-Net on crops, without and with jitter, on 1/32 to all of the training images. An epoch is a pass over what
there is, so that a smaller share also means fewer steps. 1 min 40 s on the demo and two cores; on one GPU at full size
not measured.
"""

from ablate.spaces.space import Space, pinned, product

SHARES = [1 / 32, 1 / 16, 1 / 8, 1 / 4, 1 / 2, 1.0]


def space() -> Space:
    return pinned(model="unet", arm="crop") * product(augment=["none", "jitter"], train_fraction=SHARES)
