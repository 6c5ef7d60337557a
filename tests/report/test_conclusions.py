"""What the deciding tables say in a pipe."""

import re

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ablate.report import print_tables
from ablate.results.schema import images_schema
from tests.results_factory import SCATTERED, photos, write

LOCATIONS = {"34": 120, **{str(number): 31 for number in range(6)}}


@pytest.fixture
def out(tmp_path):
    shots = photos(LOCATIONS, boxes=SCATTERED)
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
    assert "fewer than 8 effective locations" in text
    assert "image-weighted and macro" in text
    assert "One seed: how much another would change is unknown" in text


def test_of_one_seed_it_is_said_what_its_networks_do_and_how_many_seeds_would_decide(out, capsys):
    text = printed(out, capsys)
    row = next(line for line in text.splitlines() if "jitter - no jitter (1 x 1)" in line)
    assert "+30.0" in row
    assert row.endswith("trainings differ on these photographs")
    assert "jitter better" not in text
    assert "power" not in text
    assert "seeds=3 gives a first estimate" in " ".join(text.split())


@pytest.fixture
def seeded(tmp_path):
    """Three seeds: jitter is better by 30 points, and i2i differs from crop by less than its seeds do."""
    shots, rng = photos(LOCATIONS, boxes=SCATTERED), np.random.default_rng(0)
    for (arm, augment), base in {("crop", "none"): 0.2, ("crop", "jitter"): 0.5, ("i2i", "none"): 0.17}.items():
        for seed in range(3):
            shift = rng.normal() * (0.03 if arm == "i2i" else 0.01)
            iou = {location: base + shift + 0.01 * number for number, location in enumerate(LOCATIONS)}
            write(tmp_path, iou, of=shots, arm=arm, augment=augment, seed=seed)
    return tmp_path


def test_a_settled_difference_is_said_in_words_under_the_number_of_questions(seeded, capsys):
    text = printed(seeded, capsys)
    row = next(line for line in text.splitlines() if "jitter - no jitter (1 x 3)" in line)
    assert row.endswith("jitter better than no jitter")
    assert "U-Net (2 questions; intervals of 95.0 to 97.5 %)" in text
    assert "Holm's correction for the questions of a block" in " ".join(text.split())


def test_of_what_is_not_settled_it_is_said_what_could_be_and_what_may(seeded, capsys):
    text = printed(seeded, capsys)
    row = next(line for line in text.splitlines() if "i2i - crop (1 x 3)" in line)
    found = re.search(r"\) +([+-][\d.]+) +\[.*\] +([\d.]+)  not settled; ([\w ]+) might$", row)
    assert re.fullmatch(r"\d+ seeds|over 100 seeds|more locations", found[3])
    assert float(found[2]) > abs(float(found[1]))
    assert "80 % power: the smallest true difference" in " ".join(text.split())


def test_what_the_largest_component_costs_is_shown(tmp_path, capsys):
    shots = photos(LOCATIONS, boxes=SCATTERED)
    trial = write(tmp_path, 0.4, of=shots)
    path = tmp_path / "images" / f"{trial}.parquet"
    rows = pq.read_table(path).to_pylist()
    for number, row in enumerate(rows):
        row["iou_any"] = 0.9 if number % 4 == 0 else 0.4
        row["iou"], row["mask_iou"] = 0.4 + number % 2 * 0.1, 0.3 + number % 2 * 0.2
        row["iou_any"] = max(row["iou"], row["iou_any"])
    pq.write_table(pa.Table.from_pylist(rows, images_schema()), path)
    lines = printed(tmp_path, capsys).splitlines()
    own = lines.index(next(line for line in lines if line.endswith("The metric's own limits")))
    row = next(line for line in lines[own:] if line.startswith("  crop"))
    assert row.split() == ["crop", "45.0", f"{100 * 77 / 306:.1f}", f"{100 * 77 * 0.5 / 306:+.1f}", "1.00"]


def test_nothing_wider_than_a_hundred_columns(out, seeded, capsys):
    for model in ("unet_resnet50", "segnet"):
        for seed in range(3):
            write(seeded, 0.1 * seed + 0.1, of=photos(LOCATIONS, boxes=SCATTERED), model=model, seed=seed)
    assert max(map(len, printed(seeded, capsys).splitlines())) <= 100
