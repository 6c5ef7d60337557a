"""`python -m datasets.render`: pictures of animals with their masks, in any number; see `RenderConfig`.

Picture k of a request is the same bytes, whatever n and the number of workers. A command that was interrupted goes on
where it was when it is repeated; with a larger n it adds pictures to those that are there.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.console import Console

from ablate.cli import run_command
from datasets.render import provenance, request_options
from datasets.render.request_options import PLACE, RenderConfig

if TYPE_CHECKING:
    from datasets.render.production import Written


def main(config: RenderConfig) -> int:
    """Renders and tells what was written; 0.

    Raises:
        UsageError: the renderer is not installed, or the folder cannot be used.
    """
    provenance.require_extra()
    from datasets.render.production import produce  # it needs the extra

    console = Console()
    written = produce(config, lambda line: console.out(line, highlight=False), console)
    for line in _summary(written, config):
        print(line)
    return 0


def _summary(written: Written, config: RenderConfig) -> Iterator[str]:
    """What was written, what it took, and what to type next."""
    n, inhabited = len(written.rows), sum(row["animals"] > 0 for row in written.rows)
    noun = "picture" if n == 1 else "pictures"
    yield f"wrote {n:,} {noun} to {written.folder}: {inhabited:,} with an animal, {n - inhabited:,} without"
    if written.rendered:
        yield f"{written.seconds / written.rendered:.1f} seconds of a core per picture, of {written.rendered:,}"
    if unseen := sorted({*config.biomes} - {row["biome"] for row in written.rows}):
        from datasets.render.pictures import PER_PLACE  # it needs the extra

        every = PER_PLACE * len(config.biomes)
        yield f"none of {', '.join(unseen)}: {PER_PLACE} pictures share a place; n={every} shows all biomes"
    said = {"synthetic": str(written.folder), "place": PLACE}
    categories = sorted({request_options.category(name) for name in config.species})
    if categories != ["deer"]:
        said["category"] = ",".join(categories)
    words = [shlex.quote(f"{key}={value}") for key, value in said.items()]
    yield f"next: python -m datasets.prepare {' '.join(words)} photos=DIR annotations=FILE.json to=DATA"


def _epilogue() -> str:
    return f"biomes: {', '.join(request_options.biomes())}\nspecies: {', '.join(request_options.species())}"


if __name__ == "__main__":
    run_command(RenderConfig, main, _epilogue)
