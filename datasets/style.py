"""The photographs whose look is wanted, without their labels: the test photographs, or others that the user gives."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ablate.storage import sha256

TEST, FOLDER = "test", "folder"


@dataclass(frozen=True)
class StylePhoto:
    """A photograph that is known to be a sound picture, and the camera that took it, if that is known."""

    path: Path
    location: str | None

    @cached_property
    def sha256(self) -> str:
        return sha256(self.path)


@dataclass(frozen=True)
class Style:
    """Photographs in a fixed order.

    Attributes:
        split: where they come from: `test` or `folder`.
        tested: whether they are, or some of them are, photographs that networks are scored on.
    """

    photos: tuple[StylePhoto, ...]
    split: str
    tested: bool

    @property
    def paths(self) -> tuple[Path, ...]:
        return tuple(photo.path for photo in self.photos)

    @cached_property
    def digest(self) -> str:
        """Of the files' bytes, in their order."""
        digest = hashlib.sha256()
        for photo in self.photos:
            digest.update(bytes.fromhex(photo.sha256))
        return digest.hexdigest()

    def told(self) -> dict[str, Any]:
        """What the manifest says of an arm that took this style."""
        served = {"split": self.split, "count": len(self.photos), "digest": self.digest}
        return {"style_photos": served, "transductive": self.tested}

    def of(self, locations: Collection[str]) -> Style:
        """The photographs of some cameras."""
        return Style(tuple(p for p in self.photos if p.location in locations), self.split, self.tested)


def of_test(photos: Iterable[StylePhoto]) -> Style:
    """The test photographs themselves, as the paper's translator saw them."""
    return Style(tuple(photos), TEST, tested=True)
