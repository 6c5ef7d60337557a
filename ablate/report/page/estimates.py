"""Figures of numbers with intervals: the averages, and the planned differences."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from ablate.report.number_format import points
from ablate.report.page.charts import GREY, Chart, numbers, spec
from ablate.stats.contrasts import BOTH_BELOW, Contrast
from ablate.stats.summary import Summary
from ablate.stats.test_set import CONSTANT, MACRO, WEIGHTED, Photographs

_LINE_HEIGHT = 20
_LABEL, _LABEL_HEIGHT = 38, 12  # characters of a line of a setting's name; px
_OPEN = ("#d55e00", "cross")
_STATES = {"settled": ("#0072b2", "circle"), "not settled": (GREY, "square"), "one seed": _OPEN}
_STATES |= {"too few locations": _OPEN, "no common seed": _OPEN, BOTH_BELOW: _OPEN}


def averages(summaries: Sequence[Summary], found: Photographs) -> Iterator[Chart]:
    """Both averages of each setting with their intervals, a figure for each network."""
    if not found.n_animal:
        return
    constant = found.baseline(("average", WEIGHTED))[CONSTANT]
    rows = pd.DataFrame(
        {
            "network": one.network,
            "setting": one.setting,
            "average": name,
            "IoU": 100 * estimate.mean,
            "low": 100 * max(estimate.low, 0.0),
            "high": 100 * min(estimate.high, 1.0),
        }
        for one in summaries
        for name, estimate in ((WEIGHTED, one.weighted), (MACRO, one.macro))
    )
    top = float(np.nanmax([*rows["IoU"], *rows["high"], 100 * constant])) * 1.04
    for network in dict.fromkeys(one.network for one in summaries):
        own = rows[rows["network"] == network].assign(label=_in_lines(rows["setting"]))
        lines = own["label"].str.count("\n").max() + 1
        scale = alt.Scale(domain=[0, top], nice=False)
        base = alt.Chart(own).encode(
            y=alt.Y("label:N").sort([*own["label"].unique()]).title(None).axis(_labels(int(lines))),
            yOffset=alt.YOffset("average:N"),
            color=_looks(alt.Color("average:N"), [WEIGHTED, MACRO], ["#0072b2", "#d55e00"]),
            tooltip=["setting:N", "average:N", *numbers(".1f", "IoU", "low", "high")],
        )
        baseline = alt.Chart(pd.DataFrame({"x": [100 * constant]})).mark_rule(strokeDash=[4, 4], color=GREY)
        chart = alt.layer(
            baseline.encode(x=alt.X("x:Q").scale(scale).title("mean box IoU, percent")),
            base.mark_rule(strokeWidth=2).encode(x=alt.X("low:Q"), x2="high:Q"),
            base.mark_point(filled=True, size=70, opacity=1).encode(
                x="IoU:Q", shape=_looks(alt.Shape("average:N"), [WEIGHTED, MACRO], ["circle", "diamond"])
            ),
        )
        best = own.dropna(subset="IoU").sort_values("IoU").groupby("average")["setting"].last().to_dict()
        text = "; ".join(f"{name}: {setting} is highest" for name, setting in best.items())
        height = own["label"].nunique() * max(2 * _LINE_HEIGHT, _LABEL_HEIGHT * lines + 8)
        alternative = f"{network}, mean IoU of each setting with 95 % intervals. {text}."
        yield Chart(network, alternative, spec(chart, height), f"Dashed: {CONSTANT}, image-weighted.")


def contrasts(found: Sequence[Contrast]) -> Iterator[Chart]:
    """The planned differences as forest plots, one for each network and one for all, on one scale."""
    rows = pd.DataFrame(
        {
            "scope": one.scope,
            "question": " - ".join(one.question.names),
            "points": 100 * one.effect.mean,
            "low": 100 * one.effect.low,
            "high": 100 * one.effect.high,
            "state": BOTH_BELOW if one.verdict == BOTH_BELOW else one.state,
            "verdict": one.verdict,
        }
        for one in found
    )
    scale = alt.Scale(domain=_domain(rows), nice=False)
    states = [state for state in _STATES if (rows["state"] == state).any()]
    colors, shapes = zip(*(_STATES[state] for state in states), strict=True)
    for scope in dict.fromkeys(one.scope for one in found):
        own = rows[rows["scope"] == scope]
        base = alt.Chart(own).encode(
            y=alt.Y("question:N").sort([*own["question"]]).title(None).axis(labelLimit=300),
            color=_looks(alt.Color("state:N"), states, colors),
            tooltip=["question:N", "verdict:N", *numbers("+.1f", "points", "low", "high")],
        )
        x = alt.X("low:Q").scale(scale).title("points of mean box IoU").axis(tickCount=7)
        chart = alt.layer(
            alt.Chart(pd.DataFrame({"x": [0]})).mark_rule(color=GREY).encode(x="x:Q"),
            base.mark_rule(strokeWidth=2).encode(x=x, x2="high:Q"),
            base.mark_point(filled=True, size=80, opacity=1).encode(
                x="points:Q", shape=_looks(alt.Shape("state:N"), states, shapes)
            ),
        )
        text = ". ".join(f"{one.verdict} ({points(one.effect.mean)} points)" for one in found if one.scope == scope)
        yield Chart(
            scope,
            f"{scope}: planned differences; intervals by Holm's correction. {text}.",
            spec(chart, _LINE_HEIGHT * len(own)),
        )


def _labels(lines: int) -> alt.Axis:
    """An axis whose labels have several lines; the longest one is in the middle of its row."""
    shift = -_LABEL_HEIGHT * (lines - 1) / 2
    split = "split(datum.label, '\\n')"
    return alt.Axis(labelLimit=280, labelLineHeight=_LABEL_HEIGHT, labelExpr=split, labelOffset=shift)


def _in_lines(settings: pd.Series[str]) -> pd.Series[str]:
    """Names of settings, broken after a comma where they are long."""
    return settings.map(lambda name: "\n".join(textwrap.wrap(name, _LABEL, break_on_hyphens=False)))


def _domain(rows: pd.DataFrame) -> list[float]:
    """All ends and 0, with a little room."""
    ends = [*rows[["low", "high", "points"]].to_numpy().ravel(), 0.0]
    low, high = float(np.nanmin(ends)), float(np.nanmax(ends))
    room = 0.04 * (high - low) or 1.0
    return [low - room, high + room]


def _looks(channel: Any, names: Sequence[str], looks: Sequence[str]) -> Any:  # noqa: ANN401 - of any channel's type
    """Colour and shape say the same, in one legend."""
    return channel.scale(domain=[*names], range=[*looks]).legend(orient="bottom", columns=1).title(None)
