"""What is typed behind a benchmark's name."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence


def given(about: str | None, words: Sequence[str] | None = None) -> dict[str, str]:
    """Settings by name, of words such as `rounds=1`; none: those of the command line.

    Args:
        about: the script's docstring, which is printed where something else is typed, such as `--help`.
    """
    words = sys.argv[1:] if words is None else words
    strange = [word for word in words if "=" not in word]
    if strange:
        print(about)
        raise SystemExit(0 if strange == ["--help"] else f"{strange[0]}: settings are typed as name=value")
    return dict(word.split("=", 1) for word in words)


def required(settings: Mapping[str, str], name: str) -> str:
    """The value of a setting that there is no default for."""
    if name not in settings:
        raise SystemExit(f"{name}=: missing; --help says what it is")
    return settings[name]
