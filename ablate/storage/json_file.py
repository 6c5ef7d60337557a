"""JSON files of users, in any of Unicode's encodings; errors recognise other formats and say what to do."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

from ablate.errors import UsageError, plain

_LARGEST = 1e9  # pixels, or frames; beyond it a number is no measure of a photograph
_QUOTED = 40  # bytes of the beginning that an error quotes
# First bytes of formats that are often given instead of JSON, and what to do with them.
_OTHER_FORMATS = {
    b"PK\x03\x04": "a zip archive, not JSON; unpack it (unzip {path}) and name the JSON that was in it",
    b"\x1f\x8b": "packed with gzip; type gzip -dc < {path} > unpacked.json, and give {key}=unpacked.json",
    b"BZh": "packed with bzip2; type bzip2 -dc < {path} > unpacked.json, and give {key}=unpacked.json",
    b"\xfd7zXZ": "packed with xz; type xz -dc < {path} > unpacked.json, and give {key}=unpacked.json",
    b"7z\xbc\xaf": "a 7z archive; unpack it and name the JSON that was in it",
    b"version https://git-lfs": "a Git LFS pointer, not the file itself; fetch it (git lfs pull)",
    b"<": "a web page or XML, not JSON; download the file itself",
}


def read(path: Path, key: str) -> object:
    """The value in a file, with or without a byte-order mark.

    Args:
        key: what the user typed before the `=`, for errors.

    Raises:
        UsageError: there is no such file, or no JSON in it; says which format it has instead, where that is known.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise UsageError(f"{key}={path}: no such file") from None
    except IsADirectoryError:
        raise UsageError(f"{key}={path}: a folder; give the JSON file") from None
    except OSError as error:
        raise UsageError(f"{key}={path}: {error.strerror}") from error
    start = data[:_QUOTED].lstrip(b"\xef\xbb\xbf \t\r\n")
    for first_bytes, advice in _OTHER_FORMATS.items():
        if start.startswith(first_bytes):
            raise UsageError(f"{key}={path}: {advice.format(path=shlex.quote(str(path)), key=key)}")
    if not data.strip():
        raise UsageError(f"{key}={path}: the file is empty")
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{key}={path}: {_problem(error)}; it begins with {_shown(start)}") from error


def _problem(error: ValueError | RecursionError) -> str:
    if isinstance(error, RecursionError):
        return "JSON that is nested too deep"
    if isinstance(error, UnicodeDecodeError):
        return "its text is not UTF-8 or UTF-16; save it as UTF-8"
    if isinstance(error, json.JSONDecodeError) and error.msg == "Extra data":
        return "several JSON values, such as one in each line, where one is expected"
    return f"not JSON, or not all of it: {error}"


def _shown(start: bytes) -> str:
    return repr(plain(start.decode("utf-8", "replace")))


def number(raw: object) -> float | None:
    """A finite number of a sensible size; JSON also has true, NaN, and integers of any length."""
    usable = isinstance(raw, int | float) and not isinstance(raw, bool) and abs(raw) <= _LARGEST
    return float(raw) if usable else None  # type: ignore[arg-type]


def identity(raw: object) -> str:
    """An id as text; a whole number that went through pandas is what it was. Empty where there is none."""
    if isinstance(raw, float) and raw.is_integer() and abs(raw) <= 2**53:
        return str(int(raw))
    return str(raw) if isinstance(raw, str | int | float) and not isinstance(raw, bool) else ""
