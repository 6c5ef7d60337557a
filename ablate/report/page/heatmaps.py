"""The networks' tables as heat maps, and a page for each location."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from ablate.metrics.outcome import OUTCOMES
from ablate.report.document import Section
from ablate.report.layout import plural
from ablate.report.number_format import percent
from ablate.report.page import html, palette
from ablate.report.page.html import heat_cell, text
from ablate.stats.intervals import Estimate
from ablate.stats.scores import Group, NetworkTable
from ablate.stats.summary import Key, Summary, location_estimates
from ablate.stats.test_set import MACRO, WEIGHTED

Estimates = Mapping[str, Mapping[Key, Estimate]]  # by model


def estimates(group: Group) -> Estimates:
    """Of each network, each setting's mean at each location."""
    return {table.model: location_estimates(table, group) for table in group.tables}


def _brightest(found: Estimates, group: Group) -> float:
    """The highest mean of the listed locations: one scale for all tables, so that a colour means the same in all."""
    assert group.photographs is not None
    listed = group.photographs.listed
    means = [one.mean for of_model in found.values() for (_, at), one in of_model.items() if at in listed]
    return max((mean for mean in means if not math.isnan(mean)), default=1.0) or 1.0


def network(table: NetworkTable, section: Section, group: Group, own: Sequence[Summary], found: Estimates) -> str:
    """One network's table, with the title and the notes of its section.

    Args:
        own: the network's summaries.
    """
    assert group.photographs is not None
    settings = [str(setting) for setting in table.mean.columns]
    known = {one.setting: one for one in own}
    top = _brightest(found, group)
    counts = group.photographs.counts["animal"]
    rows = []
    for location in group.photographs.listed:
        means = {name: found[table.model].get((name, location)) for name in settings}
        cells = _cells(means, table, top, group.protocol.judges)
        rows.append(html.row(location, f"<td class=n>{counts[location]}</td>{cells}"))
    for label, kind in ((WEIGHTED, "weighted"), (MACRO, "macro")):
        averages = {name: getattr(known[name], kind) if name in known else None for name in settings}
        cells = _cells(averages, table, top, group.protocol.judges)
        rows.append(html.row(label, f"<td class=n></td>{cells}", " class=strong"))
    small = "Small: 95 % interval. Clusters are the sequences of a location and the locations of an average."
    table_of = _table(section.title, ("location", "n", *settings), rows)
    return table_of + html.notes([small, *section.remarks, *section.unfinished])


def _cells(means: Mapping[str, Estimate | None], table: NetworkTable, top: float, marked: bool) -> str:
    """Args: marked: the highest stands out."""
    known = [one.mean for one in means.values() if one is not None and not math.isnan(one.mean)]
    highest = max(known) if marked and len(known) > 1 and max(known) - min(known) > 1e-9 else math.inf
    return "".join(
        heat_cell(one, top, best=one is not None and abs(one.mean - highest) < 1e-9, absent=table.status(setting))
        for setting, one in means.items()
    )


def locations(group: Group, found: Estimates, outcomes: pd.DataFrame, prefix: str) -> Iterator[str]:
    """A page for each location: scores of all networks and settings, and how they came about.

    Args:
        outcomes: number of photographs by trial and location (index) and outcome (columns).
    """
    assert group.photographs is not None
    for name, counts in group.photographs.counts.iterrows():
        location = str(name)
        parts = [
            f'<article class=location id="{prefix}-location-{text(location)}" data-location="{text(location)}" hidden>',
            f"<h4>Location {text(location)}</h4>",
            f"<p>{plural(counts['animal'], 'photograph')} with an animal, {counts['empty']} without.</p>",
            _scores(group, found, location) if counts["animal"] else "",
            _outcomes(group, outcomes, location),
            "<p><button type=button class=jump>Show its photographs in the gallery</button></p></article>",
        ]
        yield "".join(parts)


def _scores(group: Group, found: Estimates, location: str) -> str:
    assert group.photographs is not None
    settings = list(dict.fromkeys(str(name) for table in group.tables for name in table.mean.columns))
    top = _brightest(found, group)
    rows = []
    for table in group.tables:
        means = (found[table.model].get((name, location)) for name in settings)
        rows.append(html.row(table.title, "".join(heat_cell(one, top, best=False) for one in means)))
    title = f"Mean box IoU at location {location}, percent"
    others = group.photographs.baseline(("location", location)).items()
    note = f"Not trained here: {', '.join(f'{name} {percent(value)}' for name, value in others)}."
    return _table(title, ("network", *settings), rows) + html.notes([note])


def _outcomes(group: Group, outcomes: pd.DataFrame, location: str) -> str:
    here = outcomes.xs(location, level="location")
    names = [name for name in OUTCOMES if name in outcomes.columns]
    rows = []
    for label, trials in _scored(group):
        counts = [int(here.loc[here.index.isin(trials), name].sum()) for name in names]
        if sum(counts):
            rows.append(html.row(label, "".join(_share(count / sum(counts)) for count in counts)))
    if not rows:
        return ""
    headers = ("network, setting", *(name.replace("_", " ") for name in names))
    return _table(f"Outcomes at location {location}, percent of its photographs", headers, rows, '"heat outcomes"')


def _table(title: str, headers: Sequence[str], rows: Sequence[str], classes: str = "heat") -> str:
    head = "".join(f'<th scope="col">{text(header)}</th>' for header in headers)
    inside = f"<caption>{text(title)}</caption><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody>"
    return html.scrolling(f"<table class={classes}>{inside}</table>", title)


def _scored(group: Group) -> Iterator[tuple[str, list[str]]]:
    """Everything that was scored, by what a person calls it: the trials of each setting, then each detector."""
    for table in group.tables:
        yield from ((f"{table.title}, {setting}", [*trials["trial"]]) for setting, trials in table.by_setting())
    for name, trial in zip(group.detectors["model"], group.detectors["trial"], strict=True):
        yield str(name), [trial]


def _share(share: float) -> str:
    if share == 0:
        return "<td>0</td>"
    ground, ink = palette.heat(share)
    return f'<td class=heat style="background:{ground};color:{ink}">{100 * share:.0f}</td>'
