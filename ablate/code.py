"""What Python files do, as a digest: comments, docstrings and layout have no part in it."""

from __future__ import annotations

import ast
import hashlib
import json
import threading
from pathlib import Path

# Python 3.11 counts for the whole process how deep in a tree it is: of two threads that parse at once one can fail with
# a SystemError.
_PARSING = threading.Lock()


def parse(path: Path) -> ast.Module:
    """A file's syntax tree, in one thread at a time.

    Raises:
        SyntaxError: it is no Python.
    """
    with _PARSING:
        return ast.parse(path.read_bytes())


def digest(path: Path) -> str:
    """SHA-256 of a file's syntax tree without docstrings, in a form that is the same under every Python version.

    Raises:
        SyntaxError: it is no Python.
    """
    return hashlib.sha256(json.dumps(_plain(parse(path))).encode()).hexdigest()


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
