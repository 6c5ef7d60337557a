"""The code that shards follow from."""

from __future__ import annotations

from pathlib import Path

import datasets
from ablate import code
from ablate.data import shards
from ablate.metrics.geometry import boxes

_EMBEDDED = {"demo", "demo_looks"}
_LOOKING = {"checks", "compare.py", "download", "inspect.py", "inspection", "likeness", "render"}


def digests() -> dict[str, str]:
    """What the source files do that decide a shard's bytes, by name; those of commands that only look have no part."""
    here = Path(str(datasets.__file__)).parent
    found = [path for path in here.rglob("*.py") if path.relative_to(here).parts[0] not in _EMBEDDED | _LOOKING]
    digests = {f"datasets/{path.relative_to(here).as_posix()}": code.digest(path) for path in found}
    return digests | {module.__name__: code.digest(Path(str(module.__file__))) for module in (shards, boxes)}
