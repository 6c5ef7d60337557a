"""What a run sends to the nodes of a cluster: our three packages, and the files that trials are given by their paths.

Nothing else of the working folder: no results, no data, no environment. Ray names the package by its content, and each
node unpacks it once.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ablate import plugins
from ablate.config import TrialConfig
from ablate.errors import UsageError
from ablate.identity import is_file

_PACKAGES = ("ablate", "datasets", "search_spaces")
_MOST = 500 * 2**20  # bytes; Ray takes a little more
# In a job Ray would refuse a second package beside the job's own.
_OVERRIDE = "RAY_OVERRIDE_JOB_RUNTIME_ENV"


def files_of(configs: Iterable[TrialConfig]) -> list[Path]:
    """The parts and the weights that trials are given by their paths."""
    named = {name for config in configs for name in (config.model, config.augment) if plugins.is_path(name)}
    named |= {config.encoder_weights for config in configs if is_file(config.encoder_weights)}
    return sorted(Path(name) for name in named)


@contextlib.contextmanager
def package(files: Iterable[Path]) -> Iterator[dict[str, Any]]:
    """Gives the runtime environment, for `ray.init`, whose processes import what this one does.

    Raises:
        UsageError: the files are too large to be sent.
    """
    files = list(files)
    size = sum(path.stat().st_size for path in files)
    if size > _MOST:
        largest = max(files, key=lambda path: path.stat().st_size)
        raise UsageError(
            f"{largest}: the files of the trials have {size / 1e6:.0f} MB, and {_MOST / 1e6:.0f} MB at most are sent "
            "to other nodes; name weights of a hub instead: trial.encoder_weights=hub:ID"
        )
    os.environ[_OVERRIDE] = "1"
    with tempfile.TemporaryDirectory(prefix="ablate-code-") as folder:
        for name in _PACKAGES:
            _copy_package(name, Path(folder))
        for path in files:
            to = plugins.shipped(path, Path(folder))
            to.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, to)
        yield {"working_dir": folder}


def _copy_package(name: str, folder: Path) -> None:
    spec = importlib.util.find_spec(name)
    assert spec is not None
    for place in spec.submodule_search_locations or ():
        ignored = shutil.ignore_patterns("__pycache__", "*.pyc", ".*")
        shutil.copytree(place, folder / name, ignore=ignored, dirs_exist_ok=True)
