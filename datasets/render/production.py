"""Rendering all pictures of a request into a folder: those that are missing, place by place, in one or many processes.

The same request gives the same bytes with the same versions, whatever the number of workers and however often it was
interrupted.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from ablate.runner.cores import usable_cores
from ablate.storage import local
from datasets.build import workers
from datasets.progress_line import progress_line
from datasets.render import fauna, output_folder, pictures, provenance, trap_annotations
from datasets.render.pictures import PER_PLACE
from datasets.render.request_options import RenderConfig
from datasets.render.scene_rows import Row
from datasets.render.staging import Request

_QUIET_SECONDS = 15.0  # between two plain lines of progress


@dataclass(frozen=True)
class Written:
    """What a folder holds in the end.

    Attributes:
        rendered: how many of its pictures this command rendered.
        seconds: of a core, for those.
    """

    folder: Path
    rows: tuple[Row, ...]
    rendered: int
    seconds: float


@dataclass(frozen=True)
class Batch:
    """Numbers of pictures of one place, ascending."""

    numbers: tuple[int, ...]

    @property
    def name(self) -> str:
        return f"pictures {self.numbers[0]} to {self.numbers[-1]}"


@dataclass(frozen=True)
class Rows:
    """What is known of a rendered batch; seconds of a core."""

    rows: tuple[Row, ...]
    seconds: float


@dataclass(frozen=True)
class PictureWriter:
    """The job that renders a batch into a folder."""

    request: Request
    folder: Path
    gpu: bool = False

    def __call__(self, batch: Batch, /) -> Rows:
        began = time.process_time()
        with output_folder.working(self.folder):
            found = [output_folder.add(self.folder, pictures.render(self.request, number)) for number in batch.numbers]
        return Rows(tuple(found), time.process_time() - began)


def produce(
    config: RenderConfig, report: Callable[[str], None] = print, console: Console | None = None, wait: bool = False
) -> Written:
    """Renders what is missing of a request's pictures, and writes what tells of all of them.

    Args:
        report: takes the line that tells what was already there.
        console: where progress is shown; None: nowhere.
        wait: for another command that renders into the same folder, instead of refusing.

    Raises:
        UsageError: the folder holds something else, or another command renders there.
        OSError: the folder cannot be written; names the file.
    """
    to = local(config.to, "to").resolve()
    with output_folder.opened(to, provenance.of(config), config.n, wait) as rows:
        before = len(rows)
        if 0 < before < config.n:
            report(f"resuming: {before:,} of {config.n:,} pictures were already rendered")
        seconds = _render(config, to, rows, console or Console(quiet=True))
        every = tuple(rows[number] for number in range(config.n))
        output_folder.finish(to, every, _annotations(every))
    return Written(to, every, config.n - before, seconds)


def _render(config: RenderConfig, to: Path, rows: dict[int, Row], console: Console) -> float:
    """Renders the pictures that `rows` lacks and adds theirs; seconds of a core that it took."""
    before, seconds = len(rows), 0.0
    todo, count = _batches(sorted(set(range(config.n)) - rows.keys()), config)
    with (
        progress_line(config.n, console, _QUIET_SECONDS, before) as show,
        workers.started(to, count, config.ray) as pool,
    ):
        told = before

        def tell(done: int) -> None:
            nonlocal told  # pictures of unfinished tasks are counted on disk alone: it must not seem to go back
            if done > told:
                told = done
                show(done, f"{done:,} of {config.n:,} pictures")

        show(before, f"{before:,} of {config.n:,} pictures")
        job = PictureWriter(_request(config), to, gpu=config.device == "gpu")
        for _, written in pool.work(job, todo, meanwhile=lambda: tell(output_folder.count(to))):
            rows |= {row["number"]: row for row in written.rows}
            seconds += written.seconds
            tell(len(rows))
    return seconds


def _batches(missing: Sequence[int], config: RenderConfig) -> tuple[list[Batch], int | None]:
    """What is one task, and how many are done at a time; None: as many as the cluster has cores.

    A task is the pictures of a place, so that the place is built once, and long enough that two are worth Ray's start;
    where one process does all of them in their order, it is a picture, so that each is told of.
    """
    places = [Batch(tuple(numbers)) for _, numbers in itertools.groupby(missing, lambda number: number // PER_PLACE)]
    if config.ray.address is not None:
        return places, config.workers
    count = config.workers or usable_cores()
    if count > 1 and len(places) > 1:
        return places, count
    return [Batch((number,)) for number in missing], 1


def _request(config: RenderConfig) -> Request:
    return Request(
        seed=config.seed,
        biomes=config.biomes,
        species=config.species,
        size=config.sides,
        samples=config.samples,
        box_area=config.box_area,
        distractors=config.distractors,
        extras=config.extras,
        device=config.device,
    )


def _annotations(rows: Sequence[Row]) -> bytes:
    """All species are named, drawn or not: a category's number is the same in every folder."""
    categories = {name: one.category for name, one in fauna.SPECIES.items()}
    ids: dict[str, int] = {}
    for one in fauna.SPECIES.values():
        ids[one.category] = min(one.id, ids.get(one.category, one.id))
    return trap_annotations.document(rows, categories, ids)
