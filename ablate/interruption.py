"""Ctrl-C and SIGTERM, which mean the same: end in order, and print the command to continue.

Signals belong to the process, and so does what is known of them here. A command hears of one as a `KeyboardInterrupt`,
or, in a block that must not be broken off (`deferred`), by asking `asked()`. A second one breaks that block off too.

Ray gives SIGTERM a handler of its own, in C++, which prints its stack and may abort. So that signal is blocked in all
threads from the start, and one thread waits for it and passes it on.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType
from typing import NoReturn

STATUS = 130  # what shells give a command that Ctrl-C ended
PATIENCE = 20.0  # seconds in which a command that was asked to end does so; what hangs, as a dead Ray does, is left

_PASSED_ON = signal.SIGUSR2  # SIGTERM, as the main thread gets it; SIGINT may be ignored, as of background jobs
_AGAIN = 0.05  # seconds
# SIGTERM itself, for libraries that start processes unblock it: Python's own `multiprocessing` does.
_HANDLED = (signal.SIGINT, signal.SIGTERM, _PASSED_ON)
_EARLY = b"ablate: interrupted before anything had begun; repeat the command\n"
_LATE = b"ablate: interrupted while it ended; what is finished is kept\n"


class _State:
    asked = False
    heard = 0  # signals
    listening = False
    announced = False  # the command to continue
    to_continue = ""
    deferred = 0  # blocks that are not to be broken off, one in the other


def asked() -> bool:
    """Whether this process has been asked to end."""
    return _State.asked


def to_be_announced() -> bool:
    """Whether the command to continue is still to be printed: true once, so that one of several callers prints it."""
    announced, _State.announced = _State.announced, True
    return not announced


def while_loading() -> None:
    """Begins to listen while `python -m package.command` still imports: asked to end then, the process does so at once.

    Nothing has begun, and a traceback through half-imported modules would tell nobody anything. Elsewhere, such as in a
    notebook or a Ray worker that imports the package, nothing is changed.
    """
    if multiprocessing.parent_process() is not None:
        _unblock()  # a process that was not forked has its parent's mask, and would not end when the parent ends it
    # While a package is imported on the way to the module that `-m` names, sys.argv[0] is not its path yet.
    if _State.listening or sys.argv[:1] != ["-m"] or threading.current_thread() is not threading.main_thread():
        return
    _State.listening = True
    _install(lambda number, frame: _end(_EARLY))
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})  # inherited by all threads that libraries start
    os.register_at_fork(after_in_child=_unblock)  # and by processes: Ray's must hear of it, and block SIGINT themselves
    threading.Thread(target=_pass_on, daemon=True).start()


def ask() -> None:
    """Asks this process to end, as a signal does; from any of its threads."""
    if signal.getsignal(_PASSED_ON) is _interrupt:
        _tell_main()
    else:  # nothing is `handled`, as in a notebook
        signal.pthread_kill(_main(), signal.SIGINT)


@contextlib.contextmanager
def handled(to_continue: str) -> Iterator[None]:
    """Within, both signals end a command as `KeyboardInterrupt`.

    Args:
        to_continue: the command that does, for the case that this one cannot end in order.
    """
    _State.to_continue = to_continue
    before = {number: signal.getsignal(number) for number in _HANDLED}
    _install(_interrupt)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if _State.listening:
            _install(lambda number, frame: _end(_LATE))


def leave() -> NoReturn:
    """Exits with `STATUS`.

    A `KeyboardInterrupt` that has passed through an `exec` of text, as libraries make dataclasses, counts as unhandled
    to Python even where it was caught: at its end `python -m` would then kill the process by SIGINT. It forgets that
    when it runs other text.
    """
    exec("")
    sys.exit(STATUS)


@contextlib.contextmanager
def deferred() -> Iterator[None]:
    """Within, the first signal only makes `asked()` true."""
    _State.deferred += 1
    try:
        yield
    finally:
        _State.deferred -= 1


def _install(handler: Callable[[int, FrameType | None], None]) -> None:
    for number in _HANDLED:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, handler)


def _interrupt(number: int, frame: FrameType | None) -> None:
    _State.heard += 1
    again, _State.asked = _State.asked, True
    if not again:
        line = f"not ended after {PATIENCE:.0f} s: left as it is. To continue: {_State.to_continue}\n"
        watch = threading.Timer(PATIENCE, _end, [line.encode()])
        watch.daemon = True
        watch.start()
    if again or not _State.deferred:
        raise KeyboardInterrupt


def _end(line: bytes) -> None:
    os.write(2, line)
    os._exit(STATUS)


def _unblock() -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})


def _pass_on() -> None:
    while True:
        signal.sigwait({signal.SIGTERM})
        _tell_main()


def _tell_main() -> None:
    before = _State.heard
    while _State.heard == before:  # one that comes just before a system call does not interrupt it
        signal.pthread_kill(_main(), _PASSED_ON)
        time.sleep(_AGAIN)


def _main() -> int:
    main = threading.main_thread().ident
    assert main is not None
    return main
