"""The code that shards follow from."""

from __future__ import annotations

from pathlib import Path

import ablate
import datasets
from ablate.plugins import source_digest

_FOLDERS = ("raw", "translate", "arms", "build")
_MODULES = ("options.py", "prepare.py")
_OF_ABLATE = ("data/shards.py", "metrics/geometry/boxes.py")


def digests() -> dict[str, str]:
    """What the source files do that decide a shard's bytes, by their path below this package, or `ablate`'s."""
    here = Path(datasets.__path__[0])
    found = {f"ablate/{name}": Path(ablate.__path__[0]) / name for name in _OF_ABLATE}
    paths = [here / name for name in _MODULES] + [path for folder in _FOLDERS for path in (here / folder).rglob("*.py")]
    found |= {f"datasets/{path.relative_to(here).as_posix()}": path for path in paths}
    return {name: source_digest(path) for name, path in found.items()}
