"""Folders of pictures that somebody else filled."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp"})


def below(folder: Path) -> Iterator[Path]:
    """All files below a folder, also behind links; hidden ones are those of other programs."""
    seen: set[str] = set()
    for place, folders, files in os.walk(folder, followlinks=True):
        real = os.path.realpath(place)
        folders[:] = [] if real in seen else [name for name in folders if not _hidden(name)]
        if real not in seen:
            yield from (Path(place, name) for name in files if not _hidden(name))
        seen.add(real)


def _hidden(name: str) -> bool:
    return name.startswith(".") or name == "__MACOSX"


def unusable(path: Path, name: str) -> str | None:
    """What keeps a file from being read or listed; `name` is its path below the folder; None: nothing."""
    if not path.exists():
        return "the link leads nowhere"
    try:
        name.encode()
    except UnicodeEncodeError:
        return "its name is not Unicode"
    return None
