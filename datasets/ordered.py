"""Work on many items at once, with the results in the order of the items."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def ordered(function: Callable[[Item], Result], items: Iterable[Item], workers: int) -> Iterator[Result]:
    """Yields `function(item)` for each item in turn.

    Threads are enough: decoding and encoding let go of Python's lock. Only a few results are ever waiting, so that a
    data set need not fit in memory.
    """
    if workers == 1:
        yield from map(function, items)
        return
    remaining = iter(items)
    with ThreadPoolExecutor(workers) as pool:
        waiting: deque[Future[Result]] = deque(
            pool.submit(function, item) for item in itertools.islice(remaining, 2 * workers)
        )
        while waiting:
            result = waiting.popleft().result()
            waiting.extend(pool.submit(function, item) for item in itertools.islice(remaining, 1))
            yield result
