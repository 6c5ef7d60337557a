"""How fast a step could be: its operations at the rate of a large product, and its bytes at that of a large copy.

Of the forward and backward pass at 480 x 480 pixels, width 64, batch of 4, in bfloat16. `eager`: every layer between
two convolutions reads and writes its features; `fused`: neighbours among them are merged.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

BATCH, SIDE, WIDTH = 4, 480, 64


@dataclass(frozen=True)
class Work:
    """What an image costs: GFLOP; and what a batch of four moves: GB."""

    gflop_an_image: float
    eager_gb: float
    fused_gb: float


WORK: Mapping[str, Work] = {
    "unet": Work(1015, 18.67, 14.14),
    "unet_resnet50": Work(223, 10.45, 7.82),
    "segnet": Work(843, 15.77, 11.69),
}


def milliseconds(network: str, tflops: float, tbps: float, fused: bool = False) -> float:
    """Of a step, at measured rates in TFLOP/s and TB/s."""
    work = WORK[network]
    return BATCH * work.gflop_an_image / tflops + (work.fused_gb if fused else work.eager_gb) / tbps
