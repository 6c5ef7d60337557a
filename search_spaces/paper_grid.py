"""The paper's grid: which network, which synthetic images, and does colour jitter help? (Tables 2-4)

    python -m ablate.run space=paper_grid

15 trials: 3 networks x 5 training settings. Not 3 x 3 x 2: the paper has no jittered `full`.
"""

from ablate.spaces.space import Space, pairs, product

SETTINGS = [("full", "none"), ("crop", "none"), ("i2i", "none"), ("crop", "jitter"), ("i2i", "jitter")]


def space() -> Space:
    return product(model=["unet", "unet_resnet50", "segnet"]) * pairs(("arm", "augment"), SETTINGS)
