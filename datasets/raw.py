"""All raw inputs that selection let pass: what the arms are made of."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from datasets import photographs, synthetic
from datasets.config import PrepareConfig
from datasets.ledger import Ledger
from datasets.photographs import Photo
from datasets.synthetic import Synthetic


@dataclass(frozen=True)
class Raw:
    """Usable inputs, sorted by key. Pictures stay on the disk until they are asked for.

    Attributes:
        synthetic: day images with an animal, each with its mask and its split.
        photos: the selected photographs of both splits.
    """

    synthetic: tuple[Synthetic, ...]
    photos: tuple[Photo, ...]

    @property
    def test_photos(self) -> tuple[Photo, ...]:
        """The photographs with an animal."""
        return tuple(photo for photo in self.photos if photo.split == "test")


def read(config: PrepareConfig, ledger: Ledger, listing_file: Path) -> Raw:
    """Reads, checks and selects everything that a configuration names.

    Args:
        ledger: is told what was left out.
        listing_file: where bad inputs are listed if there are too many.

    Raises:
        UsageError: an input is missing, nothing usable is left, or too much is bad.
    """
    return Raw(synthetic.read(config, ledger, listing_file), photographs.read(config, ledger, listing_file))
