"""The tables in a terminal or a pipe."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

from ablate.identity import PlannedTrial
from ablate.report import captions, document
from ablate.report.document import Section
from ablate.stats import scores
from ablate.stats.scores import Group

_WIDTH = 100  # of what goes into a pipe, and of notes
_NARROWEST = 80

Lines = Iterator[Text | str]


def print_tables(
    out: Path,
    trials: Sequence[str] | None = None,
    planned: Sequence[PlannedTrial] | None = None,
    compare: bool = False,
) -> None:
    """Prints the paper's Tables 1-4 of a folder of results, then averages with intervals, and contrasts.

    Args:
        trials: only these; None for all.
        planned: trials that should be there; those that are not, print as missing.
        compare: also print the paper's published numbers beside these.
    """
    console = Console(highlight=False)
    starred, limit = _starred(console), _limit(console)
    groups = scores.build(out, trials, planned)
    if not groups:
        console.print(f"No trial has finished in {out} yet.", markup=False, soft_wrap=True)
    number = 0  # of the last table
    for group in groups:
        if group.protocol.main:
            number = 0
        for line in _heading(group, several=len({one.digest for one in groups}) > 1):
            console.print(line, markup=False, soft_wrap=True)
        sections = [*document.sections(group, starred, limit, compare)]
        for line in _lines(group, sections, number + 1, limit):
            console.print(line, markup=False, soft_wrap=True)
        number += len(sections)
    if trials is None:
        _print(console, document.appendix(out, starred), limit)


def print_search(out: Path, search: str) -> None:
    """Prints what a search tried and found.

    Args:
        search: its id.
    """
    console = Console(highlight=False)
    sections = [*document.appendix(out, _starred(console), search)]
    if not sections:
        console.print(f"The search has tried nothing in {out} yet.", markup=False, soft_wrap=True)
    _print(console, sections, _limit(console))


def _print(console: Console, sections: Iterable[Section], limit: int) -> None:
    """Prints sections that have no number."""
    for section in sections:
        console.print()
        console.print(Text(section.title, style="bold"), soft_wrap=True)
        console.print()
        for grid in section.grids:
            for line in (*grid.lines(), "", *_wrapped(section.remarks, limit), *section.commands):
                console.print(line, markup=False, soft_wrap=True)


def _starred(console: Console) -> bool:
    """A terminal that can show bold is shown bold; everything else gets a star."""
    return not console.is_terminal or console.color_system is None


def _limit(console: Console) -> int:
    return max(console.width, _NARROWEST) if console.is_terminal else _WIDTH


def _heading(group: Group, several: bool) -> Lines:
    """Of which photographs and which protocol the tables are, where there are several."""
    if several and group.protocol.main:
        yield Text(f"Tested on photographs {(group.digest or '(unknown)')[:12]}\n", style="bold underline")
    if group.others and group.protocol.main:
        yield from _wrapped([captions.protocols_note(group)], _WIDTH)
        yield ""
    if not group.protocol.main:
        text = f"Another protocol: {group.protocol.title}; {group.protocol.about}"
        for line in textwrap.wrap(text, _WIDTH, subsequent_indent="  "):
            yield Text(line, style="bold underline")
        yield ""


def _lines(group: Group, sections: Sequence[Section], first: int, limit: int) -> Lines:
    """Args: first: number of the first table."""
    if group.photographs is None:
        yield "No trial is done, so there are no numbers yet."
        yield ""
    for number, section in enumerate(sections, start=first):
        if section.grids:
            yield ""
            for line in textwrap.wrap(f"Table {number}. {section.title}", min(limit, _WIDTH), subsequent_indent="  "):
                yield Text(line, style="bold")
            yield ""
        else:
            yield Text(section.title, style="bold")
        for grid in section.grids:
            yield from grid.lines()
            yield ""
        yield from _wrapped([*section.remarks, *section.unfinished], limit)
    yield ""


def _wrapped(notes: Iterable[str], limit: int) -> Lines:
    for note in notes:
        width = min(limit, _WIDTH)
        for line in textwrap.wrap(note, width, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False):
            yield line.replace(captions.NO_BREAK, " ")
