"""Pieces of the page as HTML text. Everything that comes from data is escaped here."""

from __future__ import annotations

import base64
import gzip
import html
import json
import math
from collections.abc import Iterable, Iterator, Sequence

from ablate.report.captions import NO_BREAK
from ablate.report.number_format import interval, percent
from ablate.report.page import palette
from ablate.report.page.charts import Chart
from ablate.report.text_grid import Cell, Grid, is_heading
from ablate.stats.intervals import Estimate


def text(value: object) -> str:
    """Anything as text, also within quotes."""
    return html.escape(str(value).replace(NO_BREAK, "\N{NO-BREAK SPACE}"))


def embedded(value: object) -> str:
    """JSON that may stand within a script element."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def packed(value: object) -> str:
    """JSON, gzipped, as base64: what is too large to stand as it is."""
    return base64.b64encode(gzip.compress(json.dumps(value, separators=(",", ":")).encode(), 6, mtime=0)).decode()


def table(grid: Grid, caption: str) -> str:
    """A table as a terminal has it; it scrolls by itself where the page is narrow."""
    head = "".join(f'<th scope="col"{_side(grid, at)}>{text(header)}</th>' for at, header in enumerate(grid.headers))
    body = "".join(_rows(grid))
    return scrolling(
        f"<table><caption>{text(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>", caption
    )


def scrolling(table_html: str, label: str) -> str:
    """A part that scrolls sideways, also by the keyboard."""
    return f'<div class=scroll tabindex=0 role=region aria-label="{text(label)}">{table_html}</div>'


def _rows(grid: Grid) -> Iterator[str]:
    """A rule between two rows becomes a line over the second."""
    ruled = False
    for row in grid.rows:
        if row is not None:
            yield f"<{'tr class=rule' if ruled else 'tr'}>{_cells(grid, row)}</tr>"
        ruled = row is None


def _cells(grid: Grid, row: Sequence[Cell]) -> str:
    name, *values = row
    if is_heading(row):
        return f'<th scope="rowgroup" colspan="{len(row)}" class=group>{text(name.text)}</th>'
    return f'<th scope="row">{text(name.text.strip())}</th>' + "".join(
        f"<td{_side(grid, at)}>{_value(cell)}</td>" for at, cell in enumerate(values, start=1)
    )


def _side(grid: Grid, column: int) -> str:
    return " class=left" if column in grid.left else ""


def _value(cell: Cell) -> str:
    tag = "b" if cell.bold else "i" if cell.faint else ""
    return f"<{tag}>{text(cell.text)}</{tag}>" if tag else text(cell.text)


def heat_cell(estimate: Estimate | None, top: float, best: bool, absent: str = "-") -> str:
    """A mean with its interval on a colour of its height.

    Args:
        top: the mean that has the brightest colour.
        absent: what to say where there is no mean.
    """
    if estimate is None or math.isnan(estimate.mean):
        return f"<td class=absent>{text(absent)}</td>"
    ground, ink = palette.heat(estimate.mean / top if top else 0.0)
    mean = f"<b>{percent(estimate.mean)}</b> <span class=best>highest</span>" if best else percent(estimate.mean)
    ends = "" if math.isnan(estimate.low) else f"<small>{interval(estimate)}</small>"
    return f'<td class=heat style="background:{ground};color:{ink}">{mean}{ends}</td>'


def _chart(one: Chart) -> str:
    """A figure's place; the browser draws it from the specification within."""
    note = f"<figcaption>{text(one.note)}</figcaption>" if one.note else ""
    plot = f'<div class=plot role=img aria-label="{text(one.alt)}"></div>'
    spec = f"<script type=application/json class=spec>{embedded(one.spec)}</script>"
    return f"<figure class=chart><h4>{text(one.title)}</h4>{plot}{spec}{note}</figure>"


def charts(found: Iterable[Chart]) -> str:
    """Figures side by side, where the page is wide enough."""
    drawn = "".join(_chart(one) for one in found)
    return f"<div class=charts>{drawn}</div>" if drawn else ""


def figures_and_tables(found: Iterable[Chart], grids: Iterable[Grid], title: str) -> str:
    """A section's figures; its tables are then shown when asked for."""
    drawn, tables = charts(found), "".join(table(grid, title) for grid in grids)
    if not drawn:
        return tables
    return f"{drawn}<details><summary>The numbers as a table</summary>{tables}</details>"


def notes(lines: Iterable[str]) -> str:
    """Sentences under a table or a figure."""
    items = "".join(f"<li>{text(line)}</li>" for line in lines)
    return f"<ul class=notes>{items}</ul>" if items else ""


def command(line: str) -> str:
    """What a person may copy into a shell."""
    return f"<pre class=command tabindex=0><code>{text(line)}</code></pre>"


def row(name: str, cells: str, of_row: str = "") -> str:
    """A row of a table whose cells are HTML; `of_row`: attributes."""
    return f'<tr{of_row}><th scope="row">{text(name)}</th>{cells}</tr>'
