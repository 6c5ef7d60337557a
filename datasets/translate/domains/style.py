"""The photographs whose style is wanted, without their labels: the test photographs, or others that the user gives."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from ablate.errors import UsageError
from ablate.storage import local, sha256
from datasets.raw import folders
from datasets.raw.folders import printable
from datasets.raw.images import BrokenPictureError, decode
from datasets.raw.skipped import SELECTED, STYLE, Considered, SelectionLog, Skipped

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


def pictures_below(place: str, log: SelectionLog) -> tuple[Path, ...]:
    """The pictures of `style_photos=` in the order of their names; tells the log of files that cannot be read.

    Raises:
        UsageError: there is no such folder, or no picture in it.
    """
    folder = local(place, "style_photos")
    if not folder.is_dir():
        raise UsageError(f"style_photos={folder}: there is no such folder")
    found = []
    for path in sorted(path for path in folders.below(folder) if path.suffix.lower() in folders.SUFFIXES):
        name = path.relative_to(folder).as_posix()
        if problem := folders.unusable(path, name):
            log.skipped.append(Skipped(STYLE, printable(name), problem))
        else:
            found.append(path)
    if not found:
        raise UsageError(f"style_photos={folder}: no picture in it ({', '.join(sorted(folders.SUFFIXES))})")
    return tuple(found)


def judge(path: Path, folder: Path) -> Considered | Skipped:
    """Whether a file is a sound picture; its location is the first folder below `folder`, if it lies in one."""
    name = path.relative_to(folder)
    try:
        decode(path.read_bytes())
    except (BrokenPictureError, FileNotFoundError) as error:  # other errors are the disk's, and pass
        return Skipped(STYLE, name.as_posix(), f"broken: {error}")
    location = name.parts[0] if len(name.parts) > 1 else None
    return Considered(STYLE, name.as_posix(), name.as_posix(), None, SELECTED, location)
