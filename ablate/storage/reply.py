"""What storage, http(s) and object stores agree on: an answer, two ways to fail, and how long to wait."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass


class RefusedError(Exception):
    """The server's answer is final: asking again would give the same."""


class BrokenOffError(Exception):
    """No answer, or not all of it; asking again may help.

    Attributes:
        wait: seconds after which the server wants to be asked again, where it says so.
        stale: what is here already cannot be a part of the file.
    """

    def __init__(self, reason: str, wait: float | None = None, stale: bool = False) -> None:
        super().__init__(reason)
        self.wait, self.stale = wait, stale


@dataclass(frozen=True)
class Patience:
    """How long to wait for a server, and how often to ask it again.

    Attributes:
        connect, read: seconds without a connection, and without a byte.
        attempts: how often to ask one server in a row without getting further.
        backoff: seconds before the second attempt; doubled for each further one, less a random part of up to a half.
        longest: seconds between two attempts at most.
    """

    connect: float = 10.0
    read: float = 30.0
    attempts: int = 5
    backoff: float = 1.0
    longest: float = 60.0


@dataclass(frozen=True)
class Reply:
    """A file on its way.

    Attributes:
        offset: where in the file the body begins; 0 where the server would not resume.
        size: of the whole file in bytes, where the server says so.
        validator: what a resumed request must agree with: a strong ETag, else a date.
        md5: of the whole file, where the server says so.
        body: raises `BrokenOffError` where it ends early.
    """

    offset: int
    size: int | None
    validator: str | None
    md5: bytes | None
    body: Iterator[bytes]


def as_md5(told: str | None) -> bytes | None:
    """An MD5 in base64, as object stores tell it; None where it is not one."""
    try:
        digest = base64.b64decode(told or "", validate=True)
    except ValueError:
        return None
    return digest if len(digest) == 16 else None
