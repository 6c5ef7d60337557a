"""Why two averages of the same table can name two winners: in these results, and in the paper."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from ablate.report.number_format import percent
from ablate.report.paper import AVERAGE, listed_counts, published
from ablate.report.text_grid import Cell, Grid
from ablate.stats.scores import NetworkTable
from ablate.stats.settings import PAPER_SETTINGS
from ablate.stats.test_set import MACRO, WEIGHTED, Photographs

Scores = Mapping[str, float]  # of each setting


def explain_winners(table: NetworkTable, photographs: Photographs) -> Iterator[str]:
    """Sentences about one network; none where both averages name one setting."""
    weighted, macro = (_winner(table, kind) for kind in (WEIGHTED, MACRO))
    if weighted is None or macro is None or weighted == macro:
        return
    counts = photographs.counts["animal"]
    heaviest = str(counts.idxmax())
    share = counts.max() / photographs.n_animal
    there = {name: mean for name, (mean, _) in table.scores(("location", heaviest)).items()}
    ahead = _ahead(table, photographs, macro, weighted)
    yield (
        f"{table.title}: image-weighted, {weighted} is highest; macro, {macro}. Location {heaviest} holds "
        f"{100 * share:.0f} % of the photographs, and there {weighted} scores {percent(there[weighted])} and {macro} "
        f"{percent(there[macro])}. Of the {len(photographs.listed)} listed locations {macro} is ahead at {ahead}. "
        "The image-weighted mean asks how well the next photograph of these cameras will be done, the macro mean "
        "how well the next camera will be."
    )


def paper_averages() -> tuple[Grid, str]:
    """The paper's U-Net table averaged both ways over its eleven listed locations, and why the winner flips there."""
    counts = listed_counts()
    rows = published().xs("unet", level="model")[[*PAPER_SETTINGS]]
    paper = {str(at): dict(zip(PAPER_SETTINGS, row, strict=True)) for at, *row in rows.itertuples(name=None)}
    share = {location: count / sum(counts.values()) for location, count in counts.items()}
    others = {location: 1 / (len(counts) - 1) for location in counts if location != "34"}
    lines = [
        _line(f"location 34 ({100 * share['34']:.0f} % of them)", paper["34"], 0),
        _line("the other ten, macro", _weighted(paper, others)),
        None,
        _line("image-weighted", _weighted(paper, share)),
        _line("macro", _weighted(paper, dict.fromkeys(counts, 1 / len(counts)))),
        _line("printed average", paper[AVERAGE], 0),
    ]
    return Grid(["U-Net", *PAPER_SETTINGS], lines), (
        "In the paper crop + jitter wins on average, because location 34 holds half of all photographs and crop + "
        "jitter does best there. Over locations, each counting the same, i2i is ahead. Neither is wrong: they answer "
        "different questions."
    )


def _weighted(scores: Mapping[str, Scores], weights: Mapping[str, float]) -> Scores:
    return {name: sum(weight * scores[at][name] for at, weight in weights.items()) for name in PAPER_SETTINGS}


def _line(label: str, values: Scores, digits: int = 1) -> list[Cell]:
    best = max(values.values())
    return [Cell(label), *(Cell(f"{values[name]:.{digits}f}", bold=values[name] == best) for name in PAPER_SETTINGS)]


def _winner(table: NetworkTable, kind: str) -> str | None:
    means = {name: mean for name, (mean, _) in table.scores(("average", kind)).items() if not math.isnan(mean)}
    return max(means, key=means.__getitem__) if means else None


def _ahead(table: NetworkTable, photographs: Photographs, one: str, other: str) -> int:
    rows = [table.scores(("location", location)) for location in photographs.listed]
    return sum(row[one][0] > row[other][0] for row in rows)
