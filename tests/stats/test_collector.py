"""The collector's rows, and the interval round a mean."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ablate import storage
from ablate.results import mirror
from ablate.results.reader import files_by_trial, read_rows
from ablate.results.writer import withdraw, write_locations
from ablate.stats.collector import collect
from ablate.stats.intervals import image_weighted
from tests.results_factory import Photo, photos, write, write_failed
from tests.stores import upload

SHOTS = photos({"a": 4})


def collected(out):
    collect(out)
    return {(row["trial"], row["location"]): row for row in read_rows(out, "locations").to_pylist()}


def test_a_row_says_how_a_trial_does_at_a_location(tmp_path):
    iou = {"a": 0.6, "b": 0.2}
    trial = write(tmp_path, iou, of=photos({"a": 4, "b": 2}, {"b": 4}, per_sequence=2), alarms=1)
    rows = collected(tmp_path)
    a, b = rows[trial, "a"], rows[trial, "b"]
    assert (a["n_images"], a["hit_rate"], a["n_empty"], a["false_alarm_rate"]) == (4, 1.0, 0, None)
    assert (b["n_images"], b["hit_rate"], b["n_empty"], b["false_alarm_rate"]) == (2, 0.0, 4, 0.25)
    assert [a["iou_mean"], a["iou_low"], a["iou_high"]] == pytest.approx([0.6] * 3)
    assert (b["iou_mean"], b["iou_low"], b["iou_high"]) == (pytest.approx(0.2), None, None)


def test_a_location_of_empty_photographs_has_no_iou(tmp_path):
    trial = write(tmp_path, of=photos({"a": 2}, {"b": 2}))
    row = collected(tmp_path)[trial, "b"]
    assert (row["n_images"], row["iou_mean"], row["hit_rate"]) == (0, None, None)


def test_photographs_without_a_sequence_are_sequences_of_their_own(tmp_path):
    shots = [Photo("a", str(number), None) for number in range(20)]
    trial = write(tmp_path, lambda photo: int(photo.image_id) / 20, of=shots)
    row = collected(tmp_path)[trial, "a"]
    assert row["iou_low"] < row["iou_mean"] < row["iou_high"]


def test_photographs_of_one_sequence_promise_no_more_than_one(tmp_path):
    iou = lambda photo: int(photo.seq_id[-1]) / 10  # noqa: E731
    single = write(tmp_path, iou, of=photos({"a": 4}, per_sequence=1))
    many = write(tmp_path, iou, of=photos({"a": 40}, per_sequence=10), seed=1)
    rows = collected(tmp_path)
    ends = [[rows[trial, "a"][end] for end in ("iou_low", "iou_high")] for trial in (single, many)]
    assert ends[0] == pytest.approx(ends[1])


def test_the_interval_of_many_sequences_is_that_of_their_standard_error(tmp_path):
    values = np.random.default_rng(0).uniform(size=400)
    trial = write(tmp_path, lambda photo: values[int(photo.image_id[2:])], of=photos({"a": 400}, per_sequence=1))
    row, error = collected(tmp_path)[trial, "a"], values.std() / np.sqrt(400)
    assert row["iou_low"] == pytest.approx(values.mean() - 1.97 * error, abs=0.02 * error)
    assert row["iou_high"] == pytest.approx(values.mean() + 1.97 * error, abs=0.02 * error)


def test_failed_and_uncommitted_trials_have_no_rows(tmp_path):
    write(tmp_path, commit=False)
    write_failed(tmp_path, arm="full")
    assert collected(tmp_path) == {}


def random_photos(rng):
    """Some in sequences, some not with ids that are sequences' names; locations of one sequence, or of empty ones."""
    sequences = {"a": 9, "b": 60, "one": 1}
    shots = [
        Photo(location, f"q{number}", None if rng.random() < 0.3 and amount > 1 else f"q{rng.integers(amount)}")
        for number, (location, amount) in enumerate(item for item in sequences.items() for _ in range(80))
    ]
    empty = [Photo(location, f"e{location}{number}", None, ()) for location in ("a", "none") for number in range(5)]
    return [*shots, *empty, Photo("alone", "q999", None)]


def slow_row(shots, scores, alarms):
    """A row as it was before there were many: photograph by photograph.

    Args:
        scores: IoU by image id, of photographs with an animal; alarms: image ids.
    """
    clusters = {}
    for shot in shots:
        if shot.boxes:
            clusters.setdefault((shot.seq_id is None, shot.seq_id or shot.image_id), []).append(scores[shot.image_id])
    means, counts = (np.array([of(ious) for ious in clusters.values()], float) for of in (np.mean, len))
    found = image_weighted(means[None], counts)
    known = [scores[shot.image_id] for shot in shots if shot.boxes]
    empty = [shot.image_id in alarms for shot in shots if not shot.boxes]
    return {
        "n_images": len(known),
        "iou_mean": np.mean(known) if known else None,
        "iou_low": None if np.isnan(found.low) else max(found.low, 0),
        "iou_high": None if np.isnan(found.high) else min(found.high, 1),
        "hit_rate": np.mean(np.array(known) >= 0.5) if known else None,
        "n_empty": len(empty),
        "false_alarm_rate": np.mean(empty) if empty else None,
    }


@pytest.mark.parametrize("seed", range(3))
def test_rows_are_those_that_are_computed_photograph_by_photograph(tmp_path, seed):
    rng = np.random.default_rng(seed)
    same, other = random_photos(rng), random_photos(rng)
    expected = {}
    for number, shots in enumerate((same, same, other)):
        scores = {shot.image_id: rng.choice([0, 0.5, 1, rng.random()]) for shot in shots}
        empty = [shot.image_id for shot in shots if not shot.boxes]
        trial = write(tmp_path, lambda shot, scores=scores: scores[shot.image_id], of=shots, alarms=3, seed=number)
        for location in {shot.location for shot in shots}:
            there = [shot for shot in shots if shot.location == location]
            expected[trial, location] = slow_row(there, scores, empty[:3])
    rows = collected(tmp_path)
    assert [*rows] == sorted(expected)
    for key, row in expected.items():
        for column, value in row.items():
            assert rows[key][column] == (value if value is None else pytest.approx(value, rel=1e-12, abs=1e-12))


def commit_another(out):
    write(out, 0.2, of=SHOTS, arm="full")


def commit_again(out):
    write(out, 0.9, of=SHOTS)


def withdraw_all(out):
    for trial in read_rows(out, "trials")["trial"].to_pylist():
        withdraw(out, trial)


@pytest.mark.parametrize("change", [commit_another, commit_again, withdraw_all])
def test_of_two_collectors_at_once_the_one_that_publishes_last_has_all_that_was_committed(
    tmp_path, monkeypatch, change
):
    write(tmp_path, 0.5, of=SHOTS)
    has_read, may_publish, publish = threading.Event(), threading.Event(), write_locations

    def hand_over(out, table):
        if not has_read.is_set():  # the first time for the first one
            has_read.set()
            assert may_publish.wait(60)
        publish(out, table)

    monkeypatch.setattr(f"{collect.__module__}.write_locations", hand_over)
    with ThreadPoolExecutor(1) as thread:
        first = thread.submit(collect, tmp_path)
        assert has_read.wait(60)
        change(tmp_path)
        collect(tmp_path)
        may_publish.set()
        first.result(60)
    published = pd.read_parquet(tmp_path / "locations.parquet")
    collect(tmp_path)
    pd.testing.assert_frame_equal(published, pd.read_parquet(tmp_path / "locations.parquet"), rtol=1e-12)


def test_a_trial_that_is_withdrawn_while_it_is_read_has_no_rows(tmp_path, monkeypatch):
    kept, repeated = write(tmp_path, of=SHOTS), write(tmp_path, of=SHOTS, arm="full")
    files = files_by_trial

    def then_withdrawn(out, table, trials):
        found = files(out, table, trials)
        withdraw(out, repeated)
        (out / "images" / f"{repeated}.parquet").unlink(missing_ok=True)
        return found

    monkeypatch.setattr(f"{collect.__module__}.files_by_trial", then_withdrawn)
    assert {trial for trial, _ in collected(tmp_path)} == {kept}


def test_a_finished_trial_whose_rows_come_late_is_collected_then(tmp_path):
    early, late = write(tmp_path, of=SHOTS), write(tmp_path, of=SHOTS, arm="full")
    (tmp_path / "images" / f"{late}.parquet").rename(tmp_path / "late")
    assert {trial for trial, _ in collected(tmp_path)} == {early}
    before = (tmp_path / "locations.parquet").stat()
    collect(tmp_path)
    assert (tmp_path / "locations.parquet").stat().st_ino == before.st_ino  # nothing new: not written again
    (tmp_path / "late").rename(tmp_path / "images" / f"{late}.parquet")
    assert {trial for trial, _ in collected(tmp_path)} == {early, late}


def test_what_another_node_commits_to_a_store_meanwhile_is_collected_too(tmp_path, s3, monkeypatch):
    monkeypatch.setenv("ABLATE_CACHE", str(tmp_path / "cache"))
    place, publish = "s3://bucket/collected", write_locations
    first = write(tmp_path / "out", of=SHOTS)
    upload(s3, tmp_path / "out", "bucket/collected")
    others = []

    def while_another_commits(out, table):
        if not others:
            others.append(write(tmp_path / "other", of=SHOTS, arm="full"))
            upload(s3, tmp_path / "other", "bucket/collected")
        publish(out, table)

    monkeypatch.setattr(f"{collect.__module__}.write_locations", while_another_commits)
    with mirror.writable(place) as copy:
        collect(copy)
    storage.fetch([f"{place}/locations.parquet"], tmp_path / "there")
    assert {*pq.read_table(tmp_path / "there")["trial"].to_pylist()} == {first, *others}


def test_published_rows_that_a_store_lost_are_made_again(tmp_path, s3, monkeypatch):
    monkeypatch.setenv("ABLATE_CACHE", str(tmp_path / "cache"))
    write(tmp_path / "out", of=SHOTS)
    upload(s3, tmp_path / "out", "bucket/lost")
    with mirror.writable("s3://bucket/lost") as copy:
        collect(copy)
        s3.delete_file("bucket/lost/locations.parquet")
        time.sleep(0.01)
        collect(copy)
    assert storage.listed("s3://bucket/lost/locations.parquet") is not None


def test_a_committed_trial_whose_rows_are_damaged_is_an_error_that_names_the_file(tmp_path):
    trial = write(tmp_path, of=SHOTS)
    (tmp_path / "images" / f"{trial}.parquet").write_bytes(b"damaged")
    with pytest.raises(duckdb.Error, match=trial):
        collect(tmp_path)


def tampered(out):
    """The published rows with another mean, as nobody but this test writes it."""
    rows = pq.read_table(out / "locations.parquet")
    column = rows.schema.get_field_index("iou_mean")
    pq.write_table(rows.set_column(column, "iou_mean", pa.array([9.0] * len(rows))), out / "locations.parquet")


def test_only_what_was_committed_since_is_read_again(tmp_path):
    kept, repeated = write(tmp_path, 0.5, of=SHOTS), write(tmp_path, 0.5, of=SHOTS, arm="full")
    collect(tmp_path)
    tampered(tmp_path)
    write(tmp_path, 0.2, of=SHOTS, arm="full", val_iou=0.1)
    added = write(tmp_path, 0.4, of=SHOTS, seed=1)
    means = {trial: row["iou_mean"] for (trial, _), row in collected(tmp_path).items()}
    assert means == {kept: 9.0, repeated: pytest.approx(0.2), added: pytest.approx(0.4)}


@pytest.mark.parametrize("seen", [None, {b"ablate.seen": b'["other code", {}]'}, {b"ablate.seen": b"{"}])
def test_rows_that_other_code_published_are_made_again(tmp_path, seen):
    write(tmp_path, 0.5, of=SHOTS)
    collect(tmp_path)
    tampered(tmp_path)
    rows = pq.read_table(tmp_path / "locations.parquet")
    pq.write_table(rows.replace_schema_metadata(seen), tmp_path / "locations.parquet")
    assert [row["iou_mean"] for row in collected(tmp_path).values()] == [pytest.approx(0.5)]
