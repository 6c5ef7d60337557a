"""What a request to a server gives, a response or an error, and when to ask again."""

from __future__ import annotations

import base64
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from ablate.errors import UsageError
from ablate.storage import urls

Result = TypeVar("Result")


class RefusedError(Exception):
    """The server's answer is final: asking again would give the same."""


class AbsentError(RefusedError):
    """The server has nothing under that name."""


class TransientError(Exception):
    """No answer, or not all of it; asking again may help.

    Attributes:
        retry_after: seconds that the server wants to be left alone.
        stale: the bytes that were received before cannot be a part of the file.
    """

    def __init__(self, reason: str, retry_after: float = 0.0, stale: bool = False) -> None:
        super().__init__(reason)
        self.retry_after, self.stale = retry_after, stale


class FetchError(UsageError):
    """What was wanted of a server could not be had; the message says what it answered."""


class MissingError(FetchError):
    """The same, as there is no such file: it was never there, or was removed since it was listed."""


class UnreachableError(FetchError):
    """The same, but a server did not answer, or not to the end: another time it may."""


@dataclass(frozen=True)
class RetryPolicy:
    """How long to wait for a server, and how often to ask it again.

    Attributes:
        connect, read: seconds without a connection, and without a byte.
        attempts: how often to ask in a row without receiving more.
        backoff: seconds before the second attempt; doubled for each further one, less a random part of up to a half.
        longest: seconds between two attempts at most.
    """

    connect: float = 10.0
    read: float = 30.0
    attempts: int = 5
    backoff: float = 1.0
    longest: float = 60.0


INTERACTIVE = RetryPolicy(attempts=3)  # while a user waits for the answer
PATIENT = RetryPolicy(attempts=10)  # four to five minutes: what was computed is not thrown away for a store's pause


def retry(attempt: Callable[[], Result], policy: RetryPolicy, progress: Callable[[], int] = lambda: 0) -> Result:
    """Repeats what may fail with a `TransientError`, and returns its result.

    Args:
        progress: how far it has come; attempts count from the last one that came further.

    Raises:
        TransientError: the last one, with the number of attempts.
    """
    failures, farthest = 0, progress()
    while True:
        try:
            return attempt()
        except TransientError as error:
            failures = 1 if progress() > farthest else failures + 1
            farthest = max(farthest, progress())
            if failures >= policy.attempts:
                raise TransientError(f"{error} ({failures} attempts)") from None
            # Clients of one overloaded server must not all return at the same moment.
            pause = policy.backoff * 2.0 ** (failures - 1) * random.uniform(0.5, 1)
            time.sleep(min(max(pause, error.retry_after), policy.longest))


def answered(verb: str, place: str, policy: RetryPolicy, question: Callable[[], Result]) -> Result:
    """Repeats a question as `retry` does, and gives its errors as a user reads them: `verb` says what was wanted.

    Raises:
        FetchError: the server refuses; `MissingError` where there is no such file, `UnreachableError` where it does
            not answer.
    """
    try:
        return retry(question, policy)
    except (RefusedError, TransientError) as error:
        raise kind_of([error])(f"cannot {verb} {urls.without_credentials(place)}: {error}") from None


def kind_of(errors: Sequence[RefusedError | TransientError]) -> type[FetchError]:
    """What a user is told by, when every server that was asked has failed: one error of each."""
    if all(isinstance(error, AbsentError) for error in errors):
        return MissingError
    return FetchError if all(isinstance(error, RefusedError) for error in errors) else UnreachableError


@dataclass(frozen=True)
class Response:
    """A file on its way.

    Attributes:
        offset: where in the file the body begins; 0 where the server would not resume.
        size: of the whole file in bytes, where the server says so.
        validator: what a resumed request must agree with: a strong ETag, else a date.
        md5: hexadecimal, of the whole file, where the server says so.
        body: raises `TransientError` where it ends early.
    """

    offset: int
    size: int | None
    validator: str | None
    md5: str | None
    body: Iterator[bytes]


def as_md5(header: str | None) -> str | None:
    """An MD5 as object stores send it, in base64; None where it is not one."""
    try:
        digest = base64.b64decode(header or "", validate=True)
    except ValueError:
        return None
    return digest.hex() if len(digest) == 16 else None
