"""Files of a detector: what is read of them, and on which photographs it is."""

import json

import numpy as np
import pytest

from ablate.detections import found_on, read
from ablate.errors import UsageError

CATEGORIES = {"1": "animal", "2": "person"}


def image(file="a.jpg", *detections, **more):
    found = [{"category": key, "conf": conf, "bbox": list(box)} for key, conf, box in detections]
    return {"file": file, "detections": found} | more


def written(tmp_path, *images, **more):
    path = tmp_path / "boxes.json"
    path.write_text(json.dumps({"detection_categories": CATEGORIES, "images": list(images)} | more))
    return path


def found(tmp_path, *images, photographs=("a",), category="animal", least=0.2, renamed=None):
    return found_on(read(written(tmp_path, *images)), photographs, category, least, renamed or {})


def test_boxes_of_the_category_are_sorted_by_confidence(tmp_path):
    boxes = image("a.jpg", ("1", 0.3, (0, 0, 0.5, 0.5)), ("2", 0.99, (0, 0, 1, 1)), ("1", 0.8, (0.2, 0.4, 0.6, 0.2)))
    one = found(tmp_path, boxes, image("other.jpg"))["a"]
    assert one.confidence_n == [0.8, 0.3]
    assert np.allclose(one.on((100, 50)), [[20, 20, 80, 30], [0, 0, 50, 25]])
    assert len(found(tmp_path, boxes, least=0.9)["a"].boxes_n4) == 0


@pytest.mark.parametrize("file", ["a.jpg", "a", "a.JPG", "deep/er/a.jpg", "win\\dows\\a.jpg"])
def test_files_are_named_after_their_photograph(tmp_path, file):
    assert found(tmp_path, image(file)).keys() == {"a"}


def test_ids_may_hold_folders_and_dots(tmp_path):
    assert found(tmp_path, image("x/loc1/2.5.jpg"), photographs=["loc1/2.5"]).keys() == {"loc1/2.5"}


def test_names_may_be_told_by_the_annotations(tmp_path):
    assert found(tmp_path, image("set/IMG_1.jpg"), renamed={"set/IMG_1.jpg": "a"}).keys() == {"a"}


@pytest.mark.parametrize(
    ("images", "message"),
    [
        ([image("b.jpg")], r"1 photograph\(s\) are not in the file: a"),
        ([image("a.jpg"), image("x/a.jpg")], r"1 photograph\(s\) are in the file twice: a"),
        ([{"file": "a.jpg", "failure": "Failure image access"}], r"1 photograph\(s\) made the detector fail: a"),
        ([{"file": "a.jpg", "detections": None}], "made the detector fail"),
        ([image("a.jpg", ("1", 0.5, (0, 0, 1.2, 1)))], "images.0.detections.0.bbox"),
        ([image("a.jpg", ("1", 0.5, (0, 0, -0.1, 1)))], "not .x, y, width, height. in fractions"),
        ([image("a.jpg", ("1", float("nan"), (0, 0, 1, 1)))], "images.0.detections.0.conf"),
    ],
)
def test_what_cannot_be_scored_is_said(tmp_path, images, message):
    with pytest.raises(UsageError, match=message):
        found(tmp_path, *images)


def test_an_unknown_category_names_the_known_ones(tmp_path):
    with pytest.raises(UsageError, match="category=deer: not in the file; allowed: animal, person"):
        found(tmp_path, image(), category="deer")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"images": 3}'])
def test_another_format_is_one_line(tmp_path, text):
    path = tmp_path / "boxes.json"
    path.write_text(text)
    with pytest.raises(UsageError, match=r"boxes.json: not MegaDetector's format"):
        read(path)
    with pytest.raises(UsageError, match="no such file"):
        read(tmp_path / "none.json")
    with pytest.raises(UsageError, match=r"boxes=.*: a folder; give the detector's JSON file"):
        read(tmp_path)
