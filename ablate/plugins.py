"""Name = module: finds and loads networks, augmentations, metrics, arms, translators, spaces and data sets.

A part is a module in a package (`model=segnet` is `ablate/models/segnet.py`) or a Python file given by its path.
There is no registry: putting the file there is what makes the part known.
"""

from __future__ import annotations

import ast
import hashlib
import importlib
import importlib.util
import pkgutil
import sys
from pathlib import Path
from types import ModuleType

from ablate.code import parse
from ablate.errors import UsageError, suggest


def names(package: str) -> tuple[str, ...]:
    """Names of the public modules of a package, sorted."""
    path = importlib.import_module(package).__path__
    return tuple(sorted(module.name for module in pkgutil.iter_modules(path) if not module.name.startswith("_")))


def is_path(name: str) -> bool:
    """Whether a part was given as a Python file instead of a name."""
    return name.endswith(".py")


def load(package: str, name: str, key: str) -> ModuleType:
    """The module of a part.

    Args:
        package: where named parts live, e.g. `ablate.models`.
        name: a module's name there, or the path of a Python file.
        key: what the user typed before the `=`, for the error.

    Raises:
        UsageError: there is no such module or file.
    """
    require(package, name, key)
    return _load_file(Path(name)) if is_path(name) else importlib.import_module(f"{package}.{name}")


def content(name: str) -> str:
    """What identifies a part in a hash: its name, or the digest of the file's bytes where a path was given."""
    if not is_path(name):
        return name
    return f"{Path(name).stem}@{hashlib.sha256(Path(name).read_bytes()).hexdigest()[:12]}"


def reads(package: str, name: str) -> frozenset[str]:
    """The configuration fields that a network or augmentation reads: the keyword parameters of its `build`.

    Taken from the source, so that a plan is made without importing torch.
    """
    try:
        body = parse(source(package, name)).body
    except SyntaxError as error:
        raise UsageError(f"{name}, line {error.lineno}: {error.msg}") from error
    for node in body:
        if isinstance(node, ast.FunctionDef) and node.name == "build":
            return frozenset(argument.arg for argument in node.args.kwonlyargs)
    raise UsageError(f"{name}: defines no function build(*, ...)")


def source(package: str, name: str) -> Path:
    """The Python file of a part that is known to exist."""
    return Path(name) if is_path(name) else Path(importlib.import_module(package).__path__[0]) / f"{name}.py"


def require(package: str, name: str, key: str) -> None:
    """Raises a `UsageError` where a part does not exist, without importing it."""
    if is_path(name):
        if not Path(name).is_file():
            raise UsageError(f"{key}={name}: there is no such file")
    elif name not in names(package):
        raise UsageError(f"{key}={name}: unknown; {suggest(name, names(package))}, or the path of a .py file")


def _load_file(path: Path) -> ModuleType:
    # The digest in the module's name keeps two versions of one file apart within a process.
    name = f"_ablate_part_{path.stem}_{hashlib.sha256(path.read_bytes()).hexdigest()[:12]}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException as error:
        del sys.modules[name]
        if isinstance(error, SyntaxError):
            raise UsageError(f"{path}, line {error.lineno}: {error.msg}") from error
        raise
    return module
