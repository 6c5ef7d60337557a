"""The published numbers beside measured ones."""

import pytest

from ablate.data.published import PUBLISHED
from ablate.errors import UsageError
from ablate.report import print_tables
from ablate.report.paper import published
from tests.results_factory import photos, write

SHOTS = photos(dict(PUBLISHED))


def test_the_published_numbers_are_complete():
    numbers = published()
    assert numbers.shape == (3 * 12, 5)
    assert numbers.notna().all().all()
    assert numbers.loc[("unet", "34"), "crop + jitter"] == 38
    assert numbers.loc[("segnet", "average"), "i2i + jitter"] == 30


def test_each_cell_holds_both_numbers_and_the_average_an_interval(tmp_path, capsys):
    iou = {location: 0.5 if location == "34" else 0.1 for location in PUBLISHED}
    write(tmp_path, iou, of=SHOTS, augment="jitter")
    print_tables(tmp_path, compare=True)
    lines = capsys.readouterr().out.splitlines()
    own = lines[next(number for number, line in enumerate(lines) if line.endswith("U-Net: the paper and here")) :]
    rows = {line.split()[0]: line.split("  ")[-1].strip() for line in own if line.strip()}
    assert rows["34"] == "38 / 50.0"
    assert rows["average"] == f"33 / {100 * (0.5 * 1017 + 0.1 * 986) / 2003:.1f}"
    assert rows["interval"].startswith("[")
    assert "location 34, so that location decides it" in " ".join(" ".join(own).split())


def test_other_photographs_are_not_compared(tmp_path):
    write(tmp_path, 0.5, of=photos({"34": 40, "41": 40}))
    with pytest.raises(UsageError, match="compare=paper: the photographs are not those of Caltech"):
        print_tables(tmp_path, compare=True)
