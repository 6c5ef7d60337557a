"""Digests of files, and comparing them with what they should be."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

Check = Callable[[Path], None]  # raises a ValueError that says what is wrong with a file


def sha256(path: Path) -> str:
    """The hexadecimal digest of a file's bytes."""
    return _digest(path, "sha256")


def sha256_is(expected: str) -> Check:
    """Accepts only the file with this hexadecimal digest."""
    return lambda path: _require("sha256", expected, path)


def md5_is(expected: str) -> Check:
    """Accepts only the file with this hexadecimal digest."""
    return lambda path: _require("md5", expected, path)


def _require(algorithm: str, expected: str, path: Path) -> None:
    found = _digest(path, algorithm)
    if found != expected.lower():
        raise ValueError(f"not the expected file: its {algorithm} is {found}, not {expected.lower()}")


def _digest(path: Path, algorithm: str) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()
