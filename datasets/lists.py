"""Text files of names that a user writes by hand."""

from __future__ import annotations

from collections.abc import Iterable

from ablate.errors import UsageError
from ablate.storage import local


def names_in(place: str | None, key: str, known: Iterable[set[str]]) -> frozenset[str]:
    """The names in a list, one a line, after `#` a remark; none where no list is given.

    Args:
        key: what the user typed before the `=`, for errors.
        known: what each thing that can be listed may be called.

    Raises:
        UsageError: there is no such file, or it names nothing that is known.
    """
    if place is None:
        return frozenset()
    path = local(place, key)
    if not path.is_file():
        raise UsageError(f"{key}={path}: there is no such file")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"{key}={path}: not a text file in UTF-8: {error.reason}") from error
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    names = frozenset(line for line in lines if line)
    if names and not any(names & called for called in known):
        raise UsageError(f"{key}={path}: none of its {len(names)} lines names anything here; give names or file names")
    return names
