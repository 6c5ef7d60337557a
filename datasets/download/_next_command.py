"""What to type next."""

from __future__ import annotations

import shlex
from collections.abc import Mapping


def prepare(fields: Mapping[str, object]) -> str:
    """The `datasets.prepare` command of some fields' values, ready for a shell."""
    words = []
    for field, value in fields.items():
        text = ",".join(map(str, value)) if isinstance(value, tuple) else "none" if value is None else value
        words.append(shlex.quote(f"{field}={text}"))
    return " ".join(["python -m datasets.prepare", *words])
