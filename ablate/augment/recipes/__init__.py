"""What may be done to training samples besides the augmentation: one module each, named as its field of a trial.

A recipe's module defines `build(strength: float, photographs: Photographs | None) -> Augmentation`. The field of
`TrialConfig` with the module's name is its strength; at 0, which is the paper's protocol, it has no part in a trial.
`strength` is in that field's range, and never 0. `photographs` are those that the recipe looks at, see `LOOKS_AT`.

Random numbers come from torch's global generator on the CPU, in the same order whatever the device.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:  # a run is planned without importing torch
    import torch
    from torch import Tensor

# In the order in which they change a sample: shapes before colours, as what a camera adds comes last.
ON_SYNTHETIC = ("paste",)  # never on the photographs of self-training, whose animals nobody knows
BEFORE_AUGMENT = ("geometric",)
AFTER_AUGMENT = ("photometric", "fda", "pasta")

EMPTY, UNLABELLED = "empty", "unlabelled"
# Which photographs a recipe looks at: those without an animal, or those that `trial.unlabelled` names.
LOOKS_AT: Mapping[str, str] = MappingProxyType({"paste": EMPTY, "fda": UNLABELLED})


class Photographs(Protocol):
    """Photographs at network size."""

    def __len__(self) -> int: ...

    def batch(self, index_b: Tensor, device: torch.device) -> tuple[Tensor, Tensor]:
        """Some of them on a device: image_b3hw, float32 in [0, 1], and a mask that says nothing."""
        ...
