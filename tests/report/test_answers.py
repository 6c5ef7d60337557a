"""What the deciding tables say in a pipe."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ablate import results
from ablate.report import print_tables
from tests.results_factory import photos, write

LOCATIONS = {"34": 120, **{str(number): 31 for number in range(6)}}


@pytest.fixture
def out(tmp_path):
    shots = photos(LOCATIONS)
    for augment, base in (("none", 0.2), ("jitter", 0.5)):
        iou = {location: base + 0.01 * number for number, location in enumerate(LOCATIONS)}
        write(tmp_path, iou, of=shots, augment=augment)
    return tmp_path


def printed(out, capsys):
    print_tables(out)
    return capsys.readouterr().out


def test_averages_have_intervals_and_a_worst_location(out, capsys):
    lines = printed(out, capsys)
    row = next(line for line in lines.splitlines() if line.startswith("  crop + jitter"))
    assert row.endswith("50.0 (34)")
    assert row.count("[") == 2


def test_few_effective_locations_and_one_seed_are_said(out, capsys):
    text = " ".join(printed(out, capsys).split())
    assert "an interval is descriptive, not a test: image-weighted and macro" in text
    assert "One seed: how much another would change is unknown" in text


def test_a_settled_difference_is_said_in_words(out, capsys):
    row = next(line for line in printed(out, capsys).splitlines() if "jitter - no jitter (1)" in line)
    assert row.split()[5] == "+30.0"
    assert "jitter better than no jitter" in row


def test_what_the_largest_component_costs_is_shown(tmp_path, capsys):
    shots = photos(LOCATIONS)
    trial = write(tmp_path, 0.4, of=shots)
    path = tmp_path / "images" / f"{trial}.parquet"
    rows = pq.read_table(path).to_pylist()
    for number, row in enumerate(rows):
        row["iou_any"] = 0.9 if number % 4 == 0 else 0.4
        row["iou"], row["mask_iou"] = 0.4 + number % 2 * 0.1, 0.3 + number % 2 * 0.2
        row["iou_any"] = max(row["iou"], row["iou_any"])
    pq.write_table(pa.Table.from_pylist(rows, results.images_schema()), path)
    lines = printed(tmp_path, capsys).splitlines()
    own = lines.index(next(line for line in lines if line.endswith("The metric's own limits")))
    row = next(line for line in lines[own:] if line.startswith("  crop"))
    assert row.split() == ["crop", "45.0", f"{100 * 77 / 306:.1f}", f"{100 * 77 * 0.5 / 306:+.1f}", "1.00"]


def test_nothing_wider_than_a_hundred_columns(out, capsys):
    assert max(map(len, printed(out, capsys).splitlines())) <= 100
