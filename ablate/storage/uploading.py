"""Writing to object stores, and removing from them."""

from __future__ import annotations

import io
import os
from pathlib import Path

from ablate.storage import origins
from ablate.storage.retrying import PATIENT, RetryPolicy, answered


def upload(url: str, source: Path | bytes, policy: RetryPolicy = PATIENT) -> None:
    """Gives an object the content of a file, or these bytes; nobody ever sees it half.

    Raises:
        FetchError: the store refuses; `UnreachableError` where it does not answer.
    """
    from ablate.storage import objects  # slow to import, and most runs write local folders

    with source.open("rb") if isinstance(source, Path) else io.BytesIO(source) as file:
        answered("write", url, policy, lambda: objects.upload(url, file, policy))


def delete(url: str, policy: RetryPolicy = PATIENT) -> None:
    """Removes an object; one that is not there is passed over.

    Raises:
        FetchError: the store refuses; `UnreachableError` where it does not answer.
    """
    from ablate.storage import objects

    answered("remove", url, policy, lambda: objects.delete(url, policy))


def upload_copy(path: Path, written: Path) -> None:
    """Lets the store have what is about to appear as `path`, where that is of a working copy.

    Raises:
        FetchError: the store refuses; `UnreachableError` where it does not answer.
    """
    if (url := origins.of(path)) is None:
        return
    from ablate.storage import objects

    upload(url, written)
    there = answered("look for", url, PATIENT, lambda: objects.listed(url, PATIENT))
    if there is not None:
        os.utime(written, ns=(there.modified, there.modified))  # so that it is not fetched again, see `working_copy`
