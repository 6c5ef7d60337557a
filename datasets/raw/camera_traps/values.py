"""Values that may have gone through a table program, which knows no absent text and no integer beside an absent one."""

from __future__ import annotations

import math
import re

from ablate.storage import json_file
from datasets.raw.folders import nfc

# What pandas, NumPy, R and JavaScript write where there is nothing, once it is turned into text.
_NOTHING = frozenset({"", "nan", "NaN", "NaT", "<NA>", "None", "null", "NULL", "NA", "undefined"})
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
    return None if absent(value) else json_file.identity(value) or None


def title(value: object) -> str | None:
    """A name that people type: as `name`, its letters composed (NFC), without space round it, which nobody sees."""
    given = name(value)
    return None if given is None else nfc(given).strip()


def heading(value: object) -> str | None:
    """A title that has to be there: any text but a blank one is one, also `None` and `NA`, which people do write."""
    if isinstance(value, str):
        return nfc(value).strip() or None
    return title(value)


def other_spelling(given: str) -> str:
    """A whole number's other spelling as text: 3 and 3.0."""
    return given.removesuffix(".0") if given.endswith(".0") else f"{given}.0"


def number(value: object) -> float | None:
    """A finite number of a sensible size, which may have become a text."""
    is_text = isinstance(value, str) and _NUMBER.fullmatch(value.strip())
    return json_file.number(float(value) if is_text else value)  # type: ignore[arg-type]


def positive(value: object) -> float | None:
    """A number above 0."""
    given = number(value)
    return given if given is not None and given > 0 else None


def whole(value: object) -> int | None:
    """An integer, which may be written as a float."""
    given = number(value)
    return int(given) if given is not None and given.is_integer() else None


def shown(value: object) -> str:
    """A value as lists and messages quote it."""
    text = "".join(char if char.isprintable() else " " for char in str(value))
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
