"""The data root of a run on the node where a trial is: found, built anew, or refused."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

from ablate.data import root
from ablate.data.manifest import MANIFEST
from ablate.data.root import Data
from ablate.errors import UsageError
from ablate.storage import urls


def data_sets() -> ModuleType:
    """The module that knows the embedded data sets."""
    # By name, and only here: the rest of the runner knows shards, no raw images.
    return importlib.import_module("datasets.embedded")


def planned(place: str, digest: str, embedded: str | None, report: Callable[[str], None]) -> Data:
    """The data root that a run was planned with, as another process, or another node, finds it.

    Args:
        place: where the driver has it.
        digest: of its manifest.
        embedded: the name of the data set that it is made of, where it is an embedded one: each node builds its own.

    Raises:
        UsageError: it is not there, or is another one.
    """
    if urls.is_url(place) or (Path(place) / MANIFEST).is_file():
        return root.planned(place, digest)
    if embedded is None:
        raise UsageError(f"data={place}: it is not there; give a folder that all nodes see, or a URL that all can read")
    found: Data = data_sets().find(embedded, report)
    if found.digest != digest:
        raise UsageError(
            f"data={embedded}: built here it is not what the driver has, so that libraries differ between the nodes; "
            "give all nodes the same environment, or data= as a URL that all can read"
        )
    return found
