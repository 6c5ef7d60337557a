"""Which number stands in which cell: the rows of the paper's tables as grids of text."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace

from ablate.report.number_format import percent
from ablate.report.text_grid import Cell, Grid
from ablate.stats.scores import FALSE_ALARMS, VAL_IOU, NetworkTable
from ablate.stats.test_set import MACRO, WEIGHTED, Photographs, Row

Cells = list[Cell]

_LOWER_IS_BETTER = {FALSE_ALARMS}
_SAME = 1e-9  # IoU that differ by less are equal
_NARROWEST = 4  # characters of a column and its gap
_FIXED = 2  # columns before the settings: label, number of photographs


def plural(number: int, noun: str) -> str:
    """`1 location`, `2 locations`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def photographs_grid(photographs: Photographs) -> Grid:
    """Table 1: where the test photographs are from, and what a prediction without a network scores there."""
    counts = photographs.counts
    rows: list[Cells | None] = [
        [Cell(name), *_numbers(counts.loc[name, ["animal", "empty"]]), *_baselines(photographs, ("location", name))]
        for name in counts.index
    ]
    weighted, macro = (label for _, label in _averages(photographs))
    totals = _numbers([photographs.n_animal, photographs.n_empty])
    rows += [
        None,
        [Cell(weighted), *totals, *_baselines(photographs, ("average", WEIGHTED))],
        [Cell(macro), Cell(""), Cell(""), *_baselines(photographs, ("average", MACRO))],
    ]
    not_trained = (str(name).replace(" ", "\n", 1) for name in photographs.baselines.columns)
    return Grid(["location", "with\nanimal", "empty", *not_trained], rows)


def network_grids(
    table: NetworkTable, photographs: Photographs, starred: bool, limit: int, marked: bool = True
) -> list[Grid]:
    """A network's table; where it is wider than `limit` characters, in several parts with the same rows.

    Args:
        marked: the best of a row stands out.
    """
    settings = [str(setting) for setting in table.mean.columns]
    headers = ["location", "n", *(setting.replace(" + ", " +\n").replace(", ", ",\n") for setting in settings)]
    rows = _network_rows(table, photographs)
    if not marked:
        rows = [row if row is None else [replace(cell, bold=False) for cell in row] for row in rows]

    def part(first: int, size: int) -> Grid:
        columns = [*range(_FIXED), *range(_FIXED + first, min(_FIXED + first + size, len(headers)))]
        picked = [None if row is None else [row[at] for at in columns] for row in rows]
        return Grid([headers[at] for at in columns], picked, starred=starred)

    size = min(len(settings), max(1, limit // _NARROWEST))
    while size > 1 and max(part(first, size).width() for first in range(0, len(settings), size)) > limit:
        size -= 1
    return [part(first, size) for first in range(0, len(settings), size)]


def _network_rows(table: NetworkTable, photographs: Photographs) -> list[Cells | None]:
    counts = photographs.counts["animal"]
    rows: list[Cells | None] = [
        [Cell(name), *_numbers([counts[name]]), *_scores(table, ("location", name))] for name in photographs.listed
    ]
    rows.append(None)
    for (key, label), number in zip(_averages(photographs), [str(photographs.n_animal), ""], strict=True):
        rows.append([Cell(label), Cell(number), *_scores(table, ("average", key))])
        names = photographs.baselines.columns
        for name, cell in zip(names, _baselines(photographs, ("average", key)), strict=True):
            rows.append(_same_everywhere(str(name), cell, table))
    rows += [None, [Cell("val IoU (synthetic images)"), Cell(""), *_scores(table, ("other", VAL_IOU))]]
    if photographs.n_empty:
        alarms = _scores(table, ("other", FALSE_ALARMS))
        rows.append([Cell("false alarms (empty photographs)"), Cell(str(photographs.n_empty)), *alarms])
        rows += [_same_everywhere(name, Cell(percent(rate)), table) for name, rate in photographs.alarms.items()]
    seeds = [len(table.seeds(setting)) for setting in table.mean.columns]
    if len(set(seeds) - {0}) > 1:
        rows.append([Cell("seeds"), Cell(""), *_numbers(seeds)])
    return rows


def _same_everywhere(name: str, cell: Cell, table: NetworkTable) -> Cells:
    """The row of what was not trained here, so that every setting can be compared with it."""
    return [Cell(f"  {name}", faint=True), Cell(""), *(Cell(cell.text, faint=True) for _ in table.mean.columns)]


def _averages(photographs: Photographs) -> list[tuple[str, str]]:
    """Name and label of both averages."""
    return [
        (WEIGHTED, f"image-weighted (all {plural(len(photographs.with_animal), 'location')})"),
        (MACRO, f"macro ({plural(len(photographs.listed), 'listed location')})"),
    ]


def _scores(table: NetworkTable, row: Row) -> Cells:
    """A row's cells, the best marked; averages and rates over several seeds with their standard deviation."""
    scores = table.scores(row)
    known = [mean for mean, _ in scores.values() if not math.isnan(mean)]
    best = min(known, default=0.0) if row[1] in _LOWER_IS_BETTER else max(known, default=0.0)
    contested = max(known, default=0.0) - min(known, default=0.0) > _SAME
    cells = []
    for setting, (mean, std) in scores.items():
        if math.isnan(mean):
            status = table.status(setting)
            cells.append(Cell("-" if status == "done" else status, faint=True))
            continue
        spread = "" if row[0] == "location" or math.isnan(std) else f"±{100 * std:.1f}"
        cells.append(Cell(percent(mean) + spread, bold=contested and abs(mean - best) <= _SAME))
    return cells


def _baselines(photographs: Photographs, row: Row) -> Cells:
    return [Cell(percent(value), faint=math.isnan(value)) for value in photographs.baseline(row).values()]


def _numbers(numbers: Iterable[int]) -> Cells:
    return [Cell(str(number)) for number in numbers]
