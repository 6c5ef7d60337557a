"""Aligned text: cells in, lines out. Knows nothing of results."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from rich.text import Text

_GAP = "  "


@dataclass(frozen=True)
class Cell:
    """One value as text. A bold one is the best of its row; a faint one is no result."""

    text: str
    bold: bool = False
    faint: bool = False


@dataclass(frozen=True)
class Grid:
    """A table.

    Attributes:
        headers: of the columns; a newline breaks them.
        rows: cells from left to right; None is a rule.
        left: the columns that are aligned left; the others are aligned right.
        starred: a `*` follows bold cells, for places that cannot show bold.
    """

    headers: Sequence[str]
    rows: Sequence[Sequence[Cell] | None]
    left: Collection[int] = (0,)
    starred: bool = False

    def lines(self) -> list[Text]:
        """The header, a rule and the rows, none wider than it needs to be."""
        widths = self.widths()
        height = max(header.count("\n") for header in self.headers) + 1
        broken = [header.split("\n") for header in self.headers]
        top = [[""] * (height - len(parts)) + parts for parts in broken]
        rule = Text("-" * self.width(), style="dim")
        lines = [self._line([Cell(parts[number]) for parts in top], widths) for number in range(height)]
        return [*lines, rule, *(rule if row is None else self._line(row, widths) for row in self.rows)]

    def widths(self) -> list[int]:
        """Characters of each column; a line that only names the rows below it may be wider than its column."""
        rows = [row for row in self.rows if row is not None and not is_heading(row)]
        columns = zip(self.headers, *([cell.text for cell in row] for row in rows), strict=True)
        return [max(len(line) for text in column for line in text.split("\n")) for column in columns]

    def width(self) -> int:
        """Characters of a line, but for a star after it."""
        return sum(self.widths()) + len(_GAP) * (len(self.headers) - 1)

    def _line(self, cells: Sequence[Cell], widths: Sequence[int]) -> Text:
        line = Text()
        for number, (cell, width) in enumerate(zip(cells, widths, strict=True)):
            starred = self.starred and cell.bold
            padding = " " * (width - len(cell.text))
            line.append("" if number in self.left else padding)
            line.append(cell.text, style="bold" if cell.bold and not starred else "dim" if cell.faint else "")
            line.append(padding if number in self.left else "")
            line.append(f"{'*' if starred else ' ':<{len(_GAP)}}")  # in the gap, so that digits stay aligned
        line.rstrip()
        return line


def is_heading(row: Sequence[Cell]) -> bool:
    """Whether a line only names the rows below it."""
    return len(row) > 1 and not any(cell.text for cell in row[1:])


def under_names(rows: Sequence[tuple[str, list[Cell]]]) -> list[Sequence[Cell] | None]:
    """Rows with a line of its own for each name that is new."""
    lines: list[Sequence[Cell] | None] = []
    last = None
    for name, cells in rows:
        if name != last:
            lines += [*([None] if lines else []), [Cell(name), *(Cell("") for _ in cells[1:])]]
        lines.append(cells)
        last = name
    return lines
