"""The code that shards follow from."""

from __future__ import annotations

from pathlib import Path

import datasets
from ablate.data import shards
from ablate.metrics.geometry import boxes, components
from ablate.plugins import source_digest

_FOLDERS = ("arms", "build", "raw", "translate")
_LOOKING = {"compare.py", "inspect.py"}


def digests() -> dict[str, str]:
    """What the source files do that decide a shard's bytes, by name; those of commands that only look have no part."""
    here = Path(str(datasets.__file__)).parent
    found = [path for path in here.glob("*.py") if path.name not in _LOOKING]
    found += [path for folder in _FOLDERS for path in (here / folder).rglob("*.py")]
    digests = {f"datasets/{path.relative_to(here).as_posix()}": source_digest(path) for path in found}
    of_ablate = (shards, boxes, components)
    return digests | {module.__name__: source_digest(Path(str(module.__file__))) for module in of_ablate}
