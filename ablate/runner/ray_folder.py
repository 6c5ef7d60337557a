"""Where Ray keeps its sockets and logs, and Tune its scratch files: a short path with room, found before Ray starts."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from pathlib import Path

from ablate.errors import UsageError

_VARIABLE = "RAY_TMPDIR"
_LONGEST = 107  # bytes of a socket's path, on Linux
# What Ray appends, as long as it can become: the time, a process id, the name of a socket.
_APPENDED = "/ray/session_2026-01-01_00-00-00_000000_1234567/sockets/dash_StateHead_x"
_ROOM = 100 * 2**20  # bytes; logs and sockets take a few of them
_SHORT = Path("/tmp")


def root() -> Path:
    """The folder for temporary files: `RAY_TMPDIR`, else `TMPDIR`, else /tmp, which also stands in for an unfit TMPDIR.

    Raises:
        UsageError: none of them is fit; says what is wrong with the first one and what to type.
    """
    given = os.environ.get(_VARIABLE)
    if given:
        places = {_VARIABLE: Path(given)}
    else:
        places = {"TMPDIR": Path(os.environ.get("TMPDIR") or tempfile.gettempdir()), "the folder": _SHORT}
    problems = []
    for name, folder in places.items():
        problem = _problem(folder)
        if problem is None:
            return folder
        problems.append(f"{name}={folder} {problem}")
    raise UsageError(
        f"Ray's temporary files: {problems[0]}; name another folder, such as {_VARIABLE}={_advice(places)}"
    )


def _problem(folder: Path) -> str | None:
    """What keeps Ray from working there, if anything does."""
    if not folder.is_absolute():
        return "is not an absolute path"
    longest = len(os.fsencode(folder)) + len(_APPENDED)
    if longest > _LONGEST:
        return f"is {longest - _LONGEST} bytes too long: with what Ray appends, sockets' paths end at {_LONGEST}"
    try:
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(b"\0")
            probe.flush()
        free = shutil.disk_usage(folder).free
    except OSError as error:
        return f"cannot be written: {os.strerror(error.errno or errno.EIO)}"
    return f"has {free / 1e6:.0f} MB free, and {_ROOM / 1e6:.0f} are needed" if free < _ROOM else None


def _advice(places: dict[str, Path]) -> str:
    fit = [folder for folder in (_SHORT, Path("/var/tmp"), Path("/dev/shm")) if folder not in places.values()]
    return str(next((folder for folder in fit if _problem(folder) is None), "/a/short/folder"))
