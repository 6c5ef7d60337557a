"""Text files of names that a user writes by hand."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from ablate.errors import UsageError
from ablate.storage import local
from datasets.raw.folders import folded
from datasets.raw.skipped import SelectionLog


def names_in(place: str | None, key: str, known: Iterable[set[str]], log: SelectionLog) -> frozenset[str]:
    """The names in a list, one a line, after white space and `#` a remark; none where no list is given.

    A line that is no name here is taken for the only one that differs from it in case, in `\\` for `/`, in how accented
    letters are encoded, or in folders before it.

    Args:
        key: what the user typed before the `=`, for errors.
        known: what each thing that can be listed may be called.
        log: takes a remark on names that nothing has, and of those that were taken for others.

    Returns:
        Names that are in `known`, and those that nothing has.

    Raises:
        UsageError: there is no such file, or it names nothing that is known.
    """
    if place is None:
        return frozenset()
    path = local(place, key)
    names = _lines(path, key)
    called = list(known)
    unknown = names - frozenset().union(*called)
    meant = _meant(unknown, called)
    unknown -= meant.keys()
    if names and unknown == names:
        raise UsageError(f"{key}={path}: none of its {len(names)} lines names anything here; give names or file names")
    if meant:
        line, name = min(meant.items())
        log.remarks.append(
            f"{key}={path.name}: {len(meant)} of {len(names)} lines name something here but for case, folders or "
            f"separators, such as {line} for {name}"
        )
    if unknown:
        some = ", ".join(sorted(unknown)[:3]) + (", ..." if len(unknown) > 3 else "")
        log.remarks.append(f"{key}={path.name}: {len(unknown)} of {len(names)} lines name nothing here: {some}")
    return names - meant.keys() | frozenset(meant.values())


def _lines(path: Path, key: str) -> frozenset[str]:
    if not path.is_file():
        raise UsageError(f"{key}={path}: there is no such file")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"{key}={path}: not a text file in UTF-8: {error.reason}") from error
    lines = (re.split(r"(?:^|\s)#", line)[0].strip() for line in text.splitlines())
    return frozenset(line for line in lines if line)


def _meant(lines: Iterable[str], called: Sequence[set[str]]) -> dict[str, str]:
    """The name that each line stands for, as far as only one thing has one like it."""
    lines = list(lines)
    if not lines:
        return {}
    things: dict[str, set[int]] = {}
    for number, names in enumerate(called):
        for name in names:
            things.setdefault(folded(name.replace("\\", "/")), set()).add(number)
    meant = {}
    for line in lines:
        parts = [part for part in folded(line.replace("\\", "/")).split("/") if part not in {"", "."}]
        tails = ["/".join(parts[first:]) for first in range(len(parts))]
        tails = tails[:1] + [tail for tail in tails[1:] if "." in tail]  # without folders only what is a file's name
        found = next((things[tail] for tail in tails if tail in things), set())
        if len(found) == 1:
            meant[line] = min(called[next(iter(found))])
    return meant
