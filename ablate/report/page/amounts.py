"""The figure of how much more synthetic images are worth."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import altair as alt
import pandas as pd

from ablate.report.page.charts import GREY, Chart, numbers, spec
from ablate.report.page.curves import Settings
from ablate.stats.scores import Group
from ablate.stats.settings import told_value
from ablate.stats.summary import Summary
from ablate.stats.test_set import CONSTANT, WEIGHTED

AMOUNT = "train_images"


def by_images(group: Group, found: Sequence[Summary]) -> Iterator[Chart]:
    """Image-weighted mean IoU against `train_images`, a figure for each network in which it varies.

    A line joins settings that differ in that number alone; those with all images, whose number is not in the results,
    are left out.
    """
    if group.photographs is None:
        return
    for table in group.tables:
        # Results that are older than the field have null: all images.
        amounts = {setting: int(trials[AMOUNT].fillna(0).iloc[0]) for setting, trials in table.by_setting()}
        rows = pd.DataFrame(
            {
                "setting": one.setting.replace(f", {told_value(AMOUNT, amounts[one.setting])}", ""),
                "images": amounts[one.setting],
                "IoU": 100 * one.weighted.mean,
                "low": 100 * max(one.weighted.low, 0.0),
                "high": 100 * min(one.weighted.high, 1.0),
            }
            for one in found
            if one.network == table.title and amounts[one.setting]
        )
        joined = rows[rows.groupby("setting")["images"].transform("nunique") > 1] if len(rows) else rows
        if len(joined):
            constant = 100 * group.photographs.baseline(("average", WEIGHTED))[CONSTANT]
            yield _chart(table.title, joined.sort_values("images"), constant)


def _chart(network: str, rows: pd.DataFrame, constant: float) -> Chart:
    settings = Settings([*rows["setting"].unique()])
    scale = alt.Scale(type="log", nice=False, padding=24)
    axis = alt.Axis(values=sorted(rows["images"].unique().tolist()), format=",d", grid=False)
    x = alt.X("images:Q").scale(scale).axis(axis).title("synthetic images trained on")
    base = alt.Chart(rows).encode(
        x=x, tooltip=["setting:N", "images:Q", *numbers(".1f", "IoU", "low", "high")], **settings.encodings()
    )
    baseline = alt.Chart(pd.DataFrame({"y": [constant]})).mark_rule(strokeDash=[4, 4], color=GREY)
    y = alt.Y("IoU:Q").scale(domainMin=0).title("mean box IoU, percent")
    chart = alt.layer(
        baseline.encode(y="y:Q"),
        base.mark_line(strokeWidth=2).encode(y=y),
        base.mark_rule(strokeWidth=2).encode(y="low:Q", y2="high:Q", strokeDash=alt.value([1, 0])),
        base.mark_point(filled=True, size=70, opacity=1).encode(y=y).add_params(settings.chosen),
    )
    ordered = rows.sort_values(["setting", "images"])
    told = "; ".join(f"{row.setting}, {row.images:,} images: {row.IoU:.1f} %" for row in ordered.itertuples())
    return Chart(
        f"{network}: by the number of synthetic images",
        f"{network}, image-weighted mean IoU against the number of images with 95 % intervals. {told}.",
        spec(chart, 260),
        f"Image-weighted, with 95 % intervals. Dashed: {CONSTANT}.",
    )
