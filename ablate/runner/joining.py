"""Finding a Ray cluster to join: where it is, whether it answers, and whether it wants a token."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

from ray._private import services
from ray._private.ray_constants import RAY_ADDRESS_ENVIRONMENT_VARIABLE
from ray._private.worker import RAY_JOB_CONFIG_JSON_ENV_VAR
from ray._raylet import Config, GcsClient
from ray.exceptions import AuthenticationError, RayError

from ablate.errors import UsageError
from ablate.runner import ray_token

_SECONDS = 15.0  # within which a cluster must answer
_AGAIN = 1.0
_LEAVE_OUT = "leave it out to start Ray on this machine"


def inside_job() -> bool:
    """Whether this process was started by `ray job submit`."""
    return RAY_JOB_CONFIG_JSON_ENV_VAR in os.environ


def wanted(given: str | None) -> str | None:
    """The address of the cluster to join: what was asked for, or that of the job that this is; None: a Ray of its own.

    Raises:
        UsageError: it is Ray Client's.
    """
    if given is not None and given.startswith("ray://"):
        raise UsageError(
            f"ray.address={given}: Ray Client cannot be used; run the command on a node of the cluster with "
            "ray.address=auto, or submit it: ray job submit --working-dir . -- python -m ablate.run ..."
        )
    return "auto" if given is None and inside_job() else given


def ignored() -> str | None:
    """The cluster that the environment names, and that is not joined since nothing asks for it."""
    return None if inside_job() else os.environ.get(RAY_ADDRESS_ENVIRONMENT_VARIABLE) or None


def reach(address: str) -> str:
    """HOST:PORT of a cluster that answers, in whose mode, with a token or without, this process is from now on.

    Raises:
        UsageError: there is none, it does not answer within some seconds, or it refuses our token.
    """
    found = _resolved(address)
    _require_listener(address, found)
    with _quiet():
        refusal = _refusal(address, found, "disabled")
        if refusal is not None and ray_token.given():  # without one, Ray's client would end this process
            refusal = _refusal(address, found, "token")
    if refusal is not None:
        raise UsageError(f"ray.address={address}: the cluster wants a token, {ray_token.wrong()}") from refusal
    return found


def host_and_port(address: str) -> tuple[str, int] | None:
    """What an address names, also one of IPv6 in brackets; None where it names none."""
    parts = urlsplit(f"//{address}")
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    return (host, port) if host and port else None


def _resolved(address: str) -> str:
    try:
        found: str | None = services.canonicalize_bootstrap_address(address)
    except (ConnectionError, RuntimeError, ValueError, OSError) as error:
        raise UsageError(f"ray.address={address}: {error}; {_LEAVE_OUT}") from error
    if found is None:
        raise UsageError(f"ray.address={address}: no Ray runs on this machine; start one by ray start, or {_LEAVE_OUT}")
    return found


def _require_listener(address: str, found: str) -> None:
    """Raises a `UsageError` where nobody listens: Ray's own client would try for many minutes."""
    place = host_and_port(found)
    if place is None:
        raise UsageError(f"ray.address={address}: give auto, or HOST:PORT, such as 10.0.0.1:6379; {_LEAVE_OUT}")
    deadline = time.monotonic() + _SECONDS
    while True:
        try:
            socket.create_connection(place, timeout=_SECONDS / 3).close()
            return
        except OSError as error:
            if time.monotonic() + _AGAIN > deadline or isinstance(error, socket.gaierror):
                said = error.strerror or str(error)
                raise UsageError(f"ray.address={address}: no Ray answers there ({said}); {_LEAVE_OUT}") from error
        time.sleep(_AGAIN)


def _refusal(address: str, found: str, mode: str) -> Exception | None:
    """Why the cluster refuses a mode of authentication, which this process then has; None where it takes it."""
    os.environ[ray_token.MODE] = mode
    Config.initialize("")  # this process has read the mode before
    answer: list[Exception | None] = []

    def ask() -> None:
        try:
            GcsClient(address=found)
            answer.append(None)
        except RayError as error:
            answer.append(error)

    asking = threading.Thread(target=ask, daemon=True)  # it may take much longer, and cannot be told to stop
    asking.start()
    asking.join(_SECONDS)
    if answer and (answer[0] is None or isinstance(answer[0], AuthenticationError)):
        return answer[0]
    tls = "RAY_USE_TLS=1" if os.environ.get("RAY_USE_TLS", "0") not in ("", "0") else "without TLS"
    raise UsageError(
        f"ray.address={address}: what answers there is no Ray of this version, or does not speak as this process does "
        f"({tls}, see RAY_USE_TLS and RAY_TLS_*); {_LEAVE_OUT}"
    )


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Within, nothing is written to stderr: Ray's client does so from C++."""
    kept = os.dup(2)
    try:
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
