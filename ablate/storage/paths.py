"""Paths that users name, names of files that are not whole yet, and the node's own folders."""

from __future__ import annotations

import errno
import os
import secrets
from pathlib import Path

from ablate.errors import UsageError
from ablate.storage import urls


class NoRoomError(UsageError):
    """The node's cache has no room for what is needed: a fault of the node, other ones may have it."""


def local(place: str, key: str) -> Path:
    """The absolute path of a place that the user named.

    Raises:
        UsageError: it is a URL, or in a home folder that is not known.
    """
    if urls.is_url(place):
        raise UsageError(f"{key}={urls.without_credentials(place)}: a URL cannot be used here yet; give a local path")
    return absolute(place, key)


def absolute(place: str, key: str) -> Path:
    """The absolute path of one that may begin with ~.

    Raises:
        UsageError: the home folder that ~ stands for is not known.
    """
    try:
        return Path(place).expanduser().absolute()
    except RuntimeError as error:
        raise UsageError(f"{key}={place}: the home folder that ~ stands for is unknown; give the whole path") from error


def unique_name(name: str) -> str:
    """A name for one attempt to write a file that is not to be continued by another."""
    return f".{name}.{secrets.token_hex(4)}.partial"


def home() -> Path:
    """The user's home folder, which Ray needs too.

    Raises:
        UsageError: it is not known, as of a user without an entry in passwd.
    """
    try:
        return Path.home()
    except RuntimeError as error:
        raise UsageError(
            f"user {os.getuid()} has no home, and HOME is not set; name a folder before the command, such as HOME=/tmp"
        ) from error


def cache_folder() -> Path:
    """The node's own folder for copies and decoded pictures: `ABLATE_CACHE`, else in the user's cache folder.

    Raises:
        UsageError: the variable holds a relative path, which would be another folder for each trial; or the folder
            cannot be written.
    """
    if chosen := os.environ.get("ABLATE_CACHE"):
        folder = absolute(chosen, "ABLATE_CACHE")
        if chosen[0] not in "/~":
            raise UsageError(f"ABLATE_CACHE={chosen}: give an absolute path, such as {folder}")
    else:
        folder = Path(os.environ.get("XDG_CACHE_HOME") or home() / ".cache") / "ablate"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if os.access(folder, os.W_OK | os.X_OK):
            return folder
        refused: str | None = os.strerror(errno.EACCES)
    except OSError as error:
        refused = error.strerror
    raise UsageError(f"the cache {folder} cannot be written: {refused}; name another with ABLATE_CACHE=/a/folder")
