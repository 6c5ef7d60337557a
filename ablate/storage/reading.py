"""What is at a place: fetching a file from whichever of several URLs has it whole, a folder's files, sizes."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ablate.storage import urls
from ablate.storage.digests import Check, md5_is
from ablate.storage.retrying import (
    INTERACTIVE,
    RefusedError,
    Response,
    RetryPolicy,
    TransientError,
    answered,
    kind_of,
    retry,
)
from ablate.storage.writing import Partial, Progress, claimed

if TYPE_CHECKING:
    import requests

    from ablate.storage.objects import Listed

_DEFAULT = RetryPolicy()


def fetch(
    mirrors: Sequence[str],
    to: Path,
    check: Check | None = None,
    *,
    progress: Progress = lambda grown: None,
    policy: RetryPolicy = _DEFAULT,
    http: requests.Session | None = None,
) -> str:
    """Copies a file from the first of several URLs that has it whole, and returns that URL.

    What an earlier attempt left is continued. A server that fails or stalls is asked again, then the next one is; a
    server that says that it has no such file is not asked twice. The file appears under its name when all of it is
    there, its size and the digests that the server sent with it agree, and `check` has not raised.

    Args:
        http: connections to use; may be shared between threads.

    Raises:
        FetchError: no mirror has it; `MissingError` where all say so, `UnreachableError` where that may change.
        OSError: it cannot be written; names the path.
    """
    assert mirrors
    errors: list[RefusedError | TransientError] = []
    with claimed(to, progress) as partial, contextlib.nullcontext(http) if http else connections() as session:
        if check is None and partial.validator is None:  # nothing would show that two parts do not belong together
            partial.restart(None)
        for url in mirrors:
            try:
                retry(functools.partial(_transfer, url, partial, check, policy, session), policy, lambda: partial.size)
            except (RefusedError, TransientError) as error:
                errors.append(error)
            else:
                partial.publish(to)
                return url
    reasons = (f"{urls.without_credentials(url)}: {error}" for url, error in zip(mirrors, errors, strict=True))
    raise kind_of(errors)(f"cannot fetch {'; '.join(reasons)}")


def connections(count: int = 1) -> requests.Session:
    """Web connections that so many threads may share; for `fetch`."""
    from ablate.storage import web  # slow to import, and most runs read local folders

    return web.session(count)


def listing(place: Path | str, policy: RetryPolicy = INTERACTIVE, below: bool = False) -> list[Listed]:
    """The files in a folder, local or of an object store; none where there is no such folder.

    Hidden ones, such as those that are being written, are left out.

    Args:
        below: also those in the folders within it.

    Raises:
        FetchError: the store refuses; `UnreachableError` where it does not answer.
    """
    from ablate.storage import objects  # slow to import, and most runs read local folders

    return answered("list", str(place), policy, lambda: objects.listing(str(place), policy, below))


def listed(url: str, policy: RetryPolicy = _DEFAULT) -> Listed | None:
    """What an object store has under a name; None where it has nothing.

    Raises:
        FetchError: the store refuses; `UnreachableError` where it does not answer.
    """
    from ablate.storage import objects

    return answered("look for", url, policy, lambda: objects.listed(url, policy))


def size(url: str, policy: RetryPolicy = INTERACTIVE) -> int | None:
    """Bytes of the file at a URL; None where the server does not tell, or does not answer."""
    try:
        if urls.is_http(url):
            from ablate.storage import web

            with web.session() as session:
                return web.size(url, policy, session)
        from ablate.storage import objects

        return objects.size(url, policy)
    except (RefusedError, TransientError):
        return None  # whoever fetches it will be told why


def _transfer(url: str, partial: Partial, check: Check | None, policy: RetryPolicy, session: requests.Session) -> None:
    """Completes the partial by one request, or raises; what it has of the file then may serve the next."""
    resumed = partial.size > 0
    try:
        with _request(url, partial, policy, session) as response:
            _receive(response, partial)
    except TransientError as error:
        if error.stale:
            partial.restart(None)
        raise
    try:
        if response.md5:
            md5_is(response.md5)(partial.path)
        if check:
            check(partial.path)
    except ValueError as error:
        partial.restart(None)
        if not resumed:
            raise RefusedError(str(error)) from None
        _transfer(url, partial, check, policy, session)  # the two parts may be of different files


def _receive(response: Response, partial: Partial) -> None:
    if response.offset and response.validator and partial.validator and partial.validator != response.validator:
        raise TransientError("now has another file", stale=True)
    if response.offset != partial.size or not partial.size:
        partial.restart(response.validator)
    for data in response.body:
        partial.append(data)
    if response.size is not None and partial.size != response.size:
        stale = partial.size > response.size
        raise TransientError(f"sent {partial.size:,} of {response.size:,} bytes", stale=stale)


def _request(
    url: str, partial: Partial, policy: RetryPolicy, session: requests.Session
) -> contextlib.AbstractContextManager[Response]:
    if urls.is_http(url):
        from ablate.storage import web

        return web.opened(url, partial.size, partial.validator, policy, session)
    from ablate.storage import objects

    return contextlib.nullcontext(objects.opened(url, partial.size, partial.validator, policy))
