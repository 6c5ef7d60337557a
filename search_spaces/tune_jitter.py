"""How strong should the colour jitter be? Its four strengths and the share of images that it changes.

    python -m ablate.run space=tune_jitter

24 trials of U-Net on crops: Optuna suggests, ASHA stops the worse half after 5 and after 10 epochs, judged by synthetic
validation images. 9 minutes on the demo and two busy cores; on one GPU at full size not measured. `trial.model=` and
`trial.arm=` choose another network and arm.
"""

from ray import tune

from ablate.spaces.search import Asha, Search
from ablate.spaces.space import pinned


def space() -> Search:
    return Search(
        cells=pinned(model="unet", arm="crop", augment="jitter"),
        domains={
            "jitter_brightness": tune.uniform(0.0, 0.8),
            "jitter_contrast": tune.uniform(0.0, 0.8),
            "jitter_saturation": tune.uniform(0.0, 0.8),
            "jitter_hue": tune.uniform(0.0, 0.3),
            "jitter_probability": tune.uniform(0.2, 1.0),
        },
        samples=24,
        scheduler=Asha(grace=5, reduction=2),
    )
