"""Whether `out`, on a node, is the folder that the driver writes to: it shows a file that only there can be.

<out>/.seen-TOKEN         the driver's, for as long as its run lasts
<out>/.seen-TOKEN-NODE    what a node that was asked has written
"""

from __future__ import annotations

import contextlib
import platform
import secrets
from collections.abc import Iterable, Iterator
from pathlib import Path

from ablate import storage
from ablate.errors import UsageError
from ablate.storage import working_copy

NOT_SHARED = "is not the folder that the driver writes to; give one that all nodes share, or s3:// or gs://"


class UnfitNodeError(UsageError):
    """This node lacks what a trial needs: it would fail here, and may succeed on another one."""


def publish(out: Path) -> str:
    """Makes the driver's file, and gives its name, which is its content too."""
    token = f".seen-{secrets.token_hex(8)}"
    storage.publish(out / token, token.encode())
    return token


def answer(out: Path, token: str, node: str) -> None:
    """Lets the driver see that what this node writes comes to it."""
    storage.publish(out / f"{token}-{node}", token.encode())


def answered(out: Path, token: str, node: str) -> bool:
    """Whether a node's file has come."""
    working_copy.pull(out / f"{token}-{node}")
    return (out / f"{token}-{node}").is_file()


def remove(out: Path, *names: str) -> None:
    """Removes such files; nothing depends on it."""
    for name in names:
        with contextlib.suppress(OSError, UsageError):
            working_copy.remove(out / name)


def remove_answers(out: Path, token: str, nodes: Iterable[str]) -> None:
    """Removes what nodes have written."""
    remove(out, *(f"{token}-{node}" for node in nodes))


@contextlib.contextmanager
def folder(results: str, token: str | None) -> Iterator[Path]:
    """Gives the folder for a place of results, held until the block ends.

    Args:
        token: None where there is no other node than the driver's.

    Raises:
        UnfitNodeError: it is not the folder that the driver writes to.
    """
    with working_copy.hold(results) as out:
        if token is not None:
            working_copy.pull(out / token)
            if not (out / token).is_file():
                raise UnfitNodeError(f"out={results} on {platform.node()} {NOT_SHARED}")
        yield out
