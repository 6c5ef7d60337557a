"""The published numbers beside the measured ones.

`paper.csv` holds Tables 2 to 4 of *Transferring a Segmentation Task Between Real and Synthetic Data* (Dorrestijn et
al., TU Delft, 2021): mean box IoU in percent at the eleven locations with at least 30 photographs, and the printed
average.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from ablate.data.natural_order import natural
from ablate.data.published import PUBLISHED
from ablate.errors import UsageError
from ablate.report.number_format import interval, percent
from ablate.report.text_grid import Cell, Grid
from ablate.stats.scores import Group, NetworkTable
from ablate.stats.settings import PAPER_SETTINGS, model_title, plain_setting
from ablate.stats.summary import Summary, summaries
from ablate.stats.test_set import WEIGHTED

AVERAGE = "average"
NOTES = (
    "In each cell: the paper / here, in percent; interval: of the number here.",
    "The paper's average is image-weighted over all 26 locations, as is the one here: half of its photographs are from "
    "location 34, so that location decides it. Over the eleven rows, each counting the same, another setting wins "
    "(U-Net: i2i with 25.9, where the average names crop + jitter).",
)


def published() -> pd.DataFrame:
    """Percent, by (model, location) and setting; `average` is a location."""
    rows = pd.read_csv(Path(__file__).with_name("paper.csv"), dtype={"location": str})
    rows["setting"] = [plain_setting(*pair) for pair in zip(rows["arm"], rows["augment"], strict=True)]
    return rows.pivot_table(index=["model", "location"], columns="setting", values="iou_percent")


def listed_counts() -> dict[str, int]:
    """Photographs at each location that the paper's tables list."""
    listed = set(published().index.get_level_values("location")) - {AVERAGE}
    return {location: count for location, count in PUBLISHED.items() if location in listed}


def comparisons(group: Group) -> Iterator[tuple[str, Grid]]:
    """A title and a table for each network that the paper has.

    Raises:
        UsageError: the photographs are not the paper's: a location of its tables is not listed here.
    """
    numbers = published()
    locations = sorted(listed_counts(), key=natural)
    listed = () if group.photographs is None else group.photographs.listed
    absent = [location for location in locations if location not in listed]
    if absent:
        raise UsageError(
            "compare=paper: the photographs are not those of Caltech's deer; of the paper's 11 locations these have no "
            f"30 photographs here: {', '.join(absent)}"
        )
    found = {(one.network, one.setting): one for one in summaries(group)}
    for table in group.tables:
        if table.model in numbers.index.get_level_values("model"):
            yield f"{model_title(table.model)}: the paper and here", _grid(table, numbers, locations, found)


def _grid(
    table: NetworkTable, numbers: pd.DataFrame, locations: list[str], found: dict[tuple[str, str], Summary]
) -> Grid:
    def pair(location: str, scores: dict[str, tuple[float, float]], setting: str) -> Cell:
        theirs, here = numbers[setting].to_dict()[table.model, location], scores[setting][0]
        return Cell(f"{theirs:.0f} / {percent(here)}")

    settings = [setting for setting in PAPER_SETTINGS if setting in table.mean.columns]
    rows: list[list[Cell] | None] = [
        [Cell(location), *(pair(location, table.scores(("location", location)), name) for name in settings)]
        for location in locations
    ]
    averages = table.scores(("average", WEIGHTED))
    rows += [None, [Cell(AVERAGE), *(pair(AVERAGE, averages, name) for name in settings)]]
    estimates = [found.get((model_title(table.model), name)) for name in settings]
    rows.append([Cell("  interval"), *(Cell(interval(one.weighted) if one else "-") for one in estimates)])
    return Grid(["location", *settings], rows)
