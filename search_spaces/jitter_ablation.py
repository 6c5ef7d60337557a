"""Which part of the colour jitter helps? Each of its four factors alone, all but each, all, and none.

    python -m ablate.run space=jitter_ablation

10 trials of U-Net on crops, of the strengths that the data or the paper's protocol give. 3 min 10 s on the demo and two
cores; on one GPU at full size not measured. `seeds=5` tells differences of factors from noise, `trial.model=` and
`trial.arm=` choose another network and arm.
"""

from ablate.spaces.space import Space, pinned

FACTORS = ("jitter_brightness", "jitter_contrast", "jitter_saturation", "jitter_hue")


def space() -> Space:
    jitter = pinned(model="unet", arm="crop", augment="jitter")
    found = pinned(model="unet", arm="crop", augment="none") + jitter
    for factor in FACTORS:
        found += jitter * pinned(**dict.fromkeys(set(FACTORS) - {factor}, 0.0))
    for factor in FACTORS:
        found += jitter * pinned(**{factor: 0.0})
    return found
