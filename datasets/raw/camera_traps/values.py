"""Values that may have gone through a table program, which knows no absent text and no integer beside an absent one."""

from __future__ import annotations

import math
import re
import unicodedata

# What pandas, NumPy, R and JavaScript write where there is nothing, once it is turned into text.
_NOTHING = frozenset({"", "nan", "NaN", "NaT", "<NA>", "None", "null", "NULL", "NA", "undefined"})
_LARGEST = 1e9  # pixels, or frames; beyond it a number is no measure of a photograph
_NUMBER = re.compile(r"[+-]?[0-9]{1,10}(\.[0-9]{1,20})?")
_SHOWN = 60  # characters of a value in a list or a message


def absent(value: object) -> bool:
    """Whether a value stands for none."""
    if isinstance(value, float):
        return not math.isfinite(value)
    return value is None or (isinstance(value, str) and value.strip() in _NOTHING)


def nothing_as_text(value: object) -> bool:
    """Whether an absent value was turned into a text, which might as well be a name."""
    return isinstance(value, str) and bool(value.strip()) and absent(value)


def name(value: object) -> str | None:
    """A text or number as a name, whole floats as integers (3.0 is "3"); None where it is absent or something else."""
    if absent(value) or isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def title(value: object) -> str | None:
    """A name that people type: as `name`, its letters composed (NFC), without space round it, which nobody sees."""
    told = name(value)
    return None if told is None else _composed(told)


def heading(value: object) -> str | None:
    """A title that has to be there: any text but a blank one is one, also `None` and `NA`, which people do write."""
    if isinstance(value, str):
        return _composed(value) or None
    return title(value)


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text).strip()


def other_spelling(told: str) -> str:
    """A whole number's other spelling as text: 3 and 3.0."""
    return told.removesuffix(".0") if told.endswith(".0") else f"{told}.0"


def number(value: object) -> float | None:
    """A finite number, which may have become a text; JSON also has true, NaN, and integers of any length."""
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        value = float(value)
    if not isinstance(value, int | float) or isinstance(value, bool) or not abs(value) <= _LARGEST:
        return None
    return float(value)


def positive(value: object) -> float | None:
    """A number above 0."""
    told = number(value)
    return told if told is not None and told > 0 else None


def whole(value: object) -> int | None:
    """An integer, which may be written as a float."""
    told = number(value)
    return int(told) if told is not None and told.is_integer() else None


def printable(text: str) -> str:
    """The text without what cannot be written as UTF-8, such as half a surrogate pair."""
    return text.encode("utf-8", "replace").decode("utf-8")


def shown(value: object) -> str:
    """A value as lists and messages quote it."""
    text = "".join(char if char.isprintable() else " " for char in str(value))
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
