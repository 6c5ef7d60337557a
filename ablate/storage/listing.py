"""What lies in a folder of an object store."""

from __future__ import annotations

import random
import time

from ablate.storage import FetchError, UnreachableError, objects, urls
from ablate.storage.objects import Listed
from ablate.storage.reply import BrokenOffError, Patience, RefusedError

_BRIEF = Patience(attempts=3)  # somebody waits


def listing(url: str, patience: Patience = _BRIEF, below: bool = False) -> list[Listed]:
    """The files in a folder of an object store; none where there is no such folder.

    Args:
        below: also those in the folders within it.

    Raises:
        FetchError: the store refuses; `UnreachableError` where it does not answer.
    """
    for attempt in range(1, patience.attempts + 1):
        try:
            return objects.listing(url, patience, below)
        except RefusedError as error:
            raise FetchError(f"cannot list {urls.without_credentials(url)}: {error}") from None
        except BrokenOffError as error:
            if attempt == patience.attempts:
                raise UnreachableError(f"cannot list {urls.without_credentials(url)}: {error}") from None
            time.sleep(min(patience.backoff * 2.0 ** (attempt - 1) * random.uniform(0.5, 1), patience.longest))
    raise AssertionError("at least one attempt is made")
