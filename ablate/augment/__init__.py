"""What is done to training samples in training: one module each, named as `trial.augment` names it.

An augmentation's module defines `build(*, ...) -> Augmentation`. The keyword parameters declare which fields of
`TrialConfig` it reads; the others have no part in a trial's identity.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:  # a run is planned without importing torch
    from torch import Tensor


class Augmentation(Protocol):
    """Changes a batch on the device where it lies. Random numbers come from torch's global generator."""

    def __call__(self, image_b3hw: Tensor, mask_b1hw: Tensor) -> tuple[Tensor, Tensor]:
        """Images and masks of the same shape and dtype.

        Args:
            image_b3hw: float in [0, 1].
            mask_b1hw: float, 1 where the animal is.
        """
        ...


@runtime_checkable
class Compilable(Protocol):
    """An augmentation that `torch.compile` makes faster."""

    def compiled(self) -> Augmentation:
        """The same, compiled."""
