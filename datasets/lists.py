"""Text files of names that a user writes by hand."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ablate.errors import UsageError
from ablate.storage import local
from datasets.ledger import Ledger


def names_in(place: str | None, key: str, known: Iterable[set[str]], ledger: Ledger) -> frozenset[str]:
    """The names in a list, one a line, after white space and `#` a remark; none where no list is given.

    Args:
        key: what the user typed before the `=`, for errors.
        known: what each thing that can be listed may be called.
        ledger: is told of names that nothing has.

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
    lines = (re.split(r"(?:^|\s)#", line)[0].strip() for line in text.splitlines())
    names = frozenset(line for line in lines if line)
    unknown = set(names)
    for called in known:
        unknown -= called
    if names and unknown == names:
        raise UsageError(f"{key}={path}: none of its {len(names)} lines names anything here; give names or file names")
    if unknown:
        some = ", ".join(sorted(unknown)[:3]) + (", ..." if len(unknown) > 3 else "")
        ledger.remarks.append(f"{key}={path.name}: {len(unknown)} of {len(names)} lines name nothing here: {some}")
    return names
