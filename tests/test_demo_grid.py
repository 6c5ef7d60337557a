"""The paper's grid on the embedded demo, from raw files to tables: what the README promises of it."""

import pytest

from ablate.results.reader import read_rows
from ablate.stats import scores
from ablate.stats.test_set import CONSTANT, WEIGHTED
from tests.command import run


@pytest.fixture(scope="module")
def grid(tmp_path_factory):
    """The finished run and the folder of its results."""
    out = tmp_path_factory.mktemp("grid") / "results"
    done = run("ablate.run", "space=paper_grid", f"out={out}", timeout=1500)
    assert done.returncode == 0, done.stdout + done.stderr
    return done, out


@pytest.fixture(scope="module")
def group(grid):
    (only,) = scores.build(grid[1])
    return only


@pytest.mark.slow
def test_fifteen_trials_are_done(grid):
    trials = read_rows(grid[1], "trials").to_pandas()
    assert len(trials) == 15
    assert set(trials["status"]) == {"done"}


@pytest.mark.slow
def test_every_crop_and_i2i_trial_has_learned_its_synthetic_images(grid):
    trials = read_rows(grid[1], "trials").to_pandas()
    learned = trials[trials["arm"] != "full"]
    assert len(learned) == 12
    assert learned["val_iou"].min() >= 0.5, learned[["name", "val_iou"]]


@pytest.mark.slow
def test_the_best_setting_beats_predictions_without_a_network_and_full_does_not(group):
    row = ("average", WEIGHTED)
    constant = group.photographs.baseline(row)[CONSTANT]
    best = max(table.mean.loc[row].max() for table in group.tables)
    full = max(table.mean.loc[row, "full"] for table in group.tables)
    assert best >= max(0.30, constant + 0.10)
    assert full < best - 0.10


@pytest.mark.slow
def test_at_least_six_locations_have_thirty_photographs(group):
    assert len(group.photographs.listed) >= 6
    assert len(group.photographs.with_animal) == 26


@pytest.mark.slow
def test_the_same_command_trains_nothing_and_prints_the_same_tables(grid):
    first, out = grid
    again = run("ablate.run", "space=paper_grid", f"out={out}")
    assert "15 trials, 15 done, 0 to run" in again.stdout
    assert again.stdout[again.stdout.index("Table 1") :] == first.stdout[first.stdout.index("Table 1") :]
