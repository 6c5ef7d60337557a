"""What pictures follow from: the request, the renderer's code, and the versions that it runs with."""

from __future__ import annotations

import ast
import contextlib
import hashlib
import importlib
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from ablate.errors import UsageError
from ablate.plugins import source_digest, syntax_tree
from datasets.render.request_options import BIOMES, RenderConfig

_PACKAGE = "datasets.render"
_ENTRIES = (f"{_PACKAGE}.pictures", f"{_PACKAGE}.scene_rows")  # what draws a picture, what is told of it
_NEEDED = ("mitsuba", "skimage")
_LIBRARIES = ("mitsuba", "drjit", "numpy", "scikit-image", "scipy", "pillow")
_DIGITS = 16

Provenance = Mapping[str, Mapping[str, Any]]  # `request` and `versions`


def require_extra() -> None:
    """Raises a `UsageError` unless the renderer's libraries can be imported."""
    for name in _NEEDED:
        try:
            importlib.import_module(name)
        except ImportError as error:
            raise UsageError(
                f"rendering needs {name}, which cannot be imported ({error}); "
                "type uv run --extra render python -m ..., or first pip install -e '.[render]'"
            ) from error


def of(config: RenderConfig) -> dict[str, dict[str, Any]]:
    """The request as it was typed, and what it is carried out by; `require_extra` first.

    Raises:
        UsageError: this machine, if it is the one that renders, has not the device that was asked for.
    """
    from datasets.render import scene

    if config.ray.address is None:
        scene.start(config.device)
    return {
        "request": said(config),
        "versions": versions() | {"variant": scene.VARIANTS[config.device], "code": code(config.biomes)},
    }


def versions() -> dict[str, str]:
    """Of the libraries by which pictures differ; without the extra, those that there are."""
    found = {}
    for name in _LIBRARIES:
        with contextlib.suppress(PackageNotFoundError):
            found[name] = version(name)
    return found


def said(config: RenderConfig) -> dict[str, Any]:
    """The fields of a request that its pictures follow from."""
    return config.model_dump(mode="json", exclude={"to", "n", "workers", "ray"})


def code(biomes: Iterable[str], package: Path = Path(__file__).parent) -> str:
    """A digest of what the code does that draws pictures of some biomes; nothing is imported for it.

    Args:
        package: the folder of `datasets.render`.
    """
    found: dict[str, Path] = {}
    todo = [*_ENTRIES, *(f"{BIOMES}.{name}" for name in biomes)]
    while todo:
        module = todo.pop()
        path = _file(module, package)
        if module not in found and path is not None:
            found[module] = path
            todo += _imported(path)
    lines = (f"{module} {source_digest(path)}\n" for module, path in sorted(found.items()))
    return hashlib.sha256("".join(lines).encode()).hexdigest()[:_DIGITS]


def difference(there: Provenance, given: Provenance) -> str | None:
    """What a folder's pictures follow from that is not so now, and how to continue; None where all is the same."""
    request = [
        (key, _typed(there["request"].get(key)), _typed(value))
        for key, value in given["request"].items()
        if there["request"].get(key) != value
    ]
    if request:
        differ = ", ".join(f"{key}={old} (here: {new or 'empty'})" for key, old, new in request)
        words = " ".join(f"{key}={old}" for key, old, _ in request)
        return f"its pictures were rendered with {differ}; type {words} to continue it, or give another to="
    differing = [
        f"{key} {there['versions'].get(key)} (here: {value})"
        for key, value in given["versions"].items()
        if there["versions"].get(key) != value
    ]
    if differing:
        return f"its pictures were rendered by {', '.join(differing)}; continue it with those, or give another to="
    return None


def _typed(value: object) -> str:
    """A field's value as a user types it."""
    if isinstance(value, list):
        return ",".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def _imported(path: Path) -> Iterator[str]:
    """The renderer's modules that a file may import, and other names in them."""
    for node in ast.walk(syntax_tree(path)):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith(_PACKAGE):
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _file(module: str, package: Path) -> Path | None:
    inside = package.joinpath(*module.removeprefix(_PACKAGE).strip(".").split("."))
    return next((path for path in (inside.with_suffix(".py"), inside / "__init__.py") if path.is_file()), None)
