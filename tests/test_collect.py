"""The collector's rows, and the interval round a mean."""

import numpy as np
import pytest

from ablate import results
from ablate.collect import collect
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
