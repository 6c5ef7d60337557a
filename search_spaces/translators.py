"""Which image-to-image translation of the crops helps, and does it help beside colour jitter?

    python -m ablate.run space=translators data=demo_looks

30 trials: 3 networks x {crop, reinhard, fda, cut, i2i_location} x {none, jitter}. Data of your own needs these arms:

    python -m datasets.prepare ... arms=crop,reinhard,fda,cut,i2i_location

or `where="arm!=cut"` where one is left out. On one GPU at full size not measured.
"""

from ablate.spaces.space import Space, product

ARMS = ["crop", "reinhard", "fda", "cut", "i2i_location"]


def space() -> Space:
    return product(model=["unet", "unet_resnet50", "segnet"], arm=ARMS, augment=["none", "jitter"])
