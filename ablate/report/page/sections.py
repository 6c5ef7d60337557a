"""What the page shows of one set of photographs, section by section."""

from __future__ import annotations

import string
from collections.abc import Iterator, Sequence
from importlib import resources
from pathlib import Path

from ablate.data.root import Data
from ablate.report import document
from ablate.report.document import Section
from ablate.report.page import amounts, counts, curves, estimates, heatmaps, html, winners
from ablate.report.page.charts import Chart
from ablate.report.page.gallery import Gallery, gallery
from ablate.report.page.highlights import group_highlights
from ablate.report.page.html import text
from ablate.results.reader import dataset
from ablate.stats.hit_rates import hit_rates
from ablate.stats.scores import Group
from ablate.stats.summary import Summary, detectors, differences, of_network, summaries

_NO_LIMIT = 10**6  # a page scrolls: no table is cut into parts
_PLACES = {
    "tables": "Tables",
    "figures": "Learning curves",
    "locations": "Locations",
    "gallery": "Gallery",
    "pairs": "A against B",
}


class PhotographSections:
    """What the page shows of one set of photographs."""

    def __init__(self, out: Path, group: Group, number: int, data: Data | None, compare: bool) -> None:
        self._out, self._group, self._data, self._compare = out, group, data, compare
        self._prefix = f"p{number}"
        self._summaries: Sequence[Summary] = summaries(group)
        self._contrasts = differences(group) if self._summaries and group.protocol.judges else ()

    def html(self, alone: bool) -> str:
        """All of its sections; `alone`: there are no other photographs."""
        heading = "" if alone else f"<h2>Photographs {text((self._group.digest or '(unknown)')[:12])}</h2>"
        if not self._group.protocol.main:
            heading = f"<h2>Another protocol: {text(self._group.protocol.title)}</h2>"
        return f"<div class=part id={self._prefix}>{heading}{''.join(self._sections())}</div>"

    def links(self, alone: bool) -> str:
        """To the sections."""
        named = "" if alone else f"{text((self._group.digest or '?')[:6])}: "
        if not self._group.protocol.main:
            return f'<a href="#{self._prefix}-tables">{named}{text(self._group.protocol.title)}</a>'
        places = _PLACES if self._group.photographs is not None else {"tables": "Tables"}
        return "".join(f'<a href="#{self._prefix}-{place}">{named}{label}</a>' for place, label in places.items())

    def _sections(self) -> Iterator[str]:
        found = heatmaps.estimates(self._group)
        yield f'<section id="{self._prefix}-tables">'
        yield from self._tables(found)
        yield "</section>"
        if self._group.photographs is None:
            return
        yield f'<section id="{self._prefix}-figures"><h3>Learning curves</h3>'
        yield html.charts(curves.learning(self._group)) + "</section>"
        if not self._group.protocol.main:
            yield "<p>Locations and photographs: of the main protocol; ablate.report where=... shows these trials.</p>"
            return
        yield from self._locations(found)
        yield from self._pictures()

    def _tables(self, found: heatmaps.Estimates) -> Iterator[str]:
        group = self._group
        sections = document.sections(group, starred=False, limit=_NO_LIMIT, compare=self._compare)
        if group.photographs is None:
            yield "<p>No trial is done, so there are no numbers yet.</p>"
            yield from (f"<h3>{text(one.title)}</h3>{html.notes(one.unfinished)}" for one in sections)
            return
        lines = group_highlights(group, self._summaries, self._contrasts)
        yield f"<h3>In short</h3><ul class=short>{''.join(f'<li>{text(line)}</li>' for line in lines)}</ul>"
        networks = iter(group.tables)
        for section in sections:
            if section.key == "network":
                table = next(networks)
                own = of_network(self._summaries, table.model)
                yield f"<h3>{text(section.title)}</h3>" + heatmaps.network(table, section, group, own, found)
            else:
                yield self._section(section)

    def _section(self, section: Section) -> str:
        """A table with its figure, if it has one; the numbers then are shown when asked for."""
        numbers = html.figures_and_tables(self._charts(section.key), section.grids, section.title)
        why = self._winners() if section.key == "averages" else ""
        said = html.notes([*section.remarks, *section.unfinished])
        return f"<h3>{text(section.title)}</h3>{numbers}{said}{why}"

    def _charts(self, key: str) -> Iterator[Chart]:
        group, photographs = self._group, self._group.photographs
        assert photographs is not None
        match key:
            case "photographs":
                yield counts.photographs(photographs)
            case "averages":
                yield from estimates.averages([*self._summaries, *detectors(group)], photographs)
                yield from amounts.by_images(group, self._summaries)
            case "contrasts":
                yield from estimates.contrasts(self._contrasts)
            case "hits":
                yield from curves.hit_rates(hit_rates(group))
            case "limits":
                images = dataset(self._out, "images", self._done())
                chart = counts.limits(images.to_table(columns=["iou", "mask_iou"]).to_pandas())
                if chart:
                    yield chart

    def _winners(self) -> str:
        """Why the averages name different winners: here, where they do, and in the paper."""
        photographs = self._group.photographs
        assert photographs is not None
        here = [sentence for table in self._group.tables for sentence in winners.explain_winners(table, photographs)]
        grid, why = winners.paper_averages()
        inside = "".join(f"<p>{text(sentence)}</p>" for sentence in here) or "<p>Here both name the same.</p>"
        title = "The paper's U-Net: mean box IoU in percent at its eleven listed locations"
        return f"<h4>Why two averages can have two winners</h4>{inside}<p>{text(why)}</p>{html.table(grid, title)}"

    def _locations(self, found: heatmaps.Estimates) -> Iterator[str]:
        assert self._group.photographs is not None
        scored = [*self._done(), *map(str, self._group.detectors["trial"])]
        rows = dataset(self._out, "images", scored).to_table(columns=["trial", "location", "outcome"])
        outcomes = rows.to_pandas().groupby(["trial", "location"])["outcome"].value_counts().unstack(fill_value=0)
        names = (text(name) for name in self._group.photographs.counts.index)
        options = "".join(f'<option value="{name}">{name}</option>' for name in names)
        yield (
            f'<section id="{self._prefix}-locations" class=locations><h3>Location by location</h3>'
            f"<p><label>Location <select class=place>{options}</select></label> "
            "<button type=button class=previous>Previous</button> <button type=button class=next>Next</button></p>"
        )
        yield from heatmaps.locations(self._group, found, outcomes, self._prefix)
        yield "</section>"

    def _pictures(self) -> Iterator[str]:
        shown = self._gallery()
        if shown is None:
            yield f'<section id="{self._prefix}-gallery"><h3>Gallery</h3><p>{text(self._no_gallery())}</p></section>'
            return
        said, photographs = html.notes(shown.notes), html.packed(shown.data)
        template = string.Template(file("gallery.html"))
        yield template.substitute(prefix=self._prefix, notes=said, data=photographs)

    def _gallery(self) -> Gallery | None:
        if self._data is None or self._data.manifest.photographs_of(self._group.digest) is None:
            return None
        return gallery(self._out, self._group, self._data)

    def _no_gallery(self) -> str:
        if self._data is None:
            return "The photographs were not found; type data=... to say where they are."
        return f"The photographs of data={self._data.place} are not those of these trials."

    def _done(self) -> list[str]:
        trials = self._group.trials
        return [str(trial) for trial in trials.loc[trials["status"] == "done", "trial"]]


def file(name: str) -> str:
    """A piece of the page that is no Python."""
    return (resources.files(__package__) / name).read_text()
