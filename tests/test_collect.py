"""The collector's rows, and the interval round a mean."""

import numpy as np
import pytest

from ablate import results
from ablate.collect import bootstrap_interval, collect
from tests.results_factory import Photo, photos, write, write_failed


def collected(out):
    collect(out)
    return {(row["trial"], row["location"]): row for row in results.read(out, "locations").to_pylist()}


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


def test_the_interval_is_the_same_every_time_and_differs_between_trials(tmp_path):
    for arm in ("crop", "full"):
        write(tmp_path, lambda photo: int(photo.image_id[-1]) / 10, arm=arm)
    first, second = collected(tmp_path), collected(tmp_path)
    assert first == second
    assert len({row["iou_low"] for row in first.values() if row["location"] == "10"}) == 2


def test_sequences_are_drawn_whole():
    """Two sequences of equal photographs: a mean of draws is 0, 1/2 or 1, however many photographs there are."""
    low, high = bootstrap_interval(np.array([0.0, 50.0]), np.array([50.0, 50.0]), seed=0)
    assert (low, high) == (0.0, 1.0)
    assert bootstrap_interval(np.array([50.0]), np.array([100.0]), seed=0) is None


def test_the_interval_agrees_with_theory():
    """For many sequences of one photograph: mean +- 1.96 standard errors."""
    values = np.random.default_rng(0).uniform(size=400)
    low, high = bootstrap_interval(values, np.ones(400), seed=1)
    error = values.std() / np.sqrt(400)
    assert [low, high] == pytest.approx([values.mean() - 1.96 * error, values.mean() + 1.96 * error], abs=0.2 * error)


def test_failed_and_uncommitted_trials_have_no_rows(tmp_path):
    write(tmp_path, commit=False)
    write_failed(tmp_path, arm="full")
    assert collected(tmp_path) == {}
