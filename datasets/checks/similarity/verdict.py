"""What the numbers of a translation mean, in words."""

from __future__ import annotations

from dataclasses import dataclass

_LOST, _WORN = 0.6, 0.9  # of the mask IoU on the crops
_EDGES = 0.5


@dataclass(frozen=True)
class Translation:
    """How an arm's pictures compare with the crops that they were made of.

    Attributes:
        distance: Fréchet distance to the photographs; before: that of the crops.
        edges: correlation of edges with the crops', round the animal.
        iou: mask IoU of a network that was trained on the crops; iou_before: on the crops themselves.
    """

    arm: str
    translator: str
    distance: float
    before: float
    edges: float
    iou: float
    iou_before: float

    @property
    def moved(self) -> float:
        """The share of the way to the photographs that was gone; negative where it led away from them."""
        return 1.0 - self.distance / self.before if self.before > 0 else float("nan")

    @property
    def kept(self) -> float:
        """What is left of the network's mask IoU."""
        return self.iou / self.iou_before if self.iou_before > 0 else float("nan")

    @property
    def verdict(self) -> str:
        """In plain words; a person still has to look at the sheet."""
        if self.kept < _LOST and self.edges < _EDGES:
            return "DESTROYS THE ANIMAL: edges and masks no longer fit"
        if self.kept < _LOST:
            return "edges stay, but a network that knows the crops no longer finds the animal"
        moved = "nearer to the photographs" if self.moved > 0 else "NO NEARER to the photographs"
        return f"{moved}, {'animal kept' if self.kept >= _WORN else 'animal harder to find'}"
