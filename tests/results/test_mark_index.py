"""The index of commit marks makes reading fast, and never changes what is read."""

import shutil

import pyarrow.parquet as pq
import pytest

from ablate.results.mark_index import FEWEST, INDEX
from ablate.results.reader import index_marks, read_rows
from tests.results_factory import commit, commit_failed, planned

TRIALS = [planned(seed=seed) for seed in range(FEWEST)]


@pytest.fixture(scope="module")
def indexed(tmp_path_factory):
    """Results with an index."""
    out = tmp_path_factory.mktemp("indexed")
    for trial in TRIALS:
        commit(out, trial, val_iou=trial.config.seed / FEWEST)
    index_marks(out)
    return out


@pytest.fixture
def out(indexed, tmp_path):
    """A copy of them, with the times of its files."""
    return shutil.copytree(indexed, tmp_path / "out")


def without_index(out):
    """The rows of `trials` as the marks have them."""
    shutil.copytree(out / "trials", out / "copy" / "trials")
    return read_rows(out / "copy", "trials")


def statuses(out):
    return {row["trial"]: row["status"] for row in read_rows(out, "trials", columns=["trial", "status"]).to_pylist()}


def test_rows_are_the_same_with_and_without_the_index(out):
    assert read_rows(out, "trials") == without_index(out)
    assert len(read_rows(out, "trials")) == len(pq.read_table(out / INDEX)) == FEWEST


def test_rows_come_from_the_index_where_the_marks_are_as_they_were(out):
    rows = pq.read_table(out / INDEX)
    reason = rows.schema.get_field_index("reason")
    pq.write_table(rows.set_column(reason, rows.schema.field("reason"), [["from the index"] * len(rows)]), out / INDEX)
    assert set(read_rows(out, "trials")["reason"].to_pylist()) == {"from the index"}


def test_what_was_committed_again_or_removed_or_added_since_is_told_as_it_is(out):
    again, removed, kept, *_ = TRIALS
    added = planned(seed=FEWEST)
    commit_failed(out, again, "why")
    (out / "trials" / f"{removed.trial}.parquet").unlink()
    commit(out, added, val_iou=0.5)
    found = statuses(out)
    assert (found[again.trial], found[kept.trial], found[added.trial]) == ("failed", "done", "done")
    assert removed.trial not in found
    assert read_rows(out, "trials") == without_index(out)
    index_marks(out)
    assert set(pq.read_table(out / INDEX)["trial"].to_pylist()) == found.keys()


@pytest.mark.parametrize("broken", ["of another version", "no Parquet"])
def test_an_index_that_cannot_be_used_is_passed_over_and_written_anew(out, broken):
    if broken == "no Parquet":
        (out / INDEX).write_bytes(b"PAR1")
    else:
        pq.write_table(pq.read_table(out / INDEX).drop_columns(["val_iou"]), out / INDEX)
    assert read_rows(out, "trials") == without_index(out)
    index_marks(out)
    assert pq.read_table(out / INDEX)["val_iou"].null_count == 0


def test_an_index_of_the_same_marks_is_not_written_again(out):
    before = (out / INDEX).stat().st_mtime_ns
    index_marks(out)
    assert (out / INDEX).stat().st_mtime_ns == before


def test_what_lies_under_another_trials_name_is_never_indexed(out):
    stranger = out / "trials" / "stranger.parquet"
    shutil.copy(out / "trials" / f"{TRIALS[0].trial}.parquet", stranger)
    (out / INDEX).unlink()
    index_marks(out)
    assert sorted(pq.read_table(out / INDEX)["trial"].to_pylist()) == sorted(trial.trial for trial in TRIALS)


def test_few_marks_have_no_index(out):
    (out / INDEX).unlink()
    (out / "trials" / f"{TRIALS[0].trial}.parquet").unlink()
    index_marks(out)
    assert not (out / INDEX).exists()
