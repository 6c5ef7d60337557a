"""Which object of a store a file is a copy of: the one below the URL in the nearest `.origin` above it, if any."""

from __future__ import annotations

from pathlib import Path

from ablate.storage import urls

MARK = ".origin"
_DEPTH = 4  # of the files in a folder of results


def public(folder: Path) -> str | None:
    """The URL, without credentials, that a folder is a copy of; None where it is none."""
    try:
        return (folder / MARK).read_text()
    except OSError:
        return None


def of(path: Path) -> str | None:
    """The URL, with its credentials, of the object that a file is a copy of; None where it is of none."""
    for folder in path.parents[:_DEPTH]:
        if (found := public(folder)) is not None:
            return urls.join(urls.with_credentials(found), path.relative_to(folder).as_posix())
    return None
