"""The report as a sequence of tables with titles and notes, for whatever renders them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ablate.report import captions, conclusions, diagnostics, layout, paper, search_history
from ablate.report.text_grid import Grid
from ablate.stats import epoch_selection, hit_rates, validation
from ablate.stats.scores import Group, NetworkTable
from ablate.stats.search_histories import histories
from ablate.stats.summary import Summary, detectors, differences, of_network, summaries


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


def appendix(out: Path, starred: bool, search: str | None = None) -> Iterator[Section]:
    """What is not of one set of photographs: searches, and how validation relates to photographs.

    Args:
        search: only this search, and nothing else; None for everything.
    """
    for history in histories(out, search):
        grid, notes = search_history.history_grid(history, starred), search_history.history_notes(history)
        yield Section("search", history.title, [grid], [*notes], commands=search_history.commands(history))
    if search is None:
        for found in validation.by_photographs(out):
            grid, notes = diagnostics.agreements_grid(validation.agreements(found)), diagnostics.agreements_notes()
            yield Section("validation", diagnostics.AGREEMENTS_TITLE, [grid], [*notes])


def _answers(group: Group, found: Sequence[Summary]) -> Iterator[Section]:
    everything = [*found, *detectors(group)]
    if not everything:
        return
    grid, notes = conclusions.summary_grid(everything), conclusions.summary_notes(everything)
    yield Section("averages", conclusions.SUMMARY_TITLE, [grid], [*notes])
    compared = differences(group)
    if compared:
        grid, notes = conclusions.contrasts_grid(compared), conclusions.contrasts_notes(compared)
        yield Section(
            "contrasts", conclusions.CONTRASTS_TITLE, [grid], [*notes, *captions.mixtures(group.trials, compared=True)]
        )
    if not group.protocol.main:
        return
    if reached := hit_rates.hit_rates(group):
        grid, notes = diagnostics.hits_grid(reached), diagnostics.hits_notes()
        yield Section("hits", diagnostics.HITS_TITLE, [grid], [*notes])
    rules = epoch_selection.epoch_rules(group)
    if any(one.compared for one in rules):
        grid, notes = diagnostics.rules_grid(rules), diagnostics.rules_notes(rules)
        yield Section("selection", diagnostics.RULES_TITLE, [grid], [*notes])
    if found:
        grid, notes = diagnostics.limits_grid(found), diagnostics.limits_notes(group.several)
        yield Section("limits", diagnostics.LIMITS_TITLE, [grid], [*notes])
