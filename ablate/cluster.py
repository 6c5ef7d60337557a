"""Ray: starting or joining it, and how to get into its dashboard."""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ray

from ablate.config import RunConfig
from ablate.cores import usable_cores
from ablate.errors import UsageError

# Our tasks and trials hand Ray nothing but small records; the default would reserve a third of the machine's memory.
_OBJECT_STORE_BYTES = 200 * 2**20


@dataclass(frozen=True)
class Cluster:
    """A Ray that is up.

    Attributes:
        dashboard: its address, or None where it has none.
        way_in: how a person gets past the dashboard's login.
        cpus, gpus: what all nodes have together.
    """

    dashboard: str | None
    way_in: str
    cpus: float
    gpus: float

    def room_for(self, each: Mapping[str, float]) -> int:
        """How many trials fit at a time, at least one; `each` is what one occupies."""
        there = {"CPU": self.cpus, "GPU": self.gpus}
        return max(1, int(min(there[name] / wanted for name, wanted in each.items() if wanted)))


def connect(address: str | None, dashboard: bool = True) -> Cluster:
    """Starts Ray on this machine, with a dashboard if wanted, or joins the cluster at an address.

    Raises:
        UsageError: no Ray answers at the address, or none can be started.
    """
    logging.getLogger("ray").setLevel(logging.ERROR)
    options: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    if address is None:
        _ensure_token()
        options |= {
            "num_cpus": usable_cores(),
            "include_dashboard": dashboard,
            "dashboard_host": "127.0.0.1",
            "object_store_memory": _OBJECT_STORE_BYTES,
        }
    try:
        # `local`: whatever cluster runs on this machine, it was not asked for.
        context = ray.init(address=address or "local", **options)
    except (ConnectionError, RuntimeError, ValueError) as error:
        hint = "see the message" if address is None else "leave it out to start Ray on this machine"
        raise UsageError(f"ray.address={address or 'none'}: {error}; {hint}") from error
    total = ray.cluster_resources()
    url = f"http://{context.dashboard_url}" if context.dashboard_url else None
    return Cluster(url, _way_in(), total.get("CPU", 0.0), total.get("GPU", 0.0))


def resources(run: RunConfig, cluster: Cluster) -> dict[str, float]:
    """What one trial occupies: as asked for, else one core, and one GPU where there is any.

    Raises:
        UsageError: more than the cluster has.
    """
    cpu = run.trial_resources.cpu if run.trial_resources.cpu is not None else 1.0
    gpu = run.trial_resources.gpu if run.trial_resources.gpu is not None else float(cluster.gpus > 0)
    for name, wanted, there in (("cpu", cpu, cluster.cpus), ("gpu", gpu, cluster.gpus)):
        if wanted > there:
            raise UsageError(f"trial_resources.{name}={wanted:g}: the cluster has {there:g}; give at most that")
    return {"CPU": cpu, **({"GPU": gpu} if gpu else {})}


def shutdown() -> None:
    """Ends the Ray that `connect` started, or leaves the cluster that it joined."""
    ray.shutdown()


def _token_path() -> Path:
    return Path(os.environ.get("RAY_AUTH_TOKEN_PATH") or Path.home() / ".ray" / "auth_token")


def _ensure_token() -> None:
    """Makes the token, which Ray asks for by itself, readable by this user alone; Ray's own would be open to all."""
    path = _token_path()
    if os.environ.get("RAY_AUTH_TOKEN"):
        return
    if path.is_file():
        with contextlib.suppress(OSError):  # one that is mounted here is not ours to change
            path.chmod(0o600)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    own = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(own, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_hex(32))
        with contextlib.suppress(FileExistsError):  # of two first runs at once, the second takes the other's
            path.hardlink_to(own)
    finally:
        own.unlink(missing_ok=True)


def _way_in() -> str:
    if os.environ.get("RAY_AUTH_MODE") != "token":
        return "no token needed"
    return (
        "its token: the variable RAY_AUTH_TOKEN"
        if os.environ.get("RAY_AUTH_TOKEN")
        else f"its token: cat {_token_path()}"
    )
