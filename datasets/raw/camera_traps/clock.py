"""A camera's time as text: what says year, month, day, hour and minute in one way only is read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

FORMS = "2015-06-01 12:00:00, 2015-06-01T12:00:00, 2015:06:01 12:00:00 (EXIF), 2015/06/01 12:00:00"

_SHORTEST = len("2012-03-09 00:09")  # a date alone says nothing of the hour
_YEAR_FIRST = re.compile(
    r"(?P<year>[0-9]{4})(?P<mark>[-:/.])(?P<month>[0-9]{1,2})(?P=mark)(?P<day>[0-9]{1,2})"
    r"[T ]\s*(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:[.,](?P<part>[0-9]+))?)?"
    r"\s*(?P<half>[AaPp][Mm])?\s*(?:Z|UTC|GMT|[+-][0-9]{2}:?[0-9]{2})?"
)
_PACKED = re.compile(
    r"(?P<year>[0-9]{4})(?P<month>[0-9]{2})(?P<day>[0-9]{2})[T _]"
    r"(?P<hour>[0-9]{2})(?P<minute>[0-9]{2})(?P<second>[0-9]{2})"
)
_UTC = re.compile(r".*[0-9]\s*(?:Z|UTC|GMT|[+-]00:?00)")


def read(text: str) -> datetime | None:
    """The time on the camera's clock, without a zone: that is what rules go by. None where it is no time, or doubtful.

    Year first, the parts of the date divided by `-`, `:` (EXIF), `/` or `.`; ISO 8601 with its zone and fractions.
    """
    text = text.strip()
    try:
        if len(text) >= _SHORTEST:
            return datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        pass
    try:
        found = _PACKED.fullmatch(text) or _YEAR_FIRST.fullmatch(text)
        return None if found is None else datetime.fromisoformat(_iso(found.groupdict()))
    except ValueError:
        return None


def _iso(given: Mapping[str, str | None]) -> str:
    """The parts of a time as ISO 8601 writes them; ValueError where the hour is none of a half day."""
    hour, half = int(given["hour"] or 0), (given.get("half") or "").upper()
    if half:
        if not 1 <= hour <= 12:
            raise ValueError("no hour of a half day")
        hour = hour % 12 + 12 * (half == "PM")
    day = "-".join((given[part] or "").rjust(2, "0") for part in ("year", "month", "day"))
    part = (given.get("part") or "")[:6].ljust(6, "0")
    return f"{day}T{hour:02}:{given['minute']}:{given['second'] or '00'}.{part}"


def doubt(text: str) -> str:
    """Why a time is not read, as far as its form tells; "" where it does not."""
    text = text.strip()
    if re.fullmatch(r"[0-9]{1,2}[-/.][0-9]{1,2}[-/.][0-9]{2,4}\b.*", text):
        return "day or month first?"
    if re.fullmatch(r"[0-9]{4}([-:/.]?)[0-9]{1,2}\1[0-9]{1,2}", text):
        return "a date alone says nothing of the hour"
    if re.fullmatch(r"[0-9]{9,}(\.[0-9]+)?", text):
        return "a number of seconds does not say the camera's own hour"
    return ""


def unset(text: str) -> bool:
    """Whether a time is nothing but zeros: of a clock that was never set, or of a program that knows no time."""
    return re.fullmatch(r"[0\s:/.T-]*0[0\s:/.T-]*", text) is not None


def says_utc(text: str) -> bool:
    """Whether a time that is read claims to be universal time, which is no camera's own hour in most places."""
    return _UTC.fullmatch(text.strip()) is not None
