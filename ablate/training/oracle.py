"""The IoU on the photographs after each epoch: what a rule that saw the answers could reach. Recorded, never used.

A training outlives the photographs, for its id does not know them: so each number is marked with the digest of those
that it was measured on, and where they are others now, it is measured anew or is not known.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from torch import device as Device
from torch import nn

from ablate.config import Evaluation, TrialConfig, fields_of
from ablate.data.arrays import Pictures
from ablate.training import evaluate
from ablate.training.best_epoch import best_epoch
from ablate.training.loop import EpochRow

PHOTOS = "oracle_photos"  # of an epoch's row: digest of the photographs that were looked at

# Trials that share a training may differ in how they are scored; its own numbers are scored in one way.
_SCORED: Mapping[str, object] = MappingProxyType(
    {field: TrialConfig.model_fields[field].default for field in fields_of(Evaluation)}
)

Score = Callable[[nn.Module], float]


def score(config: TrialConfig, photographs: Pictures, device: Device) -> Score:
    """Gives a network's mean box IoU on photographs, scored as the paper does."""
    scored = config.model_copy(update=_SCORED)
    return lambda network: evaluate.mean_iou(network, photographs, scored, device)


def only_of(rows: Sequence[EpochRow], photos: str) -> list[EpochRow]:
    """The epochs' rows without what was measured on other photographs than those of a digest."""
    return [row if row.get(PHOTOS) == photos else row | {"oracle_iou": None} for row in rows]


def on(rows: Sequence[EpochRow], photos: str, network: Callable[[str], nn.Module], score: Score) -> list[EpochRow]:
    """The epochs' rows with what is known of these photographs: other epochs' networks are gone.

    Args:
        photos: digest of the photographs.
        network: the trained one of a `selection`, last or best_val.
        score: what it scores on them.
    """
    known = only_of(rows, photos)
    for epoch, selection in {best_epoch(rows): "best_val", len(rows): "last"}.items():
        if rows[epoch - 1].get(PHOTOS) != photos:
            known[epoch - 1] = known[epoch - 1] | {"oracle_iou": score(network(selection)), PHOTOS: photos}
    return known
