"""Run-length encoding of boolean masks as text: `HEIGHTxWIDTH:run,run,...` in raster order, background first."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def encode(mask_hw: NDArray[np.bool_]) -> str:
    """The text of a mask of shape (h, w)."""
    flat = np.concatenate([[False], mask_hw.ravel(), [not mask_hw.ravel()[-1]]])
    edges = np.flatnonzero(flat[1:] != flat[:-1])
    runs = np.diff(edges, prepend=0)
    return f"{mask_hw.shape[0]}x{mask_hw.shape[1]}:{','.join(map(str, runs))}"


def decode(text: str) -> NDArray[np.bool_]:
    """The mask of a text that `encode` made."""
    size, _, runs_text = text.partition(":")
    height, width = (int(side) for side in size.split("x"))
    runs = np.fromstring(runs_text, dtype=np.int64, sep=",")
    values = np.arange(len(runs)) % 2 == 1
    mask: NDArray[np.bool_] = np.repeat(values, runs).reshape(height, width)
    return mask
