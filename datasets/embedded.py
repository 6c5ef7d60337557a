"""What `data=` names: an embedded data set, built once into the node's cache, or a folder or URL of shards.

An embedded data set is a package in `datasets/` that defines `config(to: Path) -> PrepareConfig`; its raw files lie
beside its `__init__.py`, or in the folder `RAW` where it defines one. One that makes raw files first takes the
parameter `report`, for lines about that, and defines `follows_from() -> dict[str, str]`: what those files follow from.
"""

from __future__ import annotations

import ast
import hashlib
import importlib
import inspect
import secrets
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import datasets
from ablate.data import root as data_roots
from ablate.data.manifest import MANIFEST, SCHEMA_VERSION
from ablate.data.root import Data
from ablate.errors import UsageError, suggest
from ablate.plugins import syntax_tree
from ablate.storage import cache_folder, local, sha256, urls
from datasets.build import code_digest
from datasets.options import PrepareConfig

_DIGITS = 16


def root(data: str, report: Callable[[str], None] = print) -> Path:
    """The folder of all shards that `data` names: built first of an embedded set, copied first from a URL.

    Raises:
        UsageError: there is neither such a data set nor such a data root, or it does not answer.
    """
    return find(data, report).folder(report)


def find(data: str, report: Callable[[str], None] = print) -> Data:
    """The data root that `data` names; an embedded set is built first where it is not, a URL's shards are left there.

    Raises:
        UsageError: there is neither such a data set nor such a data root, or it does not answer.
    """
    known = names()
    if data in known:
        return replace(data_roots.at(str(_built(data, report))), embedded=data)
    if not urls.is_url(data) and not local(data, "data").is_dir():
        raise UsageError(f"data={data}: no such folder, and no such data set; {suggest(data, known)}")
    return data_roots.at(data)


def names() -> tuple[str, ...]:
    """The embedded data sets, sorted."""
    found = (path for folder in datasets.__path__ for path in Path(folder).glob("*/__init__.py"))
    return tuple(sorted(path.parent.name for path in found if _defines_config(path)))


def described() -> str:
    """What `data=` of a command may name, for its help."""
    return f"data: {', '.join(names())}, or the folder or URL that datasets.prepare wrote"


def _defines_config(path: Path) -> bool:
    # Read, not imported: a package of another purpose may be slow to import, or need what is not installed.
    body = syntax_tree(path).body
    return any(isinstance(node, ast.FunctionDef) and node.name == "config" for node in body)


def _built(name: str, report: Callable[[str], None]) -> Path:
    module = importlib.import_module(f"datasets.{name}")
    assert module.__file__ is not None
    folder = cache_folder() / "data" / f"{name}-{_digest(module, Path(module.__file__).parent)}"
    if (folder / MANIFEST).is_file():
        return folder
    from datasets.prepare import prepare  # image libraries are slow to import, and mostly the shards are there

    report(f"data={name}: writing its shards into {folder}, once")
    # Under a name of its own, so that of two processes at once neither replaces what the other already reads.
    building = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}")
    pictures, shown = (place.with_name(f"{place.name}.translation") for place in (building, folder))
    try:
        # What it left out is no news of the user's data; how far a long training is, is.
        prepare(_config(module, building, report), lambda line: None, training=report)
        _move(building, folder)
        if pictures.is_dir() and not shown.exists():
            pictures.rename(shown)
            report(f"data={name}: sample sheets of its translators' trainings are in {shown}")
    finally:
        for left in (building, pictures):
            shutil.rmtree(left, ignore_errors=True)
    return folder


def _config(module: ModuleType, to: Path, report: Callable[[str], None]) -> PrepareConfig:
    told = {"report": report} if "report" in inspect.signature(module.config).parameters else {}
    config: PrepareConfig = module.config(to, **told)
    return config


def _move(building: Path, folder: Path) -> None:
    try:
        building.rename(folder)
    except OSError:
        if not (folder / MANIFEST).is_file():
            raise
        # Another process was first; what it made is the same.


def _digest(module: ModuleType, package: Path) -> str:
    """A hash of everything that the shards follow from: the raw files, and the code that reads and writes them."""
    raw: Path | None = getattr(module, "RAW", None)
    made: dict[str, str] = module.follows_from() if hasattr(module, "follows_from") else {}
    digests = {f"code/{name}": digest for name, digest in code_digest.digests().items()}
    digests |= {f"made/{name}": content for name, content in made.items()}
    for kind, folder in {"raw": package, **({"elsewhere": raw} if raw else {})}.items():
        files = [path for path in folder.rglob("*") if path.is_file()]
        raw_files = (path for path in files if "__pycache__" not in path.parts)
        digests |= {f"{kind}/{path.relative_to(folder).as_posix()}": sha256(path) for path in raw_files}
    hashed = hashlib.sha256(f"schema {SCHEMA_VERSION}\n".encode())
    for name, digest in sorted(digests.items()):
        hashed.update(f"{name} {digest}\n".encode())
    return hashed.hexdigest()[:_DIGITS]
