"""Two predictions that need no network: the whole photograph, and the best box that is the same on every photograph.

A network that does not beat them has learned nothing that the box IoU can see. All boxes here are xyxy in fractions of
the frame; IoU does not change when a picture is stretched.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ablate.metrics.geometry.boxes import Boxes, iou, stack

WHOLE_IMAGE: Boxes = np.array([0.0, 0.0, 1.0, 1.0])

_TICKS = np.linspace(0.0, 1.0, 7)
_STARTS = 6
_FIRST_STEP, _LAST_STEP = 1 / 16, 1 / 1024
_CELLS = 2**18  # boxes x true boxes compared at a time

# What the search tries from a box: moving one edge, or two opposite ones together.
_EDGES = np.concatenate([np.eye(4), [[1, 0, 1, 0], [0, 1, 0, 1]]])
_MOVES: Boxes = np.concatenate([_EDGES, -_EDGES])


@dataclass(frozen=True)
class TrueBoxes:
    """The true boxes of n photographs, each of which has at least one.

    Attributes:
        boxes_m4: all boxes, photograph after photograph.
        first_n: index of each photograph's first box.
    """

    boxes_m4: Boxes
    first_n: NDArray[np.int64]

    @classmethod
    def of(cls, photographs: Iterable[tuple[Sequence[Sequence[float]], float, float]]) -> TrueBoxes:
        """From each photograph's boxes in pixels, its width and its height."""
        boxes_n = [stack(boxes) / np.tile([width, height], 2) for boxes, width, height in photographs]
        counts = np.array([len(boxes) for boxes in boxes_n], dtype=np.int64)
        assert counts.all(), "a photograph without an animal has no best match"
        return cls(np.concatenate(boxes_n), np.cumsum(counts) - counts)


def best_match(boxes_k4: Boxes, truth: TrueBoxes) -> NDArray[np.float64]:
    """IoU of each box with the best-matching true box of each photograph, shape (k, n)."""
    overlap_km = iou(boxes_k4, truth.boxes_m4)
    matched: NDArray[np.float64] = np.maximum.reduceat(overlap_km, truth.first_n, axis=1)
    return matched


def best_constant_box(truth: TrueBoxes) -> Boxes:
    """The one box, shape (4,), whose mean IoU over all photographs is highest: fitted to the answers, so a strong one.

    Coordinate search from the best boxes of a coarse grid and the median true box; deterministic.
    """
    boxes = np.concatenate([_grid(), np.median(truth.boxes_m4, axis=0)[None]])
    means = _means(boxes, truth)
    chosen = np.argsort(-means, kind="stable")[:_STARTS]
    boxes, means = boxes[chosen], means[chosen]
    step = _FIRST_STEP
    while step >= _LAST_STEP:
        tried_sm4 = np.clip(boxes[:, None] + step * _MOVES, 0.0, 1.0)
        tried_sm = _means(tried_sm4.reshape(-1, 4), truth).reshape(len(boxes), len(_MOVES))
        best = tried_sm.argmax(axis=1)
        rows = np.flatnonzero(tried_sm.max(axis=1) > means + 1e-12)
        if len(rows) == 0:
            step /= 2
        boxes[rows], means[rows] = tried_sm4[rows, best[rows]], tried_sm[rows, best[rows]]
    winner: Boxes = boxes[means.argmax()]
    return winner


def _grid() -> Boxes:
    low, high = np.triu_indices(len(_TICKS), k=1)
    spans = np.stack([_TICKS[low], _TICKS[high]], axis=1)
    x, y = np.repeat(spans, len(spans), axis=0), np.tile(spans, (len(spans), 1))
    return np.stack([x[:, 0], y[:, 0], x[:, 1], y[:, 1]], axis=1)


def _means(boxes_k4: Boxes, truth: TrueBoxes) -> NDArray[np.float64]:
    """Mean over photographs of each box's IoU, shape (k,)."""
    step = max(1, _CELLS // len(truth.boxes_m4))
    parts = [best_match(boxes_k4[i : i + step], truth).mean(axis=1) for i in range(0, len(boxes_k4), step)]
    return np.concatenate(parts)
