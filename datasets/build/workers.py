"""Items worked through one by one: in this process, or as Ray tasks on this machine or a cluster."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from ablate.config import RayOptions
from ablate.errors import UsageError, last_line

if TYPE_CHECKING:
    from ablate.runner.cluster import Cluster

_WORTH_RAY = 4  # items; fewer are done before Ray has started
_PER_GPU = 4  # tasks that share one: while some decode and encode pictures, another one's network computes
_MEANWHILE = 5.0  # seconds
_ALONE = "leave out ray.address= to use this machine alone"


class Item(Protocol):
    """What one task works on."""

    @property
    def name(self) -> str:
        """For errors."""


Worked = TypeVar("Worked", bound=Item)
Item_contra = TypeVar("Item_contra", contravariant=True)
Result_co = TypeVar("Result_co", covariant=True)


class Job(Protocol[Item_contra, Result_co]):
    """What is done with every item; pickled, it reaches every process.

    Attributes:
        gpu: whether it computes faster on one.
    """

    @property
    def gpu(self) -> bool: ...

    def __call__(self, item: Item_contra, /) -> Result_co: ...


class Workers:
    """Ray is started by the first job that has enough to do for several processes.

    Args:
        folder: the one in which the jobs write; every node has to see it.
        inputs: those that they read, by what the user typed before the `=`; every node has to see them too.
        count: processes at a time; None: as many as there are cores, if there is enough to do. With 1 there is no Ray.
        closing: ends Ray.
    """

    def __init__(
        self,
        folder: Path,
        count: int | None,
        ray: RayOptions,
        inputs: Mapping[str, Path],
        closing: contextlib.ExitStack,
    ) -> None:
        self._folder, self._count, self._options, self._closing = folder, count, ray, closing
        self._inputs = inputs
        self._ray: Cluster | None = None

    def work(
        self, job: Job[Worked, Result_co], todo: Sequence[Worked], meanwhile: Callable[[], None] | None = None
    ) -> Iterator[tuple[Worked, Result_co]]:
        """Does the job with each item; yields the item and its result when it is done, in any order.

        Args:
            meanwhile: called whenever other processes have worked for a few seconds and nothing was done.

        Raises:
            OSError: the folder cannot be written; names the file.
            UsageError: Ray cannot be started, or a node of the cluster does not see the folders.
        """
        if self._ray is None and self._worth_ray(len(todo)):
            from ablate.runner import cluster, joining  # slow to start; most small data sets need no Ray

            address = joining.wanted(self._options.address)
            self._ray = cluster.join(address) if address else cluster.connect(dashboard=False)
            self._closing.callback(cluster.shutdown)
            if address:
                self._require_shared()
        if self._ray is not None:
            yield from self._distribute(job, todo, self._ray, meanwhile)
        else:
            for item in todo:
                yield item, job(item)

    def _require_shared(self) -> None:
        import ray
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        from ablate.runner import results_token

        token = results_token.publish(self._folder)
        task = ray.remote(num_cpus=0, max_retries=0)(_unseen)
        try:
            asked = {}
            for node in (node for node in ray.nodes() if node["Alive"] and node["Resources"].get("CPU")):
                there = task.options(scheduling_strategy=NodeAffinitySchedulingStrategy(node["NodeID"], soft=False))
                answer = there.remote(self._folder / token, dict(self._inputs))
                asked[answer] = f"node {node['NodeManagerHostname']} ({node['NodeManagerAddress']})"
            for answer, name in asked.items():
                try:
                    unseen = ray.get(answer)
                except ray.exceptions.RayError as error:
                    raise UsageError(
                        f"{name} cannot be asked for folders: {last_line(str(error))}; {_ALONE}"
                    ) from error
                if unseen is not None:
                    place = f"to={self._folder}" if unseen == "to" else f"{unseen}={self._inputs[unseen]}"
                    raise UsageError(f"{place}: {name} does not see it; give folders that all nodes share, or {_ALONE}")
        finally:
            results_token.remove(self._folder, token)

    def _worth_ray(self, n_items: int) -> bool:
        if self._options.address is not None:
            return n_items > 0
        return n_items >= _WORTH_RAY if self._count is None else self._count > 1 and n_items > 1

    def _distribute(
        self,
        job: Job[Worked, Result_co],
        todo: Sequence[Worked],
        there: Cluster,
        meanwhile: Callable[[], None] | None,
    ) -> Iterator[tuple[Worked, Result_co]]:
        import ray

        # One core each; a worker that dies is not the item's fault, an exception is and is told.
        share, at_a_time = gpu_share(job.gpu, self._count or max(int(there.cpus), 1), there.gpus)
        # A worker goes on after its item: of those with a GPU Ray would start another one for each.
        task = ray.remote(num_cpus=1, num_gpus=share, max_retries=3, max_calls=0)(_on_node)
        # A core that is done finds the next item waiting; how many are at work is for Ray to say, or the user.
        ahead = 0 if self._count else max(2, at_a_time // 2)
        shared, remaining = ray.put(job), list(reversed(todo))
        waiting: dict[Any, Worked] = {}
        while remaining or waiting:
            while remaining and len(waiting) < at_a_time + ahead:
                item = remaining.pop()
                waiting[task.remote(shared, item, self._folder)] = item
            done, _ = ray.wait(list(waiting), num_returns=1, timeout=_MEANWHILE if meanwhile else None)
            for ready in done:
                item = waiting.pop(ready)
                yield item, _result(ready, item.name)
            if meanwhile and not done:
                meanwhile()


@contextlib.contextmanager
def started(
    folder: Path, count: int | None, ray: RayOptions, inputs: Mapping[str, Path] = MappingProxyType({})
) -> Iterator[Workers]:
    """Workers for as long as the block runs."""
    with contextlib.ExitStack() as closing:
        yield Workers(folder, count, ray, inputs, closing)


def gpu_share(wanted: bool, count: int, gpus: float) -> tuple[float, int]:
    """The share of a GPU that a task asks Ray for, and how many tasks there are at a time.

    Ray shows a task the GPU that it has a share of, and a translator computes on the GPU that it sees.

    Args:
        wanted: whether the job computes faster on one.
        count: tasks at a time as far as cores go.
        gpus: of the cluster.
    """
    if not wanted or not gpus:
        return 0.0, count
    return 1 / _PER_GPU, min(count, max(int(gpus * _PER_GPU), 1))


def _result(ready: Any, name: str) -> Any:  # noqa: ANN401 - a Ray reference, and what the job gave
    import ray

    try:
        return ray.get(ready)
    except ray.exceptions.RayTaskError as error:
        raise error.cause from None  # as it would have come out of this process
    except ray.exceptions.RayError as error:
        said = str(error).strip().splitlines()[0]
        raise UsageError(f"{name}: its process died again and again ({said}); try fewer workers=") from error


def _unseen(token: Path, inputs: Mapping[str, Path]) -> str | None:
    """Which folder the node where this runs does not see, if any: `to`, or a key of the inputs."""
    if not token.is_file():
        return "to"
    return next((key for key, place in inputs.items() if not place.exists()), None)


def _on_node(job: Job[Worked, Result_co], item: Worked, folder: Path) -> Result_co:
    if not folder.is_dir():
        raise UsageError(f"to={folder}: a node of the cluster does not see it; give a folder that all nodes share")
    return job(item)
