"""A figure of the page: a Vega-Lite specification, made here and drawn by the browser."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import altair as alt

GREY = "#8c8c8c"  # of what is there to compare with


@dataclass(frozen=True)
class Chart:
    """A figure.

    Attributes:
        title: over it; alt: what it shows, for those who cannot see it; note: under it.
        spec: Vega-Lite, without a theme.
    """

    title: str
    alt: str
    spec: dict[str, Any]
    note: str = ""


def spec(chart: Any, height: int) -> dict[str, Any]:  # noqa: ANN401 - any kind of Altair's charts
    """As wide as the page gives it room."""
    with alt.data_transformers.enable("default", max_rows=None):
        made: dict[str, Any] = chart.properties(width="container", height=height).to_dict()
    made.pop("config", None)  # the page has its own theme, light or dark
    return made


def numbers(form: str, *keys: str) -> list[alt.Tooltip]:
    """The numbers that a tooltip shows."""
    return [alt.Tooltip(f"{key}:Q", format=form) for key in keys]
