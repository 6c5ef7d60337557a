"""The order in which a person sorts names that may be numbers."""

from __future__ import annotations


def natural(name: str) -> tuple[bool, int, str]:
    """A key to sort by: 2 before 10, numbers before words, however long a number is."""
    digits = name.lstrip("0")
    return (False, len(digits), digits) if name.isdecimal() else (True, 0, name)
