"""Windows of two domains' pictures for training, made ahead by a few threads; image n follows from (seed, n) alone."""

from __future__ import annotations

import functools
import os
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from datasets.raw.images import Pixels
from datasets.translate import Domains, Photos

_COARSEST = 2  # a window shows at least 1 / 2 of the shorter side, whatever the picture's resolution
_MOST_MEMORY = 4 << 30
_THREADS = min(8, os.cpu_count() or 1)
_AHEAD = 2 * _THREADS
_SOURCE, _TARGET, _PATCHES = range(3)


@dataclass(frozen=True)
class Batch:
    """What one step of the training sees.

    Attributes:
        source_bhw3, target_bhw3: windows, uint8 RGB.
        flip_b: which source windows are mirrored on their way through the generator (flip equivariance).
        positions: patches to compare in each of the generator's features: pixels in raster order, shape (p,).
    """

    source_bhw3: Pixels
    target_bhw3: Pixels
    flip_b: NDArray[np.bool_]
    positions: tuple[NDArray[np.int64], ...]


class PictureSampler:
    """The pictures of one domain, decoded and shrunk once as far as they fit into memory.

    A picture keeps at most twice the window's side along its shorter side: what is finer never gets into a window.
    """

    def __init__(self, photos: Photos, size: int, seed: int, memory: int) -> None:
        self._photos, self._size, self._seed, self._memory = photos, size, seed, memory
        self._kept: dict[int, Pixels] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._photos)

    def smallest(self) -> tuple[int, int]:
        """Decodes all pictures; the index of the one with the shortest side, and that side in pixels."""
        with ThreadPoolExecutor(_THREADS) as pool:
            sides = list(pool.map(lambda index: min(self._load(index)[1]), range(len(self))))
        index = int(np.argmin(sides))
        return index, sides[index]

    def window(self, number: int, domain: int) -> Pixels:
        """The window of image `number` of the training: all pictures once in a drawn order, then in another."""
        round_, place = divmod(number, len(self))
        index = _order(len(self), self._seed, round_, domain)[place]
        rng = np.random.default_rng((self._seed, number, domain))
        picture_hw3 = self._load(int(index))[0]
        shorter = min(picture_hw3.shape[:2])
        # Sizes from the window's own to the finest, equally likely by their logarithm.
        side = round(self._size * (max(shorter, self._size) / self._size) ** rng.random())
        picture_hw3 = _shrink(picture_hw3, side)
        top, left = (int(rng.integers(length - self._size + 1)) for length in picture_hw3.shape[:2])
        window_hw3 = picture_hw3[top : top + self._size, left : left + self._size]
        return window_hw3[:, ::-1] if rng.random() < 0.5 else window_hw3

    def shown(self, count: int) -> Pixels:
        """The middles of pictures from all over the domain, as large as windows can be: for looking at."""
        windows = []
        for index in np.linspace(0, len(self) - 1, count).astype(int):
            picture_hw3 = _shrink(self._load(int(index))[0], self._size)
            top, left = ((length - self._size) // 2 for length in picture_hw3.shape[:2])
            windows.append(picture_hw3[top : top + self._size, left : left + self._size])
        return np.stack(windows)

    def _load(self, index: int) -> tuple[Pixels, tuple[int, int]]:
        """A picture, shrunk, and its height and width as kept."""
        kept_hw3 = self._kept.get(index)
        if kept_hw3 is None:
            kept_hw3 = _shrink(self._photos[index], _COARSEST * self._size)
            with self._lock:
                if self._memory >= kept_hw3.nbytes and index not in self._kept:
                    self._memory -= kept_hw3.nbytes
                    self._kept[index] = kept_hw3
        return kept_hw3, (kept_hw3.shape[0], kept_hw3.shape[1])


def samplers(domains: Domains, size: int) -> tuple[PictureSampler, PictureSampler]:
    """The source and the target, which share a quarter of the memory that is free."""
    free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    memory = min(_MOST_MEMORY, free // 4) // 2
    return (
        PictureSampler(domains.source, size, domains.seed, memory),
        PictureSampler(domains.target, size, domains.seed, memory),
    )


def batch(
    number: int, count: int, source: PictureSampler, target: PictureSampler, seed: int, grids: Sequence[tuple[int, int]]
) -> Batch:
    """Images `number` to `number + count` of the training.

    Args:
        grids: pixels of each of the generator's features, and how many of them are compared.
    """
    numbers = range(number, number + count)
    rng = np.random.default_rng((seed, number, _PATCHES))
    flip_b = rng.random(count) < 0.5
    return Batch(
        np.stack([source.window(n, _SOURCE) for n in numbers]),
        np.stack([target.window(n, _TARGET) for n in numbers]),
        flip_b,
        tuple(rng.choice(pixels, patches, replace=False) for pixels, patches in grids),
    )


def prefetched(make: Callable[[int], Batch], numbers: Sequence[int]) -> Iterator[Batch]:
    """The batch of each number, in order; threads make the next ones meanwhile."""
    waiting: deque[Future[Batch]] = deque()
    todo = iter(numbers)
    with ThreadPoolExecutor(_THREADS) as pool:
        try:
            for _ in numbers:
                while len(waiting) < _AHEAD and (number := next(todo, None)) is not None:
                    waiting.append(pool.submit(make, number))
                yield waiting.popleft().result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _shrink(picture_hw3: Pixels, side: int) -> Pixels:
    """The picture with a shorter side of `side` pixels, or itself where that is not smaller."""
    height, width = picture_hw3.shape[:2]
    shorter = min(height, width)
    if shorter <= side:
        return picture_hw3
    size = (max(side, round(width * side / shorter)), max(side, round(height * side / shorter)))
    small_hw3: Pixels = cv2.resize(picture_hw3, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
    return small_hw3


@functools.lru_cache(maxsize=8)
def _order(count: int, seed: int, round_: int, domain: int) -> NDArray[np.int64]:
    return np.random.default_rng((seed, round_, domain, count)).permutation(count)
