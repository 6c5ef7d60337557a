"""Decodes what trials will read before they take a GPU: on every node that has one, by all of its cores."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterable, Mapping

import ray
from ray.exceptions import RayError, RayTaskError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from ablate import interruption
from ablate.config import TrialConfig
from ablate.data import arrays, shards
from ablate.data.manifest import REAL, scored_on
from ablate.data.root import Data
from ablate.errors import UsageError
from ablate.identity import looks_at
from ablate.runner import cluster, credentials, node_data
from ablate.runner.credentials import Credentials

_AGAIN = 0.5  # seconds between two looks whether the run is to end

Split = tuple[str, str, int]  # arm, split, pixels
Outcome = tuple[list[str], str | None]  # what was decoded, and the error that ended it


def gpu_nodes() -> dict[str, int]:
    """The cores of every node that has a GPU, by Ray's id of the node."""
    there = {node["NodeID"]: node["Resources"] for node in ray.nodes() if node["Alive"]}
    return {node: max(1, int(has.get("CPU", 0))) for node, has in there.items() if has.get("GPU")}


def decode(data: Data, configs: Iterable[TrialConfig], cores: Mapping[str, int], report: Callable[[str], None]) -> None:
    """Decodes every split that trials read into the caches of some nodes, on all nodes at once.

    Trials on a node that was lost meanwhile, or that joins later, decode for themselves.

    Args:
        cores: threads that decode on each node, by Ray's id of the node.
        report: is told what was decoded where.

    Raises:
        UsageError: a shard is broken or cannot be copied, or a cache has no room.
        KeyboardInterrupt: this process was asked to end.
    """
    splits = sorted({split for config in configs for split in _splits(config)})
    # They ask for no core: the trials of another run on the cluster may hold all of a node's for hours.
    task = ray.remote(num_cpus=0)(_decode)
    given = credentials.of_driver()
    running = {
        task.options(scheduling_strategy=NodeAffinitySchedulingStrategy(node, soft=False)).remote(
            given, data.place, data.digest, data.embedded, splits, threads
        ): node
        for node, threads in cores.items()
    }
    while running and cluster.dead() is None:  # without Ray's processes Tune says what is to be said
        for ended in ray.wait([*running], timeout=_AGAIN)[0]:
            _report(ended, running.pop(ended), report)
        if interruption.asked():
            raise KeyboardInterrupt


def _splits(config: TrialConfig) -> set[Split]:
    arms = {config.arm, scored_on(config.direction), *([REAL] if config.oracle else [])}
    read = {(arm, split) for arm in arms for split in shards.splits(arm)} | {*looks_at(config).values()}
    return {(arm, split, config.image_size) for arm, split in read}


def _decode(
    given: Credentials, place: str, digest: str, embedded: str | None, splits: list[Split], threads: int
) -> Outcome:
    """Decodes on the node where it runs. Errors are returned as text: Ray would wrap exceptions in traces."""
    credentials.take(given)
    lines: list[str] = []
    node = platform.node()
    try:
        data = node_data.planned(place, digest, embedded, lines.append)
        for arm, split, size in splits:
            arrays.load(data, arm, split, size, threads, lambda line: lines.append(f"{line} on {node}"))
    except UsageError as error:
        return lines, f"{error} (on {node})"
    except (ValueError, OSError) as error:
        return lines, f"data={place}: {error} (on {node})"
    return lines, None


def _report(ended: ray.ObjectRef[Outcome], node: str, report: Callable[[str], None]) -> None:
    try:
        lines, error = ray.get(ended)
    except RayTaskError:
        raise
    except RayError as lost:
        report(f"not decoded before the trials on node {node} ({type(lost).__name__}): those there decode themselves")
        return
    for line in lines:
        report(line)
    if error is not None:
        raise UsageError(error)
