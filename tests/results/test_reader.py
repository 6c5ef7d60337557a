"""Reading what was committed, and only that."""

import pyarrow.parquet as pq
import pytest

from ablate.results.reader import database, datasets, read_rows
from ablate.results.schema import TABLES
from ablate.results.writer import write_rows
from tests.results_factory import photos, write, write_failed

SHOTS = photos({"a": 2})


def test_rows_of_a_trial_without_its_commit_are_invisible(tmp_path):
    write(tmp_path, of=SHOTS, commit=False)
    kept = write(tmp_path, of=SHOTS, arm="full")
    for table in ("images", "epochs", "trials"):
        assert {row["trial"] for row in read_rows(tmp_path, table).to_pylist()} == {kept}


def test_failed_trials_appear_in_trials_only(tmp_path):
    write(tmp_path, of=SHOTS)
    failed = write_failed(tmp_path)  # the same trial: an attempt that failed after its rows were written
    assert read_rows(tmp_path, "trials")["trial"].to_pylist() == [failed]
    assert read_rows(tmp_path, "images").num_rows == 0
    assert read_rows(tmp_path, "epochs").num_rows == 0


def test_of_a_stopped_trial_an_earlier_runs_images_are_invisible_and_its_epochs_are_not(tmp_path):
    write(tmp_path, of=SHOTS)
    [row] = read_rows(tmp_path, "trials").to_pylist()
    write_rows(tmp_path, "trials", row["trial"], [row | {"status": "stopped"}])
    assert read_rows(tmp_path, "images").num_rows == 0
    assert read_rows(tmp_path, "epochs").num_rows == 2


def test_a_database_writes_no_progress_among_its_answers():
    with database() as connection:
        assert connection.sql("SELECT current_setting('enable_progress_bar')").fetchall() == [(False,)]


def test_trials_can_be_chosen(tmp_path):
    chosen = write(tmp_path, of=SHOTS)
    write(tmp_path, of=SHOTS, arm="full")
    assert set(read_rows(tmp_path, "images", [chosen, "absent"])["trial"].to_pylist()) == {chosen}


@pytest.mark.parametrize("table", TABLES)
def test_an_empty_folder_has_empty_tables_with_all_columns(tmp_path, table):
    rows = read_rows(tmp_path, table)
    assert rows.num_rows == 0
    assert "trial" in rows.column_names


def test_columns_that_a_file_does_not_have_are_null(tmp_path):
    old, new = write(tmp_path, of=SHOTS), write(tmp_path, of=SHOTS, arm="full")
    path = tmp_path / "images" / f"{old}.parquet"
    pq.write_table(pq.read_table(path).drop_columns(["mask_rle", "n_components"]), path)
    rows = read_rows(tmp_path, "images").to_pylist()
    assert {(row["trial"], row["n_components"]) for row in rows} == {(old, None), (new, 1)}


def test_all_tables_at_once_are_those_that_are_read_one_by_one(tmp_path):
    write(tmp_path, of=SHOTS)
    write(tmp_path, of=SHOTS, arm="full", commit=False)
    write_failed(tmp_path, arm="i2i")
    for table, rows in datasets(tmp_path).items():
        assert rows.to_table() == read_rows(tmp_path, table)
