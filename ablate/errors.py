"""The one error that a user can cause: every command prints it as one line and exits with status 2."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Iterable

_TOO_MANY = 16


class UsageError(Exception):
    """Something the user gave cannot be used. The message says what was given, what is allowed, what to type."""


def suggest(given: str, allowed: Iterable[str]) -> str:
    """The tail of an error about an unknown name: the nearest match, if any, and the choices, if they fit a line."""
    choices = sorted(allowed)
    nearest = difflib.get_close_matches(given, choices, n=1)
    hint = f"did you mean {nearest[0]!r}? " if nearest else ""
    if len(choices) > _TOO_MANY:
        return f"{hint}--help lists them all"
    return f"{hint}allowed: {', '.join(choices) or '(none)'}"


def plain(text: str) -> str:
    """A stranger's text, safe to print: one line, no control characters, nothing that cannot be encoded."""
    shown = (" " if unicodedata.category(char) in {"Cc", "Cf", "Zl", "Zp"} else char for char in text)
    return "".join(shown).encode("utf-8", "replace").decode()


def last_line(said: str) -> str:
    """The last line of what was said that says anything: where Python's traces have the error itself."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return lines[-1] if lines else "nothing was said"
