"""What values masks hold, told to somebody who has to say which of them are the animal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datasets.exact import Values

MANY = 8  # values that a mask may hold without question
_SHOWN = 4
_FLAT = 0.1  # of a value's pixels; smoothed edges and noise have next to no pixel whose neighbours are equal
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
    """Counts the values of a mask, and those that hardly any pixel shares with all its neighbours."""
    code_hw = _codes(values_hwc)
    if code_hw.dtype == np.uint8:
        count_n = np.bincount(code_hw.ravel(), minlength=256)
    elif len(np.unique(code_hw, sorted=False)) <= 2:
        return Variety(2, 0)
    else:
        _, index, count_n = np.unique(code_hw, return_inverse=True, return_counts=True)
        code_hw = index.reshape(code_hw.shape)
    distinct = int(np.count_nonzero(count_n))
    if distinct <= 2:
        return Variety(distinct, 0)
    flat_n = np.bincount(code_hw[_flat(code_hw)], minlength=len(count_n))
    return Variety(distinct, int((flat_n < _FLAT * count_n).sum()))


def shares(values_hwc: Values) -> Shares:
    """The commonest values of a mask."""
    channels = values_hwc.shape[2]
    value_nc, count_n = np.unique(values_hwc.reshape(-1, channels), axis=0, return_counts=True)
    commonest = np.argsort(-count_n, kind="stable")[: 4 * _SHOWN]
    total = count_n.sum()
    return tuple((written(value_nc[index]), float(count_n[index] / total)) for index in commonest)


def mean_shares(masks: Sequence[Shares]) -> Shares:
    """The commonest values of several masks, each mask counted alike."""
    total: dict[str, float] = {}
    for value, share in (each for one in masks for each in one):
        total[value] = total.get(value, 0.0) + share / len(masks)
    return tuple(sorted(total.items(), key=lambda item: -item[1]))


def told(found: Shares) -> str:
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
    code_hw = np.zeros(grey_hw.shape, dtype=np.uint64)
    for channel in range(values_hwc.shape[2]):
        code_hw = (code_hw << np.uint64(16)) | values_hwc[..., channel].astype(np.uint64)
    return code_hw


def _flat(code_hw: Values) -> NDArray[np.bool_]:
    """Where a pixel equals its neighbours above, below, left and right."""
    flat_hw = np.ones(code_hw.shape, dtype=bool)
    down = code_hw[1:] == code_hw[:-1]
    right = code_hw[:, 1:] == code_hw[:, :-1]
    flat_hw[1:] &= down
    flat_hw[:-1] &= down
    flat_hw[:, 1:] &= right
    flat_hw[:, :-1] &= right
    return flat_hw
