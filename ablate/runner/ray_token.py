"""Ray's token: what keeps its dashboard and its job port from everybody else on the machine."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

from ablate import storage
from ablate.errors import UsageError

_PATH, MODE, _TOKEN = "RAY_AUTH_TOKEN_PATH", "RAY_AUTH_MODE", "RAY_AUTH_TOKEN"


def ensure() -> None:
    """Makes the token, which Ray asks for by itself, readable by this user alone; Ray's own would be open to all.

    Raises:
        UsageError: there is no place for it.
    """
    if os.environ.get(_TOKEN) or os.environ.get(MODE) == "disabled":
        return
    path = _path()
    try:
        if path.is_file():
            with contextlib.suppress(OSError):  # one that is mounted here is not ours to change
                path.chmod(0o600)
            return
        _write(path)
    except OSError as error:
        raise UsageError(
            f"Ray's token cannot be kept in {path}: {error.strerror}; name a file that you can write, such as "
            f"{_PATH}=/tmp/ray_token_{os.getuid()}"
        ) from error


def login_hint() -> str:
    """How a person gets past the dashboard's login."""
    if os.environ.get(MODE) != "token":
        return "no token needed"
    return f"its token: the variable {_TOKEN}" if os.environ.get(_TOKEN) else f"its token: cat {_path()}"


def given() -> bool:
    """Whether this process has a token."""
    try:
        return bool((os.environ.get(_TOKEN) or _path().read_text()).strip())
    except (OSError, UnicodeDecodeError):
        return False


def wrong() -> str:
    """What to do where a cluster refuses the token that this process has, or has not."""
    if os.environ.get(_TOKEN):
        return f"and that of the variable {_TOKEN} is not it; give the variable the cluster's"
    problem = f"and that of the file {_path()} is not it" if given() else f"and the file {_path()} holds none"
    return f"{problem}; copy the cluster's there, or give it in the variable {_TOKEN}"


def _path() -> Path:
    return Path(os.environ.get(_PATH) or storage.home() / ".ray" / "auth_token")


def _write(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    own = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(own, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_hex(32))
        with contextlib.suppress(FileExistsError):  # of two first runs at once, the second takes the other's
            path.hardlink_to(own)
    finally:
        own.unlink(missing_ok=True)
