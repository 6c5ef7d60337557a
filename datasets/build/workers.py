"""Chunks worked through: in this process, or as Ray tasks on this machine or a cluster."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2

from ablate.config import RayOptions
from ablate.errors import UsageError
from datasets.build import chunks
from datasets.build.chunks import Chunk, Finished, Stage
from datasets.build.publishing import working

if TYPE_CHECKING:
    from ablate.runner.cluster import Cluster

_WORTH_RAY = 4  # chunks; fewer are done before Ray has started
_PER_GPU = 4  # tasks that share one: while some decode and encode pictures, another one's network computes


class Workers:
    """Ray is started by the first stage that has enough to do for several processes.

    Args:
        count: processes at a time; None: as many as there are cores, if there is enough to do. With 1 there is no Ray.
        closing: ends Ray.
    """

    def __init__(self, building: Path, count: int | None, ray: RayOptions, closing: contextlib.ExitStack) -> None:
        self._building, self._count, self._options, self._closing = building, count, ray, closing
        self._ray: Cluster | None = None

    def work(self, stage: Stage, todo: Sequence[Chunk]) -> Iterator[tuple[Chunk, Finished]]:
        """Writes chunks; yields each when it is finished, in any order.

        Raises:
            OSError: the folder cannot be written; names the file.
            UsageError: Ray cannot be started, or a node of the cluster does not see the folders.
        """
        if self._ray is None and self._worth_ray(len(todo)):
            from ablate.runner import cluster  # slow to start; most small data sets need no Ray

            self._ray = cluster.connect(self._options.address, dashboard=False)
            self._closing.callback(cluster.shutdown)
        if self._ray is not None:
            yield from self._distribute(stage, todo, self._ray)
        else:
            for chunk in todo:
                yield chunk, _write(stage, chunk, self._building)

    def _worth_ray(self, n_chunks: int) -> bool:
        if self._options.address is not None:
            return n_chunks > 0
        return n_chunks >= _WORTH_RAY if self._count is None else self._count > 1 and n_chunks > 1

    def _distribute(self, stage: Stage, todo: Sequence[Chunk], there: Cluster) -> Iterator[tuple[Chunk, Finished]]:
        import ray

        # One core each; a worker that dies is not the chunk's fault, an exception is and is told.
        share, at_a_time = gpu_share(stage.gpu, self._count or max(int(there.cpus), 1), there.gpus)
        # A worker goes on after its chunk: of those with a GPU Ray would start another one for each.
        task = ray.remote(num_cpus=1, num_gpus=share, max_retries=3, max_calls=0)(_write_on_node)
        shared, remaining = ray.put(stage), list(reversed(todo))
        waiting: dict[Any, Chunk] = {}
        while remaining or waiting:
            while remaining and len(waiting) < at_a_time:
                chunk = remaining.pop()
                waiting[task.remote(shared, chunk, self._building)] = chunk
            (ready,), _ = ray.wait(list(waiting), num_returns=1)
            chunk = waiting.pop(ready)
            yield chunk, _result(ready, chunk.name)


@contextlib.contextmanager
def started(building: Path, count: int | None, ray: RayOptions) -> Iterator[Workers]:
    """Workers for as long as the block runs."""
    with contextlib.ExitStack() as closing:
        yield Workers(building, count, ray, closing)


def gpu_share(wanted: bool, count: int, gpus: float) -> tuple[float, int]:
    """The share of a GPU that a task asks Ray for, and how many tasks there are at a time.

    Ray shows a task the GPU that it has a share of, and a translator computes on the GPU that it sees.

    Args:
        wanted: whether the stage computes faster on one.
        count: tasks at a time as far as cores go.
        gpus: of the cluster.
    """
    if not wanted or not gpus:
        return 0.0, count
    return 1 / _PER_GPU, min(count, max(int(gpus * _PER_GPU), 1))


def _result(ready: Any, name: str) -> Finished:  # noqa: ANN401 - a Ray reference
    import ray

    try:
        result: Finished = ray.get(ready)
    except ray.exceptions.RayTaskError as error:
        raise error.cause from None  # as it would have come out of this process
    except ray.exceptions.RayError as error:
        said = str(error).strip().splitlines()[0]
        raise UsageError(f"{name}: its process died again and again ({said}); try fewer workers=") from error
    return result


def _write_on_node(stage: Stage, chunk: Chunk, building: Path) -> Finished:
    if not building.is_dir():
        raise UsageError(f"to={building}: a node of the cluster does not see it; give a folder that all nodes share")
    return _write(stage, chunk, building)


def _write(stage: Stage, chunk: Chunk, building: Path) -> Finished:
    cv2.setNumThreads(1)  # parallel over chunks; more threads than cores only get in each other's way
    with working(building):
        return chunks.write(stage, chunk, building)
