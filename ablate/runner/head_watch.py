"""Whether the head of a cluster that was joined still answers.

Without it Ray's calls wait, Tune's among them, until Ray ends this process a minute later, with a report from C++ and
without a word on how to continue. So a thread looks, says it, and ends the process before. Where Ray was started here,
`cluster.dead` looks at its processes instead.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator

from ablate.runner import joining

_EVERY, SECONDS = 2.0, 30.0


@contextlib.contextmanager
def watching(address: str, tell: Callable[[], None]) -> Iterator[None]:
    """Within, `tell` is called when nothing has answered for half a minute, and this process ends with status 1.

    Args:
        address: HOST:PORT of the global control service.
    """
    ended = threading.Event()
    threading.Thread(target=_watch, args=(address, tell, ended), daemon=True).start()
    try:
        yield
    finally:
        ended.set()


def _watch(address: str, tell: Callable[[], None], ended: threading.Event) -> None:
    place = joining.host_and_port(address)
    assert place is not None  # it was joined
    heard = time.monotonic()
    while not ended.wait(_EVERY):
        try:
            socket.create_connection(place, timeout=_EVERY).close()
            heard = time.monotonic()
        except OSError:
            if time.monotonic() - heard > SECONDS and not ended.is_set():
                try:
                    tell()
                finally:
                    os._exit(1)
