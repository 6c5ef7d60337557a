"""The command that started this process: how to repeat it, and how to hide the passwords in it."""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from ablate.storage import urls

_ARGUMENTS = "ABLATE_ARGUMENTS"  # JSON: each argument with a password, by the same argument without it


def command() -> str:
    """The command to repeat, as it was typed (with `uv run` where it was), without passwords."""
    return shlex.join(public(_launcher() or [*_interpreter(), *sys.argv[1:]]))


def public(arguments: Iterable[str]) -> list[str]:
    """Arguments without passwords."""
    return [_public(argument) for argument in arguments]


def hide_credentials() -> None:
    """Restarts this process without the passwords in its arguments, which `ps` and Ray's dashboard show."""
    secret = {_public(argument): argument for argument in sys.argv[1:] if _public(argument) != argument}
    if secret:
        os.environ[_ARGUMENTS] = json.dumps(secret)
        os.execv(sys.executable, [sys.executable, *public(sys.orig_argv[1:])])


def arguments() -> list[str]:
    """The arguments as they were typed, with the passwords that `hide_credentials` has hidden."""
    known: dict[str, str] = json.loads(os.environ.get(_ARGUMENTS, "{}"))
    return [known.get(argument, argument) for argument in sys.argv[1:]]


def _public(argument: str) -> str:
    key, equals, value = argument.partition("=")
    parts = value.split(",")
    if not any(map(urls.has_credentials, parts)):
        return argument
    return f"{key}{equals}{','.join(map(urls.without_credentials, parts))}"


def _interpreter() -> list[str]:
    """The interpreter and the module, as typed."""
    spec = getattr(sys.modules["__main__"], "__spec__", None)
    if spec is None:
        return [sys.argv[0]]
    # After `hide_credentials` it is an absolute path, whatever was typed.
    typed = sys.orig_argv[0]
    return [Path(typed).name if os.path.isabs(typed) else typed, "-m", spec.name.removesuffix(".__main__")]


def _launcher() -> Sequence[str]:
    """The words of the `uv run` command that started this process, and waits for it; else nothing."""
    if "UV" not in os.environ and "UV_RUN_RECURSION_DEPTH" not in os.environ:
        return ()
    try:
        words = Path(f"/proc/{os.getppid()}/cmdline").read_bytes().decode(errors="replace").split("\0")[:-1]
    except OSError:
        return ()
    tail = sys.argv[1:]
    ours = words[:1] and Path(words[0]).name in {"uv", "uvx"} and public(words[len(words) - len(tail) :]) == tail
    return [Path(words[0]).name, *words[1:]] if ours else ()
