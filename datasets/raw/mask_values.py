"""What values masks hold, told to somebody who has to say which of them are the animal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datasets.raw.pixel_values import Values

MANY = 8  # values that a mask may hold without question
_SHOWN = 4
_PIXELS = 20_000  # that tell the shares of values
_COUNTED = 300_000  # pixels in which values are counted
_FLAT = 0.1  # of a value's pixels; smoothed edges and noise have next to no pixel whose neighbours are equal
_BETWEEN = 0.1  # of a value's pixels; thin animals' ids have next to none between a lower and a higher value
Shares = tuple[tuple[str, float], ...]  # values as a user types them, with their shares of the pixels, commonest first


@dataclass(frozen=True)
class Variety:
    """How many different values a mask holds, and how many of them lie on edges alone."""

    values: int
    on_edges: int

    @property
    def many(self) -> bool:
        return self.values > MANY

    @property
    def noisy(self) -> bool:
        """Whether most are what compression, smoothing or scaling left at the edges."""
        return self.many and self.on_edges > self.values / 2

    @property
    def doubtful(self) -> bool:
        """Whether a few may be: a light compression leaves two values at the edges, a smoothing three."""
        return self.noisy or (self.on_edges >= 2 and self.on_edges >= self.values / 2)


def variety(values_hwc: Values) -> Variety:
    """Counts the values of a mask, and those that lie on edges alone.

    Of those hardly any pixel equals all its neighbours, and some are between a lower and a higher value. The latter
    are none where a thin animal has a value of its own.

    Values of more than 8 bits are counted in some of the pixels of a large mask, evenly spread.
    """
    code_hw = _codes(values_hwc)
    step = 1 if code_hw.dtype == np.uint8 else code_hw.size // _COUNTED + 1
    if code_hw.dtype == np.uint8:
        index_p, count_n = code_hw.ravel(), np.bincount(code_hw.ravel(), minlength=256)
    else:
        _, index_p, count_n = np.unique(code_hw.ravel()[::step], return_inverse=True, return_counts=True)

    def counted(at_hw: NDArray[np.bool_]) -> NDArray[np.intp]:
        return np.bincount(index_p[at_hw.ravel()[::step]], minlength=len(count_n))

    values = int(np.count_nonzero(count_n))
    if values <= 2:
        return Variety(values, 0)
    on_edges_n = (count_n > 0) & (counted(_flat(code_hw)) < _FLAT * count_n)
    if on_edges_n.any():
        on_edges_n &= counted(_between(code_hw)) > _BETWEEN * count_n
    return Variety(values, int(on_edges_n.sum()))


def shares(values_hwc: Values) -> Shares:
    """The commonest values of a mask; of a large one by some of its pixels, evenly spread."""
    channels = values_hwc.shape[2]
    if channels == 1 and values_hwc.dtype == np.uint8:
        counted_n = np.bincount(values_hwc.ravel(), minlength=256)
        value_nc = np.flatnonzero(counted_n).astype(np.uint8)[:, None]
        count_n = counted_n[counted_n > 0]
    else:
        value_pc = values_hwc.reshape(-1, channels)
        some_pc = value_pc[:: len(value_pc) // _PIXELS + 1]
        value_nc, count_n = np.unique(some_pc, axis=0, return_counts=True)
    commonest = np.argsort(-count_n, kind="stable")[: 4 * _SHOWN]
    total = count_n.sum()
    return tuple((written(value_nc[index]), float(count_n[index] / total)) for index in commonest)


def mean_shares(masks: Sequence[Shares]) -> Shares:
    """The commonest values of several masks, each mask counted alike."""
    total: dict[str, float] = {}
    for value, share in (each for one in masks for each in one):
        total[value] = total.get(value, 0.0) + share / len(masks)
    return tuple(sorted(total.items(), key=lambda item: -item[1]))


def described(found: Shares) -> str:
    """Values with their shares, as `0 71 %, 29 25 %, 76 4 %`."""
    listed = (f"{value} {'<1' if 0 < share < 0.005 else round(100 * share)} %" for value, share in found[:_SHOWN])
    return ", ".join(listed) + (", ..." if len(found) > _SHOWN else "")


def written(value_c: Values) -> str:
    """A value as it is typed: a number, or a colour such as #ff0000 (of 16 bits: four digits a channel)."""
    channels = value_c.tolist()
    if len(channels) >= 3 and value_c.dtype == np.uint8:
        return "#" + "".join(f"{channel:02x}" for channel in channels)
    if len(channels) >= 3 and value_c.dtype == np.uint16:
        if (value_c % 257 == 0).all():  # eight bits, spread over sixteen
            return "#" + "".join(f"{channel // 257:02x}" for channel in channels)
        return "#" + "".join(f"{channel:04x}" for channel in channels)
    return " ".join(f"{channel:.4g}" if isinstance(channel, float) else str(channel) for channel in channels)


def _codes(values_hwc: Values) -> Values:
    """One number for each value: equal where all channels are."""
    grey_hw = values_hwc[..., 0]
    if all((values_hwc[..., channel] == grey_hw).all() for channel in range(1, values_hwc.shape[2])):
        return grey_hw
    if values_hwc.dtype.kind == "f":
        return np.unique(values_hwc.reshape(-1, values_hwc.shape[2]), axis=0, return_inverse=True)[1].reshape(
            grey_hw.shape
        )
    narrow = values_hwc.dtype == np.uint8
    code_hw = np.zeros(grey_hw.shape, dtype=np.uint32 if narrow else np.uint64)
    for channel in range(values_hwc.shape[2]):
        code_hw <<= 8 if narrow else 16
        code_hw |= values_hwc[..., channel].astype(code_hw.dtype)
    return code_hw


def _flat(code_hw: Values) -> NDArray[np.bool_]:
    """Where a pixel equals its neighbours above, below, left and right."""
    padded_hw = np.pad(code_hw, 1, mode="edge")
    flat_hw = np.ones(code_hw.shape, dtype=bool)
    for side_hw in (padded_hw[:-2, 1:-1], padded_hw[2:, 1:-1], padded_hw[1:-1, :-2], padded_hw[1:-1, 2:]):
        flat_hw &= side_hw == code_hw
    return flat_hw


def _between(code_hw: Values) -> NDArray[np.bool_]:
    """Where a pixel lies strictly between those on both sides of it, along a row or a column.

    Also those two pixels off, for an edge that was smoothed and then enlarged by repeating pixels.
    """
    between_hw = np.zeros(code_hw.shape, dtype=bool)
    for lines_hw, at_hw in ((code_hw, between_hw), (code_hw.T, between_hw.T)):
        for off in (1, 2):
            before, pixel, after = lines_hw[: -2 * off], lines_hw[off:-off], lines_hw[2 * off :]
            at_hw[off:-off] |= ((before < pixel) & (pixel < after)) | ((after < pixel) & (pixel < before))
    return between_hw
