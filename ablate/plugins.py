"""Name = module: finds and loads networks, augmentations, metrics, arms, translators, spaces and data sets.

A part is a module in a package (`model=segnet` is `ablate/models/segnet.py`) or a Python file given by its path.
There is no registry: putting the file there is what makes the part known. Folders within such a package hold what its
parts share.

Source files are also compared here: a digest tells what they do, whatever their comments, docstrings and layout.
"""

from __future__ import annotations

import ast
import hashlib
import importlib
import importlib.util
import json
import pkgutil
import sys
import threading
from pathlib import Path
from types import ModuleType

from ablate.errors import UsageError, suggest

# Python 3.11 counts for the whole process how deep in a tree it is: of two threads that parse at once one can fail with
# a SystemError.
_PARSING = threading.Lock()

_ROOT = Path(__file__).parents[1]
_SHIPPED = "shipped-files"  # beside our packages, on a node of a cluster

# Where files of parts that were written before modules had rooms import from, and where that is now.
_MOVED = {
    "ablate.boxes": "ablate.metrics.geometry.boxes",
    "ablate.shards": "ablate.data.shards",
    "datasets.config": "datasets.options",
    "datasets.keys": "datasets.raw.keys",
    "datasets.pictures": "datasets.raw.images",
    "datasets.synthetic": "datasets.raw.synthetic_images",
}


def names(package: str) -> tuple[str, ...]:
    """Names of the public modules of a package, sorted."""
    path = importlib.import_module(package).__path__
    return tuple(
        sorted(
            module.name for module in pkgutil.iter_modules(path) if not (module.ispkg or module.name.startswith("_"))
        )
    )


def shipped(path: Path, folder: Path = _ROOT) -> Path:
    """Where a file that a user named lies in what was sent to a node of a cluster; `folder` holds our packages."""
    return folder / _SHIPPED / path.absolute().relative_to("/")


def located(name: str) -> Path:
    """The file that a path means: what was sent with the code that runs here, or the path itself."""
    sent = shipped(Path(name))
    return sent if sent.is_file() else Path(name)


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
    return _load_file(located(name)) if is_path(name) else importlib.import_module(f"{package}.{name}")


def content(name: str) -> str:
    """What identifies a part in a hash: its name, or the digest of the file's bytes where a path was given."""
    if not is_path(name):
        return name
    return f"{Path(name).stem}@{hashlib.sha256(located(name).read_bytes()).hexdigest()[:12]}"


def reads(package: str, name: str) -> frozenset[str]:
    """The configuration fields that a network or augmentation reads: the keyword parameters of its `build`.

    Taken from the source, so that a plan is made without importing torch.
    """
    try:
        body = syntax_tree(source(package, name)).body
    except SyntaxError as error:
        raise UsageError(f"{name}, line {error.lineno}: {error.msg}") from error
    for node in body:
        if isinstance(node, ast.FunctionDef) and node.name == "build":
            return frozenset(argument.arg for argument in node.args.kwonlyargs)
    raise UsageError(f"{name}: defines no function build(*, ...)")


def source(package: str, name: str) -> Path:
    """The Python file of a part that is known to exist."""
    return located(name) if is_path(name) else Path(importlib.import_module(package).__path__[0]) / f"{name}.py"


def sources(package: str, name: str) -> set[Path]:
    """The Python file of a part, and those of its package's shared modules (`_name`) that it imports."""
    found: set[Path] = set()
    left = {source(package, name)}
    while left:
        file = left.pop()
        found.add(file)
        left |= _shared(package, file) - found
    return found


def _shared(package: str, file: Path) -> set[Path]:
    inner = []
    for node in ast.walk(syntax_tree(file)):
        if isinstance(node, ast.ImportFrom) and node.module:
            inner += [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            inner += [alias.name for alias in node.names]
    own = {name.removeprefix(f"{package}.").split(".")[0] for name in inner if name.startswith(f"{package}._")}
    return {source(package, name) for name in own}


def require(package: str, name: str, key: str) -> None:
    """Raises a `UsageError` where a part does not exist, without importing it."""
    if is_path(name):
        if not located(name).is_file():
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
        if isinstance(error, ModuleNotFoundError) and error.name in _MOVED:
            raise UsageError(f"{path}: imports {error.name}, which is {_MOVED[error.name]} now") from error
        if isinstance(error, SyntaxError):
            raise UsageError(f"{path}, line {error.lineno}: {error.msg}") from error
        raise
    return module


def syntax_tree(path: Path) -> ast.Module:
    """A file's syntax tree, in one thread at a time.

    Raises:
        SyntaxError: it is no Python.
    """
    with _PARSING:
        return ast.parse(path.read_bytes())


def source_digest(path: Path) -> str:
    """SHA-256 of a file's syntax tree without docstrings, in a form that is the same under every Python version.

    Raises:
        SyntaxError: it is no Python.
    """
    return hashlib.sha256(json.dumps(_plain(syntax_tree(path))).encode()).hexdigest()


def _plain(node: object) -> object:
    """A syntax tree as lists and texts. What is absent or empty is left out: newer Pythons have more such fields."""
    if isinstance(node, ast.JoinedStr):
        return ["JoinedStr", [_plain(one) for one in node.values if not _is_empty(one)]]  # Python 3.12 has more of them
    if isinstance(node, ast.AST):
        fields = {name: _plain(value) for name, value in ast.iter_fields(node)}
        return [type(node).__name__, {name: value for name, value in fields.items() if value not in (None, [])}]
    if isinstance(node, list):
        return [_plain(one) for one in node if not _says_nothing(one)]
    return None if node is None else f"{type(node).__name__} {node!r}"


def _says_nothing(node: object) -> bool:
    """A text that stands alone, as docstrings do."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _is_empty(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value == ""
