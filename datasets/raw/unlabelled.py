"""Folders of photographs without labels: those whose style is wanted, and those that a training may look at."""

from __future__ import annotations

from pathlib import Path

from ablate.errors import UsageError
from ablate.storage import local
from datasets.raw import folders
from datasets.raw.folders import printable
from datasets.raw.images import BrokenPictureError, Picture, decode
from datasets.raw.skipped import SELECTED, Considered, SelectionLog, Skipped


def pictures_below(place: str | None, key: str, kind: str, log: SelectionLog) -> tuple[Path, ...]:
    """The pictures of a folder in the order of their names, none of no folder; tells the log what cannot be read.

    Args:
        key: what the user typed before the `=` to name the folder.
        kind: of input, for the log.

    Raises:
        UsageError: there is no such folder, or no picture in it.
    """
    if place is None:
        return ()
    folder = local(place, key)
    if not folder.is_dir():
        raise UsageError(f"{key}={folder}: there is no such folder")
    found = []
    for path in sorted(path for path in folders.below(folder) if path.suffix.lower() in folders.SUFFIXES):
        name = path.relative_to(folder).as_posix()
        if problem := folders.unusable(path, name):
            log.skipped.append(Skipped(kind, printable(name), problem))
        else:
            found.append(path)
    if not found:
        raise UsageError(f"{key}={folder}: no picture in it ({', '.join(sorted(folders.SUFFIXES))})")
    return tuple(found)


def judge(path: Path, folder: Path, kind: str) -> tuple[Picture | None, Considered | Skipped]:
    """Decodes a file: the picture, if it is a sound one, and what is said of it.

    Its location is the first folder below `folder`, if it lies in one.
    """
    name = path.relative_to(folder)
    try:
        picture = decode(path.read_bytes())
    except (BrokenPictureError, FileNotFoundError) as error:  # other errors are the disk's, and pass
        return None, Skipped(kind, name.as_posix(), f"broken: {error}")
    location = name.parts[0] if len(name.parts) > 1 else None
    return picture, Considered(kind, name.as_posix(), name.as_posix(), None, SELECTED, location)
