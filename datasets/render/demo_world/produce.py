"""Renders pictures in worker processes and writes them: whole files, skipped where they exist already."""

from __future__ import annotations

import json
import multiprocessing
import shutil
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from datasets.render import scene
from datasets.render.demo_world import labels, locations, photographs, shots, synthetic

Task = TypeVar("Task")
DEFAULT_SEED = 2021
NOTES = "boxes"  # folder of the boxes found so far; gone once annotations.json is written


@dataclass(frozen=True)
class Options:
    """The command line. `preview` 0 means everything; `samples` is rays per pixel, 0 each domain's own."""

    to: Path
    seed: int = DEFAULT_SEED
    only: str = ""
    workers: int = 2
    preview: int = 0
    samples: int = 0


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all, so that an interrupted run can be repeated."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_bytes(content)
    part.replace(path)


def forest_picture(task: tuple[Options, int]) -> None:
    options, index = task
    image = options.to / "synthetic" / "images" / f"forest_{index:04d}.jpg"
    mask = options.to / "synthetic" / "masks" / f"forest_{index:04d}.png"
    if image.exists() and mask.exists():
        return
    rendered = synthetic.render(options.seed, index, options.samples or synthetic.SAMPLES)
    _write(mask, rendered.mask)
    _write(image, rendered.image)


def burst_pictures(task: tuple[Options, shots.Burst]) -> None:
    """Renders one burst. Its boxes are kept beside the pictures until all are there and the JSON is written."""
    options, burst = task
    note = options.to / NOTES / f"{burst.image_id(options.seed, 0)}.json"
    if note.exists():
        return
    boxes = {}
    for shot in photographs.render(options.seed, burst, options.samples or photographs.SAMPLES):
        if shot.mask and burst.species == "deer":
            _write(options.to / "photo_masks" / f"{shot.image_id}.png", shot.mask)
        _write(options.to / "photos" / f"{shot.image_id}.jpg", shot.image)
        boxes[shot.frame] = shot.boxes
    _write(note, json.dumps(boxes).encode())


def collect(options: Options, bursts: list[shots.Burst]) -> None:
    """Writes annotations.json and exclude.txt from the notes, and removes those."""
    entries, excluded = [], []
    for burst in bursts:
        note = options.to / NOTES / f"{burst.image_id(options.seed, 0)}.json"
        boxes = json.loads(note.read_bytes())
        pictures = [
            photographs.Photograph(burst.image_id(options.seed, int(frame)), int(frame), b"", None,
                                   [(b[0], b[1], b[2], b[3]) for b in found])
            for frame, found in boxes.items()
        ]  # fmt: skip
        entries.append((burst, locations.location(options.seed, burst.location), pictures))
        if burst.kind == "excluded":
            excluded += [picture.image_id for picture in pictures]
    document = labels.document(entries, options.seed)
    lines = [json.dumps(document[key], separators=(",", ":")) for key in ("info", "categories")]
    lists = [
        ",\n".join(json.dumps(e, separators=(",", ":")) for e in document[key]) for key in ("images", "annotations")
    ]
    text = f'{{"info":{lines[0]},\n"categories":{lines[1]},\n"images":[\n{lists[0]}],\n"annotations":[\n{lists[1]}]}}\n'
    _write(options.to / "annotations.json", text.encode())
    head = "# Photographs taken out by hand: night pictures that pass the tests of clock, colour and darkness.\n"
    _write(options.to / "exclude.txt", (head + "".join(f"{name}\n" for name in excluded)).encode())
    shutil.rmtree(options.to / NOTES)


def run(work: Callable[[Task], None], tasks: list[Task], workers: int, name: str) -> None:
    """Works through the tasks, a line of progress every 20."""
    begun = time.monotonic()

    def watch(done: Iterable[None]) -> None:
        for count, _ in enumerate(done, 1):
            if count % 20 == 0 or count == len(tasks):
                print(f"{name}: {count} of {len(tasks)}, {time.monotonic() - begun:.0f} s", flush=True)

    if workers <= 1:
        scene.start()
        watch(map(work, tasks))
        return
    context = multiprocessing.get_context("spawn")
    with context.Pool(workers, initializer=scene.start) as pool:
        # Runs of neighbours share a place, which each process builds once.
        watch(pool.imap_unordered(work, tasks, chunksize=4))


def preview_bursts(bursts: list[shots.Burst], preview: int) -> list[shots.Burst]:
    """A few bursts of every kind and several places."""
    kept: list[shots.Burst] = []
    share = max(1, preview // (2 * len(shots.EXTRA)))
    for kind in ("deer", *shots.EXTRA):
        some = [b for b in bursts if b.kind == kind]
        wanted = max(1, preview // 4) if kind == "deer" else share
        kept += some[:: max(1, len(some) // wanted)][:wanted]
    return sorted(kept, key=bursts.index)
