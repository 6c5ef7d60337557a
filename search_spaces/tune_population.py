"""Should the rate and the jitter change while a network trains? Population based training of both.

    python -m ablate.run space=tune_population

8 trials of U-Net on crops: they train side by side, and every 5 epochs the two that do worst on synthetic validation
images continue with the network of one of the two best, with changed values. `trial.model=` and `trial.arm=` choose
another network and arm. Time not measured.
"""

from ray import tune

from ablate.spaces.search import Pbt, Search
from ablate.spaces.space import pinned


def space() -> Search:
    return Search(
        cells=pinned(model="unet", arm="crop", augment="jitter"),
        domains={
            "learning_rate": tune.loguniform(1e-5, 1.0),
            "jitter_brightness": tune.uniform(0.0, 0.8),
            "jitter_contrast": tune.uniform(0.0, 0.8),
            "jitter_saturation": tune.uniform(0.0, 0.8),
            "jitter_hue": tune.uniform(0.0, 0.3),
        },
        samples=8,
        sampler="random",
        scheduler=Pbt(every=5, quantile=0.25),
    )
