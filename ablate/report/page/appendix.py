"""What the page shows that is not of one set of photographs: searches, and validation against photographs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ablate.report import document
from ablate.report.document import Section
from ablate.report.page import html, search_figures
from ablate.report.page.charts import Chart
from ablate.report.page.html import text
from ablate.stats import validation
from ablate.stats.search_histories import histories

_PLACES = {"search": "Searches", "validation": "Validation"}


class Appendix:
    """The sections of `document.appendix`, with their figures."""

    def __init__(self, out: Path, search: str | None = None) -> None:
        self._sections = list(document.appendix(out, starred=False, search=search))
        figures = [[*search_figures.search_figures(history)] for history in histories(out, search)]
        self._figures: dict[str, Iterator[list[Chart]]] = {"search": iter(figures)}
        if search is None:
            found = validation.by_photographs(out)
            self._figures["validation"] = iter([[search_figures.validation(one)] for one in found])

    def links(self) -> str:
        """To the first section of each kind."""
        return "".join(f'<a href="#beyond-{key}">{_PLACES[key]}</a>' for key in self._first())

    def html(self) -> str:
        """All sections."""
        first = self._first()
        return "".join(self._html(section, first[section.key] is section) for section in self._sections)

    def _first(self) -> dict[str, Section]:
        return {section.key: section for section in reversed(self._sections)}

    def _html(self, section: Section, named: bool) -> str:
        place = f' id="beyond-{section.key}"' if named else ""
        numbers = html.figures_and_tables(next(self._figures[section.key]), section.grids, section.title)
        said = html.notes(section.remarks) + "".join(map(html.command, section.commands))
        return f"<section{place}><h3>{text(section.title)}</h3>{numbers}{said}</section>"
