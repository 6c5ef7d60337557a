"""Which epoch `selection=best_val` scores. Imports no torch, so that reports can ask too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def best_epoch(rows: Sequence[Mapping[Any, Any]]) -> int:
    """The epoch, from 1, of the highest IoU on the val split; the first of equal ones.

    Where no epoch says anything, without a val split or with an IoU of 0 in all, it is the last, as the paper's.
    """
    if not any(row["val_iou"] for row in rows):
        return len(rows)
    return 1 + max(range(len(rows)), key=lambda index: (rows[index]["val_iou"], -index))
