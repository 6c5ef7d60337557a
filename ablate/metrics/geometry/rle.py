"""Masks as text: COCO's compressed run-length encoding, `{"size": [height, width], "counts": "..."}`, as JSON.

Tools for COCO read it. Results of older versions hold `HEIGHTxWIDTH:run,run,...` in raster order, background first;
`decode` reads both.
"""

from __future__ import annotations

import json
import warnings

import cv2
import numpy as np
from numpy.typing import NDArray
from pycocotools import mask as coco


def encode(mask_hw: NDArray[np.bool_]) -> str:
    """The text of a mask of shape (h, w)."""
    # In Fortran's order, as COCO's is; OpenCV turns it much faster than NumPy.
    encoded = coco.encode(cv2.transpose(mask_hw.view(np.uint8)).T)
    return json.dumps({"size": encoded["size"], "counts": encoded["counts"].decode("ascii")}, separators=(",", ":"))


def decode(text: str) -> NDArray[np.bool_]:
    """The mask, shape (h, w), of a text that `encode` made, in this version or an older one."""
    if not text.startswith("{"):
        return _decode_raster_order(text)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "__array__ implementation", DeprecationWarning)  # NumPy 2 about pycocotools
        mask_hw: NDArray[np.uint8] = coco.decode(json.loads(text))
    return mask_hw.astype(np.bool_)


def _decode_raster_order(text: str) -> NDArray[np.bool_]:
    size, _, runs_text = text.partition(":")
    height, width = (int(side) for side in size.split("x"))
    runs = np.fromstring(runs_text, dtype=np.int64, sep=",")
    mask_hw: NDArray[np.bool_] = np.repeat(np.arange(len(runs)) % 2 == 1, runs).reshape(height, width)
    return mask_hw
