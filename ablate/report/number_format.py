"""Numbers as tables print them; no data is a dash."""

from __future__ import annotations

import math

from ablate.stats.intervals import Estimate


def percent(value: float) -> str:
    """A share or an IoU in percent."""
    return "-" if math.isnan(value) else f"{100 * value:.1f}"


def points(value: float) -> str:
    """A difference of two such, in points, with its sign."""
    return "-" if math.isnan(value) else f"{100 * value:+.1f}"


def interval(estimate: Estimate) -> str:
    """A mean IoU's interval in percent, cut where an IoU ends."""
    if math.isnan(estimate.low):
        return "-"
    return f"[{percent(max(estimate.low, 0.0))}, {percent(min(estimate.high, 1.0))}]"


def points_interval(estimate: Estimate) -> str:
    """A difference's interval in points."""
    return "-" if math.isnan(estimate.low) else f"[{points(estimate.low)}, {points(estimate.high)}]"
