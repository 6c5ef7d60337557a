"""The same tables for a paper or a page: LaTeX (with booktabs) and Markdown."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from ablate.report import captions, document
from ablate.report.document import Section
from ablate.report.text_grid import Cell, Grid
from ablate.stats import scores

_BEYOND = 100  # tables that are of no one set of photographs are numbered from here on
_NO_LIMIT = 10**6  # nothing is cut into parts: pages are as wide as they are made
_TEX = {
    ">=": r"$\geq$",
    ">": "$>$",
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "±": r"$\pm$",
    "<": "$<$",
    "|": r"\textbar{}",
}
_TEX |= {mark: f"\\{mark}" for mark in "&%$#_{}"}


def latex(out: Path, trials: Sequence[str] | None = None, compare: bool = False, search: str | None = None) -> str:
    """All tables of a folder of results as `table` environments; the preamble needs `\\usepackage{booktabs}`.

    Args:
        trials, compare: as of `print_tables`.
        search: only its history.
    """
    return _document(out, trials, compare, search, _latex_section, "% ")


def markdown(out: Path, trials: Sequence[str] | None = None, compare: bool = False, search: str | None = None) -> str:
    """The same as GitHub's Markdown."""
    return _document(out, trials, compare, search, _markdown_section, "# ")


def _document(
    out: Path,
    trials: Sequence[str] | None,
    compare: bool,
    search: str | None,
    render: Callable[[int, Section], Iterator[str]],
    heading: str,
) -> str:
    groups = scores.build(out, trials) if search is None else ()
    lines: list[str] = []
    number = 0  # of the last table
    for group in groups:
        if len({one.digest for one in groups}) > 1 and group.protocol.main:
            lines += [f"{heading}Tested on photographs {(group.digest or '(unknown)')[:12]}", ""]
        if not group.protocol.main:
            lines += [f"{heading}Another protocol: {group.protocol.title}; {group.protocol.about}", ""]
        elif group.others:
            lines += [f"{heading}{captions.protocols_note(group)}", ""]
        number = 0 if group.protocol.main else number
        for section in document.sections(group, starred=False, limit=_NO_LIMIT, compare=compare):
            number += 1
            lines += render(number, section)
    if trials is None or search is not None:
        for number, section in enumerate(document.appendix(out, starred=False, search=search), start=1):
            lines += render(_BEYOND + number, section)
    return "\n".join(lines) + "\n" if lines else f"{heading}No trial has finished yet.\n"


def _latex_section(number: int, section: Section) -> Iterator[str]:
    notes = [_tex(note) for note in _plain(section)]
    yield from (
        r"\begin{table}",
        r"  \centering",
        f"  \\caption{{{_tex(section.title)}}}",
        f"  \\label{{tab:{number}}}",
    )
    for grid in section.grids:
        yield from (f"  {line}" for line in _tabular(grid))
    if notes:
        yield from (r"  \par\smallskip\footnotesize\raggedright", *(f"  {note}" for note in notes))
    yield from (r"\end{table}", "")


def _tabular(grid: Grid) -> Iterator[str]:
    yield f"\\begin{{tabular}}{{{''.join('l' if number in grid.left else 'r' for number in range(len(grid.headers)))}}}"
    yield r"  \toprule"
    yield "  " + " & ".join(_tex(header.replace("\n", " ")) for header in grid.headers) + r" \\"
    yield r"  \midrule"
    for row in grid.rows:
        yield r"  \midrule" if row is None else "  " + " & ".join(map(_tex_cell, row)) + r" \\"
    yield r"  \bottomrule"
    yield r"\end{tabular}"


def _tex_cell(cell: Cell) -> str:
    indent = r"\quad " if cell.text.startswith("  ") else ""
    text = _tex(cell.text.strip())
    return f"{indent}\\textbf{{{text}}}" if cell.bold else indent + text


def _tex(text: str) -> str:
    return re.sub("|".join(map(re.escape, _TEX)), lambda found: _TEX[found[0]], text)


def _markdown_section(number: int, section: Section) -> Iterator[str]:
    yield from (f"**Table {number}. {section.title}**", "")
    for grid in section.grids:
        yield _piped(header.replace("\n", " ") for header in grid.headers)
        yield _piped(":--" if number in grid.left else "--:" for number in range(len(grid.headers)))
        for row in grid.rows:
            if row is not None:
                yield _piped(f"**{cell.text.strip()}**" if cell.bold else cell.text.strip() for cell in row)
        yield ""
    for note in _plain(section):
        yield f"- {note}"
    for command in section.commands:
        yield from ("", "```", command, "```")
    yield ""


def _piped(cells: Iterator[str]) -> str:
    return "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |"


def _plain(section: Section) -> list[str]:
    return [note.replace(captions.NO_BREAK, " ") for note in (*section.remarks, *section.unfinished)]
