"""How should the networks be trained? Rate, weight decay, loss, width and batch size, of each network by itself.

    python -m ablate.run space=tune_training

72 trials, 24 of each network, on crops without jitter: Optuna suggests, ASHA stops the worse half of a network's trials
after 5 and after 10 epochs, judged by synthetic validation images. The first trial of each network is the data's own.
No encoder is pretrained, for such weights have one width. Time not measured.
"""

from ray import tune

from ablate.spaces.search import Asha, Search
from ablate.spaces.space import pinned, product


def space() -> Search:
    return Search(
        cells=product(model=["unet", "unet_resnet50", "segnet"])
        * pinned(arm="crop", augment="none", encoder_weights="none"),
        domains={
            "learning_rate": tune.loguniform(1e-5, 1.0),
            "weight_decay": tune.uniform(0.0, 1e-3),
            "loss": tune.choice(["bce", "dice", "bce_dice"]),
            "width": tune.choice([8, 16, 32, 64]),
            "batch_size": tune.choice([4, 8, 16]),
        },
        samples=24,
        scheduler=Asha(grace=5, reduction=2),
    )
