"""One trial, as the command line says: what `trial.*` leaves out is the data's default.

    python -m ablate.run space=one trial.model=unet trial.arm=crop trial.augment=jitter trial.jitter_hue=0.1

1 trial; what a search found best is repeated by such a line.
"""

from ablate.spaces.space import Space, pinned


def space() -> Space:
    return pinned()
