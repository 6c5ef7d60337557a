"""The photographs whose style is wanted, without their labels: the test photographs, or others that the user gives."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
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
        scored: digests of the photographs that networks are scored on.
    """

    photos: tuple[StylePhoto, ...]
    split: str
    scored: frozenset[str] = frozenset()

    @property
    def tested(self) -> bool:
        """Whether they are, or some of them are, photographs that networks are scored on."""
        return self.split == TEST or any(photo.sha256 in self.scored for photo in self.photos)

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

    def parameters(self) -> dict[str, Any]:
        """What the manifest records of an arm that took this style."""
        served = {"split": self.split, "count": len(self.photos), "digest": self.digest}
        return {"style_photos": served, "transductive": self.tested}

    def of(self, locations: Collection[str]) -> Style:
        """The photographs of some cameras."""
        return replace(self, photos=tuple(photo for photo in self.photos if photo.location in locations))


def of_test(photos: Iterable[StylePhoto]) -> Style:
    """The test photographs themselves, as the paper's translator saw them."""
    return Style(tuple(photos), TEST)


def of_folder(photos: Iterable[StylePhoto], scored: Iterable[Path]) -> Style:
    """Photographs that the user gave; one that is scored, byte for byte, with an animal or without, makes it tested."""
    return Style(tuple(photos), FOLDER, frozenset(map(sha256, scored)))
