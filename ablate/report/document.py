"""The report as a sequence of tables with titles and notes, for whatever renders them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ablate.report import answers, captions, layout, paper
from ablate.report.contrasts import contrasts
from ablate.report.grid import Grid
from ablate.report.summary import summaries
from ablate.report.tables import Group


@dataclass(frozen=True)
class Section:
    """A table and what is to be known of it.

    Attributes:
        grids: the table; several where it is too wide for one.
        remarks: sentences under it; unfinished: one for each trial that is not in it.
    """

    title: str
    grids: Sequence[Grid]
    remarks: Sequence[str] = ()
    unfinished: Sequence[str] = ()


def sections(group: Group, starred: bool, limit: int, compare: bool = False) -> Iterator[Section]:
    """All tables of a group, the paper's first; of a group without numbers only what is missing.

    Args:
        starred: bold is not to be had, so that the best of a row gets a star.
        limit: characters that a line may have.
        compare: also show the paper's published numbers beside these.

    Raises:
        UsageError: they cannot be compared.
    """
    photographs = group.photographs
    if photographs is None:
        for table in group.tables:
            yield Section(captions.network_title(table), (), (), [*captions.unfinished(table)])
        return
    yield Section(
        captions.photographs_title(photographs),
        [layout.photographs_grid(photographs)],
        [*captions.photographs_notes(photographs)],
    )
    for table in group.tables:
        yield Section(
            captions.network_title(table),
            layout.network_grids(table, photographs, starred, limit),
            [*captions.network_notes(table, photographs, starred)],
            [*captions.unfinished(table)],
        )
    for title, grid in paper.comparisons(group) if compare else ():
        yield Section(title, [grid], paper.NOTES)
    found = summaries(group)
    if found:
        yield Section(answers.SUMMARY_TITLE, [answers.summary_grid(found)], [*answers.summary_notes(found)])
    compared = contrasts(group.iou, group.trials, group.location)
    if compared:
        yield Section(answers.CONTRASTS_TITLE, [answers.contrasts_grid(compared)], [*answers.contrasts_notes(compared)])
    if found:
        yield Section(answers.LIMITS_TITLE, [answers.limits_grid(found)], [*answers.limits_notes(group.several)])
