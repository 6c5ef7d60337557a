"""Figures of searches, and of how validation relates to photographs."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from ablate.report.page import palette
from ablate.report.page.charts import GREY, Chart, numbers, spec
from ablate.results.search_record import Found
from ablate.stats.importance import FieldImportance, field_importances
from ablate.stats.search_histories import History
from ablate.stats.settings import PAPER_SETTINGS, in_paper_order, model_title

_SCORES = ["#9aa3ad", "#d55e00"]  # both can be seen on a light and on a dark page
_DONE, _STOPPED = "trained to its end", "stopped early"
_SHAPES = ("circle", "square", "triangle-up", "diamond", "cross")


def search_figures(history: History) -> Iterator[Chart]:
    """Values and scores of each cell, and what each field has to do with them."""
    cells = sorted({one.member.cell for one in history.found})
    for cell in cells:
        found = [one for one in history.found if one.member.cell == cell and one.score is not None]
        if len(found) > 1:
            yield _parallel(found, f" (cell {cell})" if len(cells) > 1 else "")
            yield from _importance(found, f" (cell {cell})" if len(cells) > 1 else "")


def validation(points: pd.DataFrame) -> Chart:
    """Each trial's validation IoU against its IoU on photographs.

    Args:
        points: see `ablate.stats.validation.points`.
    """
    shown = points.assign(
        validation=100 * points["val_iou"],
        photographs=100 * points["iou"],
        network=points["model"].map(model_title),
        of=np.where(points["search"].isna(), "a grid", "a search"),
    )[["name", "network", "setting", "of", "validation", "photographs"]]
    colours = palette.of_settings(in_paper_order(shown["setting"], PAPER_SETTINGS))
    networks = list(dict.fromkeys(shown["network"]))
    shapes = [_SHAPES[number % len(_SHAPES)] for number in range(len(networks))]
    legend = alt.Legend(orient="bottom", columns=2, labelLimit=260)
    chart = (
        alt.Chart(shown)
        .mark_point(filled=True, size=80, opacity=0.85)
        .encode(
            x=alt.X("validation:Q")
            .title("validation IoU on synthetic images, percent")
            .scale(zero=False)
            .axis(tickCount=8),
            y=alt.Y("photographs:Q").title("box IoU on photographs, percent"),
            color=alt.Color("setting:N", title=None, legend=legend).scale(domain=[*colours], range=[*colours.values()]),
            shape=alt.Shape("network:N", title=None, legend=legend).scale(domain=networks, range=shapes),
            tooltip=["name:N", "network:N", "setting:N", "of:N", *numbers(".1f", "validation", "photographs")],
        )
    )
    text = (
        f"{len(shown)} trials: validation IoU from {shown['validation'].min():.0f} to {shown['validation'].max():.0f}"
    )
    text += f" %, on photographs from {shown['photographs'].min():.0f} to {shown['photographs'].max():.0f} %."
    return Chart("Validation against photographs", text, spec(chart, 320))


def _parallel(found: Sequence[Found], where: str) -> Chart:
    """A line for each trial over the fields, each from its lowest to its highest value."""
    fields = [*found[0].member.values]
    rows, ends = [], []
    for at, field in enumerate([*fields, "score"]):
        values = [100 * (one.score or 0.0) if field == "score" else one.member.values[field] for one in found]
        places, low, high = _places(values, found[0].member.domains.get(field, "").startswith("log"))
        ends += [{"at": at, "y": -0.07, "text": low}, {"at": at, "y": 1.07, "text": high}]
        rows += [
            {
                "trial": one.member.number,
                "at": at,
                "y": place,
                "score": 100 * (one.score or 0.0),
                "end": _DONE if one.status == "done" else _STOPPED,
                "field": field,
                "value": _shown(value),
            }
            for one, place, value in zip(found, places, values, strict=True)
        ]
    names = json.dumps([field.split("_") for field in [*fields, "score, %"]])
    x = (
        alt.X("at:Q")
        .title(None)
        .scale(domain=[-0.3, len(fields) + 0.3])
        .axis(
            values=list(range(len(fields) + 1)),
            labelExpr=f"{names}[datum.value]",
            grid=True,
            labelOverlap=False,
            labelFontSize=11,
        )
    )
    lines = (
        alt.Chart(pd.DataFrame(rows))
        .mark_line(point=alt.OverlayMarkDef(size=25))
        .encode(
            x=x,
            y=alt.Y("y:Q").title(None).axis(None).scale(domain=[-0.12, 1.12]),
            detail="trial:N",
            color=alt.Color("score:Q").scale(range=_SCORES).title("score, percent").legend(orient="bottom"),
            strokeDash=alt.StrokeDash("end:N", legend=None).scale(domain=[_DONE, _STOPPED], range=[[], [4, 4]]),
            tooltip=["trial:Q", "end:N", "field:N", "value:N", *numbers(".1f", "score")],
        )
    )
    labels = alt.Chart(pd.DataFrame(ends)).mark_text(color=GREY, fontSize=11).encode(x=x, y="y:Q", text="text:N")
    best = max(found, key=lambda one: (one.status == "done", one.score or 0.0))
    had = ", ".join(f"{field} {_shown(value)}" for field, value in best.member.values.items())
    text = f"{len(found)} trials over {', '.join(fields)}. The best: {had}."
    return Chart(f"Values and scores{where}", text, spec(alt.layer(lines, labels), 300), f"Dashed: {_STOPPED}.")


def _importance(found: Sequence[Found], where: str) -> Iterator[Chart]:
    of_cell = field_importances(found)
    if of_cell is None:
        return
    known = [one for one in of_cell.fields if not math.isnan(one.strength)]
    if not known:
        return
    rows = pd.DataFrame({"field": one.field, "strength": abs(one.strength), "sign": _sign(one)} for one in known)
    signs = ["more is better", "less is better", "a choice", "not settled"]
    chart = (
        alt.Chart(rows)
        .mark_bar()
        .encode(
            x=alt.X("strength:Q").title("rank correlation with the score, unsigned").scale(domain=[0, 1]),
            y=alt.Y("field:N").sort([*rows["field"]]).title(None).axis(labelLimit=200),
            color=alt.Color("sign:N", title=None)
            .scale(domain=signs, range=["#0072b2", "#d55e00", "#009e73", GREY])
            .legend(orient="bottom", columns=1),
            tooltip=["field:N", "sign:N", *numbers(".2f", "strength")],
        )
    )
    text = "; ".join(f"{row.field} {row.strength:.2f}, {row.sign}" for row in rows.itertuples())
    note = (
        f"Of {of_cell.trials} trials, all compared after epoch {of_cell.epochs}; joint effects of two fields are not "
        "seen. Settled: at 5 % by Holm's correction over these fields, as if values had been drawn at random; for a "
        "search that follows its earlier successes this is less certain."
    )
    yield Chart(f"What has to do with the score{where}", text, spec(chart, 26 * len(rows) + 20), note)


def _sign(one: FieldImportance) -> str:
    if not one.settled:
        return "not settled"
    return "a choice" if one.is_choice else "more is better" if one.strength > 0 else "less is better"


def _places(values: Sequence[Any], by_factors: bool) -> tuple[list[float], str, str]:
    """Where values lie between the lowest, 0, and the highest, 1; and what these are. Choices lie evenly.

    Args:
        by_factors: equal ratios are equally far.
    """
    if not all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        order = sorted({str(value) for value in values})
        step = 1 / max(1, len(order) - 1)
        return [order.index(str(value)) * step for value in values], order[0], order[-1]
    found = np.array(values, dtype=float)
    scaled = np.log(found) if by_factors else found
    span = scaled.max() - scaled.min()
    places = (scaled - scaled.min()) / span if span else np.full(len(found), 0.5)
    return [float(place) for place in places], _shown(found.min()), _shown(found.max())


def _shown(value: object) -> str:
    return format(float(value), ".3g") if isinstance(value, float | np.floating) else str(value)
