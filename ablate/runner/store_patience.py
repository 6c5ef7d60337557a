"""How long a trial waits for a store that does not answer: that is no failure of the trial, until it lasts too long."""

from __future__ import annotations

import time

from ablate.storage import UnreachableError

_LONGEST = 3600.0  # seconds


class StorePatience:
    """Counts since when nothing has worked for want of a store."""

    def __init__(self) -> None:
        self._since: float | None = None

    def works(self) -> None:
        """Something has worked."""
        self._since = None

    def lasts(self, error: Exception) -> bool:
        """Whether an error is of a store that has not been away for too long."""
        if not isinstance(error, UnreachableError):
            return False
        self._since = self._since or time.monotonic()
        return time.monotonic() - self._since < _LONGEST
