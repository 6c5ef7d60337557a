"""Ray: starting or joining it, and how to get into its dashboard."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import ray
from ray._private.ray_constants import PROCESS_TYPE_GCS_SERVER, PROCESS_TYPE_RAYLET
from ray.exceptions import RayError

from ablate import interruption, storage
from ablate.config import RunConfig, TrialConfig
from ablate.errors import UsageError, last_line
from ablate.runner import joining, ray_folder, ray_token, shipping
from ablate.runner.cores import usable_cores

# Our tasks and trials hand Ray nothing but small records; the default would reserve a third of the machine's memory.
_OBJECT_STORE_BYTES = 200 * 2**20


@dataclass(frozen=True)
class Node:
    """What a machine has for trials, of which each fits on one node."""

    cpus: float
    gpus: float

    def room_for(self, each: Mapping[str, float]) -> int:
        """How many trials fit at a time; `each` is what one occupies."""
        there = {"CPU": self.cpus, "GPU": self.gpus}
        # A hundred times 0.07 are 7, but 7 / 0.07 is a little less than a hundred.
        return int(min(there[name] / wanted for name, wanted in each.items() if wanted) + 1e-9)


@dataclass(frozen=True)
class Cluster:
    """A Ray that is up.

    Attributes:
        dashboard: its address, or None where it has none.
        login: how a person gets past the dashboard's login.
        head: HOST:PORT of its global control service.
        token: a file in `out` by which its nodes know that folder again; None where there is but one node.
    """

    dashboard: str | None
    login: str
    nodes: tuple[Node, ...]
    head: str = ""
    token: str | None = None

    @property
    def cpus(self) -> float:
        """What all nodes have together."""
        return sum(node.cpus for node in self.nodes)

    @property
    def gpus(self) -> float:
        """What all nodes have together."""
        return sum(node.gpus for node in self.nodes)

    def room_for(self, each: Mapping[str, float]) -> int:
        """How many trials fit at a time, at least one; `each` is what one occupies."""
        return max(1, sum(node.room_for(each) for node in self.nodes))

    def shared(self, trials: int, each: Mapping[str, float]) -> dict[str, float]:
        """What one trial is to occupy, at least `each`, so that only so many fit at a time, or as few as can be."""
        shares = (node.cpus / part for node in self.nodes if node.room_for(each) for part in range(1, trials + 1))
        cpus = {max(each["CPU"], math.floor(share * 1e4) / 1e4) for share in shares}  # Ray counts in ten-thousandths
        options = [{**each, "CPU": cpu} for cpu in sorted(cpus)]
        fitting = [one for one in options if any(node.room_for(one) for node in self.nodes)]
        return next((one for one in fitting if self.room_for(one) <= trials), fitting[-1] if fitting else dict(each))


def connect(dashboard: bool = True) -> Cluster:
    """Starts Ray on this machine, with a dashboard if wanted.

    Raises:
        UsageError: it cannot be started; or the cache cannot be written.
    """
    storage.cache_folder()  # its trials' too: one that cannot be written would fail them all, one after the other
    ray_token.ensure()
    return _init(
        "local",  # whatever cluster runs on this machine, it was not asked for
        "ray.address=none: {}; see the message",
        num_cpus=usable_cores(),
        include_dashboard=dashboard,
        dashboard_host="127.0.0.1",
        object_store_memory=_OBJECT_STORE_BYTES,
        _temp_dir=str(ray_folder.root() / "ray"),
    )


def join(address: str, configs: Iterable[TrialConfig] = ()) -> Cluster:
    """Joins the cluster at an address, whose processes will import the code that lies here.

    Args:
        configs: of trials, whose files, of parts and weights, go with it.

    Raises:
        UsageError: no Ray answers at the address, or it takes neither our token nor our code.
    """
    found = joining.reach(address)
    with shipping.package(shipping.files_of(configs)) as environment:
        return _init(found, f"ray.address={address}: {{}}; is this machine a node of it?", runtime_env=environment)


def _init(address: str, problem: str, **options: Any) -> Cluster:  # noqa: ANN401 - Ray's own
    storage.home()  # Ray's parts look for it when they are imported
    logging.getLogger("ray").setLevel(logging.ERROR)
    try:
        with interruption.deferred():
            context = ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR, **options)
    except (ConnectionError, RuntimeError, ValueError, RayError) as error:
        raise UsageError(problem.format(last_line(str(error)))) from error
    if interruption.asked():
        shutdown()
        raise KeyboardInterrupt
    url = f"http://{context.dashboard_url}" if context.dashboard_url else None
    there = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    nodes = tuple(Node(each.get("CPU", 0.0), each.get("GPU", 0.0)) for each in there)
    return Cluster(url, ray_token.login_hint(), nodes, context.address_info["gcs_address"])


def resources(run: RunConfig, cluster: Cluster) -> dict[str, float]:
    """What one trial occupies: as asked for, else one GPU where there is any, and its share of the cores, or one core.

    Raises:
        UsageError: more than any node has, or no GPU where the steps need one.
    """
    gpu = run.trial_resources.gpu if run.trial_resources.gpu is not None else float(cluster.gpus > 0)
    cpu = run.trial_resources.cpu if run.trial_resources.cpu is not None else _cores(gpu, cluster.nodes)
    each = {"CPU": cpu, **({"GPU": gpu} if gpu else {})}
    if not any(node.room_for(each) for node in cluster.nodes):
        raise UsageError(_too_large(cpu, gpu, cluster.nodes))
    if run.execution == "graph" and not gpu:
        raise UsageError("execution=graph: only GPUs have it; type execution=auto, or give the trials a GPU")
    return each


def _cores(gpu: float, nodes: Sequence[Node]) -> float:
    """A trial's share of its node's cores, for it scores on them: as many as let all GPUs be used at once; at least 1.

    One core without a GPU.
    """
    shares = [node.cpus / node.gpus * gpu for node in nodes if node.gpus >= gpu > 0]
    return max(1.0, math.floor(min(shares, default=1.0) + 1e-9))  # 10 * 0.7 may be a little less than 7


def _too_large(cpu: float, gpu: float, nodes: Sequence[Node]) -> str:
    """Why a trial fits on none of the nodes, and what would."""
    cpus, gpus = max(node.cpus for node in nodes), max(node.gpus for node in nodes)
    for name, wanted, there in (("cpu", cpu, cpus), ("gpu", gpu, gpus)):
        if wanted > there:
            return (
                f"trial_resources.{name}={wanted:g}: a trial runs on one node, and the largest has {there:g}; "
                f"give {_at_most(name, there)}"
            )
    cpus = max(node.cpus for node in nodes if node.gpus >= gpu)
    gpus = max(node.gpus for node in nodes if node.cpus >= cpu)
    return (
        f"trial_resources.cpu={cpu:g} trial_resources.gpu={gpu:g}: a trial runs on one node, and none has both: the "
        f"largest with the GPUs has {cpus:g} CPUs; give {_at_most('cpu', cpus)}, or {_at_most('gpu', gpus)}"
    )


def _at_most(name: str, there: float) -> str:
    return f"trial_resources.{name}={there:g}{' or less' * (there > 0)}"


def dead() -> str | None:
    """Which process has died without which the Ray that `connect` started does nothing more; None while all live."""
    node = ray._private.worker._global_node
    gone = {str(kind) for kind, _ in node.dead_processes()} if node is not None else set()
    return next(iter(sorted(gone & {PROCESS_TYPE_GCS_SERVER, PROCESS_TYPE_RAYLET})), None)


def shutdown() -> None:
    """Ends the Ray that `connect` started, or leaves the cluster that it joined."""
    with interruption.deferred():
        ray.shutdown()
