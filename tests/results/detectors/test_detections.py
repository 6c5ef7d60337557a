"""What a detector found on photographs: which boxes count, and which refuse a file."""

import math

import numpy as np
import pytest

from ablate.errors import UsageError
from ablate.results.detectors.detections import found_on
from ablate.results.detectors.detector_files import Detections, Entry

CATEGORIES = {"1": "animal", "2": "person"}


def image(file="a.jpg", *detections, failure=None):
    return Entry(file, [{"category": key, "conf": conf, "bbox": box} for key, conf, box in detections], failure)


def sighted(*images, photographs=("a",), category=(), least=0.2, file_names=None, categories=CATEGORIES):
    told = Detections("boxes=F", "", categories, images)
    names = photographs if isinstance(photographs, dict) else dict.fromkeys(photographs)
    return found_on(told, names, category, least, file_names)


def found(*images, **more):
    return sighted(*images, **more).found


def test_boxes_of_the_category_are_sorted_by_confidence():
    boxes = image("a.jpg", ("1", 0.3, [0, 0, 0.5, 0.5]), ("2", 0.99, [0, 0, 1, 1]), (1, 0.8, [0.2, 0.4, 0.6, 0.2]))
    one = found(boxes, image("other.jpg"))["a"]
    assert one.confidence_n == [0.8, 0.3]
    assert np.allclose(one.on((100, 50)), [[20, 20, 80, 30], [0, 0, 50, 25]])
    assert len(found(boxes, least=0.9)["a"].boxes_n4) == 0


@pytest.mark.parametrize("file", ["a.jpg", "a", "a.JPG", "deep/er/a.jpg", "win\\dows\\a.jpg"])
def test_without_file_names_files_are_named_after_the_image_id(file):
    assert found(image(file)).keys() == {"a"}


def test_ids_may_hold_folders_and_dots():
    assert found(image("x/loc1/2.5.jpg"), photographs=["loc1/2.5"]).keys() == {"loc1/2.5"}


NUMBERED = {str(index + 1): f"{index}.jpg" for index in range(12)}


def perfect(name):
    """A box that tells the photograph."""
    return image(name, ("1", 0.9, [0, 0, 1, (int(name.removesuffix(".jpg")) + 1) / 20]))


def heights(of):
    return [round(20 * of[photograph].boxes_n4[0, 3]) for photograph in NUMBERED]


def test_file_names_come_before_ids_that_look_like_them():
    files = [perfect(f"{index}.jpg") for index in range(13)]
    for told in (
        sighted(*files, photographs=NUMBERED),
        sighted(*files, photographs=[*NUMBERED], file_names=NUMBERED),
        sighted(*files, photographs=NUMBERED, file_names=dict.fromkeys(NUMBERED, "another.jpg")),
    ):
        assert heights(told.found) == list(range(1, 13))
        assert told.notes[0].startswith("12 of 12 photographs found in the file by their file name")
        assert told.notes[0].endswith("; 1 others of the file have no part in it")


def test_ids_that_are_numbers_are_not_taken_for_names_of_files():
    files = [perfect(f"{index}.jpg") for index in range(13)]
    with pytest.raises(UsageError, match=r"data= tells no file names, .* such as 1\.jpg; type annotations=FILE"):
        sighted(*files, photographs=[*NUMBERED])


def test_names_may_be_told_by_the_annotations():
    told = sighted(image("set/IMG_1.jpg"), file_names={"a": "IMG_1.jpg", "b": "IMG_2.jpg"})
    assert told.notes[0].startswith(
        "1 of 1 photographs found in the file by their file name in annotations= (IMG_1.jpg as set/IMG_1.jpg); 0 others"
    )


def test_what_counts_and_what_is_left_out_is_told():
    boxes = [("1", 0.9, [0, 0, 1, 1]), ("1", 0.1, None), ("1", -0.83, None), ("2", 0.8, "odd"), ("7", 0.5, None)]
    told = sighted(image("a.jpg", *boxes), image("b.jpg"), photographs=["a", "b"])
    assert told.categories == ("animal",)
    assert told.notes[1] == (
        "1 of 2 photographs have a box of animal; left out: 2 boxes of other categories (person 1, "
        "7 (not in detection_categories) 1), 2 below 0.2"
    )
    assert sighted(image("a.jpg", ("1", -0.1, [0, 0, 1, 1])), least=0).found["a"].confidence_n == []


def test_a_key_that_went_through_pandas_is_a_whole_number():
    assert len(found(image("a.jpg", (1.0, 0.5, [0, 0, 1, 1])))["a"].confidence_n) == 1


def test_boxes_that_all_have_another_category_than_the_file_declares_are_refused():
    with pytest.raises(UsageError, match=r"is a key of detection_categories \(1, 2\), but animal \(not in"):
        sighted(image("a.jpg", ("animal", 0.5, [0, 0, 1, 1])))


def test_a_species_that_only_a_classifier_tells_is_refused_with_the_categories_of_boxes():
    told = Detections("boxes=F", "", CATEGORIES, [image("a.jpg", ("1", 0.5, [0, 0, 1, 1]))], frozenset({"deer"}))
    with pytest.raises(
        UsageError, match=r"category=Deer: .* classification_categories, and its boxes are of animal, p"
    ):
        found_on(told, {"a": None}, ["Deer"], 0.2)
    assert found_on(told, {"a": None}, [], 0.2).categories == ("animal",)


def test_centres_are_named():
    boxes = [("1", 0.5, [0.2, 0.2, 0.4, 0.4]), ("1", 0.5, [0.9, 0.5, 0.2, 0.4])]
    with pytest.raises(UsageError, match=r"look like \[centre x, centre y, width, height\]"):
        found(image("a.jpg", *boxes))


def test_several_categories_count_together():
    species = {"1": "unidentified animal", "4": "deer", "5": "mule deer", "6": "deer"}
    boxes = image("a.jpg", *((key, 0.5, [0, 0, 1, 1]) for key in ("1", "4", "5", "6")))
    told = sighted(boxes, category=["Deer", "mule deer"], categories=species)
    assert len(told.found["a"].confidence_n) == 3
    assert "left out: 1 boxes of other categories (unidentified animal 1)" in told.notes[1]
    with pytest.raises(UsageError, match="the file tells species: deer 2, mule deer 1, unidentified animal 1"):
        sighted(boxes, categories=species)


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (
            [image("b.jpg")],
            r"not one photograph of data= is in the file: such as a \(image id\); in the file b\.jpg",
        ),
        ([image("a.jpg"), image("x/a.jpg", ("1", 0.5, [0, 0, 1, 1]))], r"a is a\.jpg or x/a\.jpg"),
        ([image(failure="Failure image access")], r"made the detector fail \(Failure image access\): a\.jpg"),
        ([Entry("a.jpg", None)], r"1 photograph\(s\) made the detector fail: a\.jpg"),
        ([Entry("a.jpg", {})], r"a\.jpg: its detections are not a list"),
        ([Entry("a.jpg", [3])], r"a\.jpg: a detection without a category"),
        ([image("a.jpg", (None, 0.5, [0, 0, 1, 1]))], r"a\.jpg: a detection without a category"),
        ([image("a.jpg", ("1", "0.5", [0, 0, 1, 1]))], r"a\.jpg: a detection whose conf is '0.5', and not a number in"),
        ([image("a.jpg", ("1", 83, [0, 0, 1, 1]))], "conf is 83,"),
        ([image("a.jpg", ("1", math.nan, [0, 0, 1, 1]))], "conf is nan,"),
        ([image("a.jpg", ("1", 0.5, [0, 0, 1]))], r"a\.jpg: a box that counts is not four numbers"),
        ([image("a.jpg", ("1", 0.5, [0, 0, 1, math.inf]))], "not four numbers"),
        ([image("a.jpg", ("1", 0.5, [0, 0, 1, 10**400]))], "not four numbers"),
        (
            [image("a.jpg", ("1", 0.5, [0, 0, -0.1, 1]))],
            r"1 boxes that count are not \[x, y, width, height\] in fractions",
        ),
        ([image("a.jpg", ("1", 0.5, [0, 0, 1, 1.2]))], r"such as \[0, 0, 1, 1.2\] of a\.jpg"),
        (
            [image("a.jpg", ("1", 0.5, [100, 50, 300, 200]))],
            r"the boxes are in pixels, .* divide x and width by the width",
        ),
        ([image("a.jpg", ("1", 0.5, [10, 20, 30, 40]))], "the boxes are in pixels or percent"),
        ([image("a.jpg", ("1", 0.5, [0.6, 0.5, 0.9, 0.8]))], r"the boxes look like \[x1, y1, x2, y2\]"),
    ],
)
def test_what_cannot_be_scored_is_said(images, message):
    with pytest.raises(UsageError, match=f"^boxes=F: .*{message}"):
        found(*images)


@pytest.mark.parametrize(
    "odd",
    [
        Entry("b.jpg", [{"category": "1", "conf": "0.9", "bbox": [3]}]),
        Entry("b.jpg", "odd", "failed"),
        image("b.jpg", ("1", 0.9, [0.9, 0.9, 5, 5])),
    ],
)
def test_what_is_odd_about_other_photographs_refuses_nothing(odd):
    assert found(odd, image("a.jpg", ("1", 0.9, [0, 0, 1, 1])))["a"].confidence_n == [0.9]
