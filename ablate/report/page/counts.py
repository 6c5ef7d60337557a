"""Figures of how many: photographs per location, and how box IoU goes with mask IoU."""

from __future__ import annotations

import altair as alt
import numpy as np
import pandas as pd

from ablate.report.page.charts import GREY, Chart, spec
from ablate.stats.test_set import Photographs

_BINS = 20


def photographs(found: Photographs) -> Chart:
    """Table 1 as bars."""
    counts = found.counts.rename(columns={"animal": "with an animal", "empty": "empty"})
    rows = counts.rename_axis("location").reset_index().melt("location", var_name="kind", value_name="photographs")
    chart = (
        alt.Chart(rows)
        .mark_bar()
        .encode(
            x=alt.X("photographs:Q").title("photographs").axis(tickCount=8),
            y=alt.Y("location:N").sort([*map(str, found.counts.index)]).title("location"),
            color=alt.Color("kind:N")
            .scale(domain=["with an animal", "empty"], range=["#0072b2", "#e69f00"])
            .legend(orient="bottom")
            .title(None),
            tooltip=["location:N", "kind:N", "photographs:Q"],
        )
    )
    animal = found.counts["animal"]
    alternative = (
        f"Bars: photographs per location; most, {animal.max()} of {found.n_animal} with an animal, are from location "
        f"{animal.idxmax()}."
    )
    return Chart("Photographs per location", alternative, spec(chart, 15 * len(found.counts)))


def limits(images: pd.DataFrame) -> Chart | None:
    """How the IoU of boxes relates to the IoU of masks, over all trials; None without masks.

    Args:
        images: with `iou` and `mask_iou`.
    """
    both = images.dropna(subset=["iou", "mask_iou"])
    if len(both) < 2:
        return None
    edges = np.linspace(0, 1, _BINS + 1)
    count, _, _ = np.histogram2d(both["mask_iou"], both["iou"], bins=[edges, edges])
    x, y = np.nonzero(count)
    rows = pd.DataFrame(
        {"x": edges[x], "x2": edges[x + 1], "y": edges[y], "y2": edges[y + 1], "predictions": count[x, y].astype(int)}
    )
    chart = alt.layer(
        alt.Chart(rows)
        .mark_rect()
        .encode(
            x=alt.X("x:Q").title("mask IoU").scale(domain=[0, 1]).axis(tickCount=6),
            x2="x2:Q",
            y=alt.Y("y:Q").title("box IoU").scale(domain=[0, 1]),
            y2="y2:Q",
            color=alt.Color("predictions:Q").scale(type="log", scheme="cividis").legend(orient="bottom"),
            tooltip=["predictions:Q"],
        ),
        alt.Chart(pd.DataFrame({"x": [0, 1], "y": [0, 1]}))
        .mark_line(color=GREY, strokeDash=[4, 4])
        .encode(x="x:Q", y="y:Q"),
    )
    correlation = float(both["iou"].corr(both["mask_iou"]))
    text = f"{len(both):,} predictions; correlation {correlation:.2f}."
    return Chart("Box IoU against mask IoU", f"Box IoU against mask IoU: {text}", spec(chart, 300), text)
