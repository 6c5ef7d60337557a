"""The tables in a terminal or a pipe."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from itertools import count
from pathlib import Path

from rich.console import Console
from rich.text import Text

from ablate.plan import PlannedTrial
from ablate.report import answers, captions, layout, tables
from ablate.report.contrasts import contrasts
from ablate.report.summary import summaries
from ablate.report.tables import Group

_WIDTH = 100  # of what goes into a pipe, and of notes
_NARROWEST = 80

Lines = Iterator[Text | str]


def print_tables(out: Path, trials: Sequence[str] | None = None, planned: Sequence[PlannedTrial] | None = None) -> None:
    """Prints the paper's Tables 1-4 of a folder of results.

    Args:
        trials: only these; None for all.
        planned: trials that should be there; those that are not, print as missing.
    """
    console = Console(highlight=False)
    # A terminal that can show bold is shown bold; everything else gets a star.
    starred = not console.is_terminal or console.color_system is None
    limit = max(console.width, _NARROWEST) if console.is_terminal else _WIDTH
    groups = tables.build(out, trials, planned)
    if not groups:
        console.print(f"No trial has finished in {out} yet.", markup=False, soft_wrap=True)
    for group in groups:
        if len(groups) > 1:
            console.print(Text(f"Tested on photographs {(group.digest or '(unknown)')[:12]}\n", style="bold underline"))
        for line in _lines(group, starred, limit):
            console.print(line, markup=False, soft_wrap=True)


def _lines(group: Group, starred: bool, limit: int) -> Lines:
    if group.photographs is None:
        yield "No trial is done, so there are no numbers yet."
        yield ""
        for table in group.tables:
            yield Text(captions.network_title(table), style="bold")
            yield from _wrapped(captions.unfinished(table), limit)
            yield ""
        return
    numbers = count(1)
    yield from _titled(next(numbers), captions.photographs_title(group.photographs))
    yield from layout.photographs_grid(group.photographs).lines()
    yield ""
    yield from _wrapped(captions.photographs_notes(group.photographs), limit)
    for table in group.tables:
        yield from _titled(next(numbers), captions.network_title(table))
        for grid in layout.network_grids(table, group.photographs, starred, limit):
            yield from grid.lines()
            yield ""
        yield from _wrapped(captions.network_notes(table, group.photographs, starred), limit)
        yield from _wrapped(captions.unfinished(table), limit)
    yield from _answers(group, numbers, limit)
    yield ""


def _answers(group: Group, numbers: Iterator[int], limit: int) -> Lines:
    """The averages with their intervals, and the planned contrasts that these trials can answer."""
    found = summaries(group)
    if found:
        yield from _titled(next(numbers), answers.SUMMARY_TITLE)
        yield from answers.summary_grid(found).lines()
        yield ""
        yield from _wrapped(answers.summary_notes(found), limit)
    compared = contrasts(group.iou, group.trials, group.location)
    if compared:
        yield from _titled(next(numbers), answers.CONTRASTS_TITLE)
        yield from answers.contrasts_grid(compared).lines()
        yield ""
        yield from _wrapped(answers.contrasts_notes(compared), limit)


def _titled(number: int, title: str) -> Lines:
    yield ""
    yield Text(f"Table {number}. {title}", style="bold")
    yield ""


def _wrapped(notes: Iterable[str], limit: int) -> Lines:
    for note in notes:
        width = min(limit, _WIDTH)
        for line in textwrap.wrap(note, width, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False):
            yield line.replace(captions.NO_BREAK, " ")
