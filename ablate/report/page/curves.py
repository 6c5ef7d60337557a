"""Figures of lines, one for each setting: hit rates, and learning."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import altair as alt
import pandas as pd

from ablate.report.page import palette
from ablate.report.page.charts import GREY, Chart, spec
from ablate.stats.hit_rates import CURVE, HitRates
from ablate.stats.scores import Group
from ablate.stats.settings import in_paper_order
from ablate.stats.summary import NOT_TRAINED

_SHORT = 40  # characters of settings' names, three of which fit beside each other
_CURVES = 60  # learning curves of one network, beyond which no eye can follow them


@dataclass(frozen=True)
class Settings:
    """The settings of a figure with their colours and dashes, so that all figures agree."""

    names: Sequence[str]
    chosen: alt.Parameter = field(default_factory=lambda: alt.selection_point(fields=["setting"], bind="legend"))

    def encodings(self) -> dict[str, Any]:
        columns = 3 if max(map(len, self.names), default=0) <= _SHORT else 1
        limit = 780 / columns  # px
        legend = alt.Legend(
            orient="bottom", columns=columns, symbolType="stroke", symbolStrokeWidth=3, labelLimit=limit
        )
        colours, dashes = palette.of_settings(self.names), palette.dashes_of(self.names)
        names, colour_range = [*colours], [*colours.values()]
        return {
            "color": alt.Color("setting:N", legend=legend, title=None).scale(domain=names, range=colour_range),
            "strokeDash": alt.StrokeDash("setting:N", legend=legend, title=None).scale(domain=names, range=dashes),
            "opacity": alt.when(self.chosen).then(alt.value(1.0)).otherwise(alt.value(0.12)),
        }


def hit_rates(found: Sequence[HitRates]) -> Iterator[Chart]:
    """Hit rate against threshold, a figure for each network; the predictions without a network in each."""
    references = [one for one in found if one.network == NOT_TRAINED]
    for network in dict.fromkeys(one.network for one in found if one.network != NOT_TRAINED):
        own = [one for one in found if one.network == network]
        settings = Settings([one.setting for one in own])
        line = alt.Chart(_curves(own)).mark_line(strokeWidth=2).encode(**_hit_axes(), **settings.encodings())
        grey = (
            alt.Chart(_curves(references))
            .mark_line(color=GREY, strokeWidth=1.5, strokeDash=[1, 3])
            .encode(**_hit_axes(), detail="setting:N")
        )
        chart = alt.layer(grey, line.add_params(settings.chosen))
        half = ", ".join(f"{one.setting} {100 * one.rates([0.5])[0]:.0f} %" for one in own)
        yield Chart(
            network,
            f"{network}: hit rate against IoU threshold; at 0.5: {half}.",
            spec(chart, 240),
            f"Grey dots: {' and '.join(one.setting for one in references)}.",
        )


def learning(group: Group) -> Iterator[Chart]:
    """IoU on synthetic validation images after each epoch, a figure for each network."""
    for table in group.tables:
        done = table.trials[table.trials["status"] == "done"]
        if not len(done):
            continue
        ids = done.sort_values(["seed", "setting"])["trial"].head(_CURVES)
        rows = group.epochs[group.epochs["trial"].isin(ids)].merge(done[["trial", "setting", "seed"]], on="trial")
        rows = rows.assign(percent=100 * rows["val_iou"])[["trial", "setting", "seed", "epoch", "percent"]]
        settings = Settings(in_paper_order(done["setting"], map(str, table.mean.columns)))
        chart = (
            alt.Chart(rows)
            .mark_line(strokeWidth=2)
            .encode(
                x=alt.X("epoch:Q").title("epoch").axis(tickMinStep=1, format="d"),
                y=alt.Y("percent:Q").title("validation IoU, percent").scale(domain=[0, 100]),
                detail="trial:N",
                tooltip=["setting:N", "seed:Q", "epoch:Q", alt.Tooltip("percent:Q", format=".1f")],
                **settings.encodings(),
            )
            .add_params(settings.chosen)
        )
        title = table.title
        note = "" if len(ids) == len(done) else f"Of {len(done)} trials {len(ids)} are drawn, the lowest seeds first."
        last = rows.sort_values("epoch").groupby("setting")["percent"].last().to_dict()
        ends = ", ".join(f"{setting} {value:.0f} %" for setting, value in last.items())
        yield Chart(title, f"{title}: validation IoU by epoch; at the end: {ends}.", spec(chart, 240), note)


def _curves(found: Sequence[HitRates]) -> pd.DataFrame:
    return pd.DataFrame(
        {"setting": one.setting, "threshold": threshold, "rate": 100 * rate}
        for one in found
        for threshold, rate in zip(CURVE, one.rates(CURVE), strict=True)
    )


def _hit_axes() -> dict[str, Any]:
    return {
        "x": alt.X("threshold:Q").title("IoU threshold").scale(domain=[0, 1]),
        "y": alt.Y("rate:Q").title("photographs that reach it, percent").scale(domain=[0, 100]),
        "tooltip": ["setting:N", alt.Tooltip("threshold:Q", format=".2f"), alt.Tooltip("rate:Q", format=".1f")],
    }
