"""Boxes in other units than COCO's: left out one by one, refused where most are so, remarked where only all tell it."""

import re

import numpy as np
import pytest

from ablate.errors import UsageError
from datasets.prepare import prepare
from datasets.raw import box_units
from datasets.raw.skipped import SKIPPED
from tests.datasets import raw_inputs
from tests.datasets.raw.test_real_images import read
from tests.datasets.raw_inputs import Survey, config

FRAME = (2000.0, 1000.0)
SIDES = np.array([*FRAME, *FRAME])


def animals(count=40):
    """Boxes [x, y, width, height] in frames of 2000x1000 px; some touch an edge."""
    rng = np.random.default_rng(0)
    start_n2 = rng.uniform(-0.1, 0.9, (count, 2)) * FRAME
    end_n2 = start_n2 + rng.uniform(0.05, 0.5, (count, 2)) * FRAME
    start_n2, end_n2 = np.clip(start_n2, 0, FRAME), np.clip(end_n2, 0, FRAME)
    return np.hstack([start_n2, end_n2 - start_n2])


def asked(question, box_n4):
    return question([tuple(box) for box in box_n4.tolist()], [FRAME] * len(box_n4))


def as_corners(box_n4):
    return np.hstack([box_n4[:, :2], box_n4[:, :2] + box_n4[:, 2:]])


def as_centres(box_n4):
    return np.hstack([box_n4[:, :2] + box_n4[:, 2:] / 2, box_n4[:, 2:]])


@pytest.mark.parametrize(
    ("box_n4", "told"),
    [
        (animals() / SIDES, "40 of 40 boxes are fractions of the frame, not pixels, such as"),
        (animals() / SIDES * 100, "they look like percent of the frame"),
        (as_corners(animals()), "they look like [x0, y0, x1, y1]; write"),
        (as_centres(animals()), "they look like [centre x, centre y, width, height]; subtract"),
        (animals() * 3, "are they pixels of a larger picture?"),
    ],
)
def test_what_most_boxes_are_instead_is_named(box_n4, told):
    assert told in asked(box_units.misread, box_n4)


def test_one_box_of_pixels_does_not_hide_the_fractions():
    box_n4 = animals() / SIDES
    box_n4[3] *= SIDES
    assert "39 of 40 boxes are fractions" in asked(box_units.misread, box_n4)


@pytest.mark.parametrize("overflow", [0.0, 0.05])
def test_boxes_that_overflow_by_a_little_are_boxes(overflow):
    box_n4 = animals() + np.array([-1, -1, 2, 2]) * overflow * np.tile(FRAME, 2)
    assert asked(box_units.misread, box_n4) is None
    assert asked(box_units.doubtful, box_n4) == []
    assert not any(box_units.implausible(tuple(box), FRAME) for box in box_n4.tolist())


def test_boxes_of_a_smaller_picture_are_asked_about():
    (told,) = asked(box_units.doubtful, animals() / 2)
    assert "pixels of a smaller picture" in told


def test_edges_that_overflow_on_one_side_alone_are_asked_about():
    box_n4 = animals() + np.array([0, 0, 0.04, 0.04]) * np.tile(FRAME, 2)
    (told,) = asked(box_units.doubtful, box_n4)
    assert "are they [x, y, width, height]?" in told


@pytest.mark.parametrize(
    ("box", "reason"),
    [
        ((0.2, 0.2, 0.5, 0.5), "box below one pixel: [0.2, 0.2, 0.5, 0.5] in 2000x1000 px; are they fractions"),
        ((0, 0, 1, 1), "box below one pixel"),
        ((10, 10, 0.5, 300), "box below one pixel: [10, 10, 0.5, 300] in 2000x1000 px"),
        ((1500, 600, 1900, 900), "box reaches far out of the frame: [1500, 600, 1900, 900] in 2000x1000 px; is it [x0"),
        ((-500, 10, 600, 90), "box reaches far out of the frame"),
        ((2000, 10, 20, 20), "box outside the frame"),
    ],
)
def test_an_implausible_box_is_quoted_with_its_frame(box, reason):
    assert box_units.implausible(box, FRAME).startswith(reason)


def test_boxes_of_one_pixel_are_no_fractions():
    assert box_units.implausible((5, 5, 1, 1), FRAME) is None
    assert box_units.misread([(5, 5, 1, 1)] * 4, [None] * 4) is None


def test_implausible_boxes_are_left_out_counted_and_listed(tmp_path):
    survey = Survey(tmp_path).add("ok").add("p", boxes=[(40, 30, 60, 50), (0.2, 0.2, 0.5, 0.5)])
    photos, log = read(survey.add("q", boxes=[(90, 60, 130, 100)]).add("small", boxes=[(9, 9, 1.5, 30)]))
    assert {name: len(photo.boxes) for name, photo in photos.items()} == {"ok": 1, "p": 1}
    assert log.skipped_counts() == {"box": {"box below one pixel": 2, "box reaches far out of the frame": 1}}
    assert "[9, 9, 1.5, 30] is 0.75x15 px of the stored 80x60" in str(log.skipped)


def test_left_out_boxes_are_remarked_where_they_are_allowed(tmp_path):
    raw_inputs.synthetic(tmp_path / "synthetic")
    survey = raw_inputs.survey(tmp_path)
    survey.add("q", boxes=[(40, 30, 60, 50), (90, 60, 130, 100)]).write()
    manifest = prepare(config(tmp_path, tmp_path / "out", max_bad=0.5), lambda line: None)
    told = "1 of 8 boxes were left out as bad input: 1 box reaches far out of the frame; skipped.csv names each"
    assert told in manifest.parameters["remarks"]
    assert "[90, 60, 130, 100] in 160x120 px" in (tmp_path / "out" / SKIPPED).read_text()


def test_all_boxes_but_one_in_fractions_are_one_line(tmp_path):
    survey = Survey(tmp_path).add("ok")
    for index in range(5):
        survey.add(f"p{index}", boxes=[(0.25, 0.25, 0.5, 0.5)])
    with pytest.raises(UsageError, match=r"5 of 6 boxes are fractions of the frame.*\[0\.25.*multiply x and width by"):
        read(survey)


@pytest.mark.parametrize("size", [{}, {"width": ..., "height": ...}, {"width": float("nan"), "height": None}])
def test_corners_are_named_also_where_only_the_picture_tells_its_size(tmp_path, size):
    survey = Survey(tmp_path)
    scale = 1 if not size else 2  # the stored photographs are half as large as the JSON says
    for index in range(6):
        x, y = 10 + 15 * index, 60 - 9 * index
        survey.add(f"p{index}", boxes=[[value / scale for value in (x, y, x + 60, y + 50)]], **size)
    with pytest.raises(UsageError, match=re.escape("they look like [x0, y0, x1, y1]")):
        read(survey)


def test_thousandths_of_the_frame_are_asked_about():
    boxes = [(50.0 * n, 40.0 * n, 50.0, 200.0) for n in range(20)]
    assert "are they thousandths of the frame" in str(box_units.doubtful(boxes, [(2048, 1536)] * 20))
    assert box_units.doubtful(boxes, [(1024, 1000)] * 20) == []
