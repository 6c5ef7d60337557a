"""The code that shards follow from."""

from __future__ import annotations

from pathlib import Path

from ablate import code
from ablate.data import shards

_OTHER_COMMANDS = frozenset({"compare.py", "inspect.py"})


def digests() -> dict[str, str]:
    """What the source files do that decide a shard's bytes, by name."""
    here, ablate = Path(__file__).parent, Path(shards.__file__).parent
    found = [path for path in here.glob("*.py") if path.name not in _OTHER_COMMANDS]
    found += [path for folder in ("arms", "cct", "translate") for path in here.glob(f"{folder}/*.py")]
    found += [ablate / "shards.py", ablate / "boxes.py"]
    return {f"{path.parent.name}/{path.name}": code.digest(path) for path in found}
