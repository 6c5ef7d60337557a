"""What of a trial's troubles is its node's fault: it would meet them there again, and may not on another node."""

from __future__ import annotations

import contextlib
import errno
import platform
from collections.abc import Iterator
from pathlib import Path

from ablate.errors import UsageError
from ablate.runner.results_token import UnfitNodeError
from ablate.storage import NoRoomError, UnreachableError, working_copy

_OF_DISKS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO})


@contextlib.contextmanager
def blaming_node(alone: bool) -> Iterator[None]:
    """Within, what is missing is this node's fault, unless it is `alone`.

    Raises:
        UnfitNodeError: instead of any other `UsageError`, but for a store that does not answer.
    """
    try:
        yield
    except (UnreachableError, UnfitNodeError):
        raise
    except UsageError as error:
        if alone:
            raise
        raise unfit(error) from error


def is_of_disk(error: Exception, out: Path) -> bool:
    """Whether an error is of a disk that only this node has: its cache, or its copy of `out`."""
    if isinstance(error, OSError) and error.errno in _OF_DISKS:
        in_out = error.filename is not None and Path(str(error.filename)).is_relative_to(out)
        return not in_out or working_copy.is_copied(out / "any")
    return isinstance(error, NoRoomError)


def unfit(error: Exception) -> UnfitNodeError:
    """The same, as the fault of this node."""
    return UnfitNodeError(f"{error} (on {platform.node()})")
