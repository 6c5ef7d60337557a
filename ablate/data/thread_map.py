"""A map by threads whose results come in order, and only so far ahead of whoever takes them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def thread_map(
    work: Callable[[Item], Result],
    items: Iterable[Item],
    threads: int,
    ahead: int,
    begin: Callable[[], object] | None = None,
) -> Generator[Result]:
    """`work` of each item, in order. An exception comes in its result's place; then, or when closed, the threads end.

    Args:
        ahead: results, of those after the one that is being used, that are there or being made.
        begin: is called in each thread first.
    """
    pool = ThreadPoolExecutor(threads, "thread_map", begin)
    try:
        waiting: deque[Future[Result]] = deque()
        for item in items:
            waiting.append(pool.submit(work, item))
            if len(waiting) > ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
