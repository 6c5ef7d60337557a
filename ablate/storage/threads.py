"""Waiting for many servers at once."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def each(work: Callable[[Item], Result], items: Iterable[Item], workers: int) -> Iterator[tuple[Item, Result]]:
    """Does `work` on every item in threads; gives each item with its result as soon as it is there, in any order.

    An exception of `work` is raised here. The threads do not outlive the process, and take nothing new once nobody asks
    for results: after Ctrl-C no server is waited for. What they do must be safe to be broken off anywhere.
    """
    waiting: queue.SimpleQueue[Item] = queue.SimpleQueue()
    done: queue.SimpleQueue[tuple[Item, Result] | BaseException] = queue.SimpleQueue()
    stopped = threading.Event()
    count = 0
    for item in items:
        waiting.put(item)
        count += 1

    def labour() -> None:
        while not stopped.is_set():
            try:
                item = waiting.get_nowait()
            except queue.Empty:
                return
            try:
                done.put((item, work(item)))
            except BaseException as error:  # noqa: BLE001 - raised where the results are read
                done.put(error)

    for _ in range(min(workers, count)):
        threading.Thread(target=labour, daemon=True).start()
    try:
        for _ in range(count):
            outcome = done.get()
            if isinstance(outcome, BaseException):
                raise outcome
            yield outcome
    finally:
        stopped.set()
