"""`python -m benchmarks.render [size=256x192]`: what a synthetic picture costs, against the renderer of the demo.

Contenders, in pictures per second of one process, a place of eight pictures at a time, biome by biome:

- demo: the demo's forest, a place for each picture, at 6 samples, always 256x192;
- 6 samples, 4 samples: the places of `datasets.render`.

Then, once, what one place of each biome costs, of which the kinds of plants are made already: its first picture, with
which it is built, and the next; at `size` and 6 samples, and at 1024x768 and 16 samples.

Further settings: biomes=all, rounds=3, seconds=20 (a turn), large=true.
"""

from __future__ import annotations

import itertools
import statistics
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks import alternate, machine, settings
from benchmarks.alternate import Work
from datasets.render import pictures, scene
from datasets.render.demo_world import synthetic
from datasets.render.pictures import PER_PLACE
from datasets.render.request_options import RenderConfig
from datasets.render.staging import Request

DEMO = "demo"
LARGE = (1024, 768)


def demo() -> Work:
    """The demo's pictures, in their order."""
    numbers = itertools.count()

    def one() -> float:
        synthetic.render(2021, next(numbers) % synthetic.COUNT)
        return 1

    return one


def places(request: Request, first: int) -> Work:
    """Place after place, all pictures of each. Contenders share no place: the last ones built are kept."""
    numbers = itertools.count(first)

    def one() -> float:
        place = next(numbers)
        for shot in range(PER_PLACE):
            pictures.render(request, place * PER_PLACE + shot)
        return PER_PLACE

    return one


def request(biomes: tuple[str, ...], size: tuple[int, int], samples: int) -> Request:
    return Request(0, biomes, ("deer",), size, samples)


def costs(wanted: Request) -> dict[str, dict[str, float]]:
    """Seconds by biome: the first picture of a place, with which it is built, and the next."""
    found = {}
    for place, biome in enumerate(wanted.biomes):
        taken = []
        for shot in range(2):
            began = time.process_time()
            pictures.render(wanted, place * PER_PLACE + shot)
            taken.append(time.process_time() - began)
        found[biome] = {"first": round(taken[0], 2), "next": round(taken[1], 2)}
    return found


def _median(by_biome: Mapping[str, Mapping[str, float]], which: str) -> float:
    return statistics.median(seconds[which] for seconds in by_biome.values())


def main(given: Mapping[str, str]) -> None:
    before = machine.describe()
    scene.start()
    named = RenderConfig.model_validate(
        {"to": "-", "size": given.get("size", "256x192"), "biomes": given.get("biomes", "all").split(",")}
    )
    works = {DEMO: demo()}
    for turn, n in enumerate((6, 4)):  # each begins with the same biome
        works[f"{n} samples"] = places(request(named.biomes, named.sides, n), turn * 1000 * len(named.biomes))
    figures = alternate.race(works, DEMO, int(given.get("rounds", 3)), float(given.get("seconds", 20)))
    alternate.print_table(f"pictures per second of a process, {named.size}", figures)
    found: dict[str, Any] = {"size": named.size, "figures": figures}
    sizes = [(named.sides, 6), *([(LARGE, 16)] if given.get("large", "true") == "true" else [])]
    for size, samples in sizes:
        about = f"{size[0]}x{size[1]}, {samples} samples"
        found[about] = by_biome = costs(request(named.biomes, size, samples))
        print(f"\n{about}: seconds of a core for the first picture of a place, and for the next")
        for biome, seconds in by_biome.items():
            print(f"  {biome:<10} {seconds['first']:6.2f} {seconds['next']:6.2f}")
        print(f"  {'median':<10} {_median(by_biome, 'first'):6.2f} {_median(by_biome, 'next'):6.2f}")
    machine.save(Path(given.get("to", Path(__file__).parent / "results" / "render.json")), before, found)


if __name__ == "__main__":
    main(settings.given(__doc__))
