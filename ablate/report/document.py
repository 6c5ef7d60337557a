"""The report as a sequence of tables with titles and notes, for whatever renders them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ablate.report import answers, captions, hits, layout, paper, searches, selection, validation
from ablate.report.grid import Grid
from ablate.report.summary import Summary, detectors, differences, of_network, summaries
from ablate.report.tables import Group, NetworkTable


@dataclass(frozen=True)
class Section:
    """A table and what is to be known of it.

    Attributes:
        key: what it is about, whatever its title.
        grids: the table; several where it is too wide for one.
        remarks: sentences under it; unfinished: one for each trial that is not in it.
        commands: what a person may want to type next.
    """

    key: str
    title: str
    grids: Sequence[Grid]
    remarks: Sequence[str] = ()
    unfinished: Sequence[str] = ()
    commands: Sequence[str] = ()


def sections(group: Group, starred: bool, limit: int, compare: bool = False) -> Iterator[Section]:
    """All tables of a group, the paper's first; of a group without numbers only what is missing.

    Args:
        starred: bold is not to be had, so that the best of a row gets a star.
        limit: characters that a line may have.
        compare: also show the paper's published numbers beside these.

    Raises:
        UsageError: they cannot be compared.
    """
    for section in _sections(group, starred, limit, compare):
        yield replace(section, title=captions.titled(section.title, group.protocol))


def _sections(group: Group, starred: bool, limit: int, compare: bool) -> Iterator[Section]:
    photographs = group.photographs
    if photographs is None:
        for table in group.tables:
            yield Section("network", captions.network_title(table), (), (), [*captions.unfinished(table)])
        return
    if group.protocol.main:
        yield Section(
            "photographs",
            captions.photographs_title(photographs),
            [layout.photographs_grid(photographs)],
            [*captions.photographs_notes(photographs)],
        )
    found = summaries(group) if group.protocol.judges else ()
    for table in group.tables:
        yield Section(
            "network",
            captions.network_title(table),
            layout.network_grids(table, photographs, starred, limit, group.protocol.judges),
            network_remarks(group, table, found, starred),
            [*captions.unfinished(table)],
        )
    if group.protocol.judges:
        for title, grid in paper.comparisons(group) if compare and group.protocol.main else ():
            yield Section("paper", title, [grid], paper.NOTES)
        yield from _answers(group, found)


def network_remarks(group: Group, table: NetworkTable, found: Sequence[Summary], starred: bool) -> list[str]:
    """What stands under a network's table: what its numbers mean, and of which protocol they are."""
    said = [*captions.network_notes(table, of_network(found, table.model), starred, group.protocol.judges)]
    if not group.protocol.main:
        said.append(captions.protocol_note(group.protocol))
    if not group.protocol.judges:
        said.append(captions.no_verdict(group.protocol))
    return said


def beyond(out: Path, starred: bool, search: str | None = None) -> Iterator[Section]:
    """What is not of one set of photographs: searches, and how validation relates to photographs.

    Args:
        search: only this search, and nothing else; None for everything.
    """
    for history in searches.histories(out, search):
        grid, notes = searches.history_grid(history, starred), searches.history_notes(history)
        yield Section("search", history.title, [grid], [*notes], commands=searches.commands(history))
    if search is None:
        for found in validation.by_photographs(out):
            grid, notes = validation.agreements_grid(validation.agreements(found)), validation.agreements_notes()
            yield Section("validation", validation.TITLE, [grid], [*notes])


def _answers(group: Group, found: Sequence[Summary]) -> Iterator[Section]:
    everything = [*found, *detectors(group)]
    if not everything:
        return
    grid, notes = answers.summary_grid(everything), answers.summary_notes(everything)
    yield Section("averages", answers.SUMMARY_TITLE, [grid], [*notes])
    compared = differences(group)
    if compared:
        grid, notes = answers.contrasts_grid(compared), answers.contrasts_notes(compared)
        yield Section(
            "contrasts", answers.CONTRASTS_TITLE, [grid], [*notes, *captions.mixtures(group.trials, compared=True)]
        )
    if not group.protocol.main:
        return
    reached = hits.hits(group)
    if reached:
        yield Section("hits", hits.TITLE, [hits.hits_grid(reached)], [*hits.hits_notes()])
    chosen = selection.rules(group)
    if any(one.compared for one in chosen):
        yield Section("selection", selection.TITLE, [selection.rules_grid(chosen)], [*selection.rules_notes(chosen)])
    if found:
        yield Section(
            "limits", answers.LIMITS_TITLE, [answers.limits_grid(found)], [*answers.limits_notes(group.several)]
        )
