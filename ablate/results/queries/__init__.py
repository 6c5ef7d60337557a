"""Named queries: one `.sql` file each, whose first line says in a comment what it answers."""

from __future__ import annotations

from pathlib import Path

from ablate.errors import UsageError, suggest

_HERE = Path(__file__).parent


def known() -> dict[str, str]:
    """What each named query answers, by name."""
    return {path.stem: _read(path).partition("\n")[0].removeprefix("-- ") for path in sorted(_HERE.glob("*.sql"))}


def statement(name: str) -> str:
    """The SQL of a named query.

    Raises:
        UsageError: there is none of that name.
    """
    if name not in known():
        raise UsageError(f"query={name}: no such query; {suggest(name, known())}")
    return _read(_HERE / f"{name}.sql")


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")
