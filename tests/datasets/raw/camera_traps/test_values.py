"""Annotations that went through a table program: absent is absent, whole floats are integers."""

import io
import json

import numpy as np
import pandas as pd
import pytest

from datasets.raw import camera_traps
from datasets.raw.camera_traps import values

NAN = float("nan")
NAMED = {"34": "deer", "30": "empty"}


def parsed(images, annotations=()):
    return camera_traps.parse(
        [([{"file_name": f"{n}.jpg"} | image for n, image in enumerate(images)], annotations, NAMED)]
    )


def through_pandas(rows):
    """The rows as a table's JSON has them: a column with an absent value holds floats."""
    return json.loads(pd.read_csv(io.StringIO(pd.DataFrame(rows).to_csv(index=False))).to_json(orient="records"))


@pytest.mark.parametrize(
    "nothing", [NAN, None, float("inf"), "", " ", "nan", "NaN", "NaT", "<NA>", "None", "null", "NA"]
)
def test_absent_is_absent(nothing):
    image = {"id": 1, "location": nothing, "seq_id": nothing, "frame_num": nothing, "date_captured": nothing}
    (found,) = parsed([image | {"width": nothing, "height": nothing}]).records
    assert (found.location, found.seq_id, found.frame_num, found.time, found.wh) == ("unknown", None, None, "", None)


def test_a_text_that_might_be_a_name_is_remarked():
    found = parsed(
        [{"id": 1, "location": "nan"}, {"id": 2, "location": "nan"}, {"id": 3, "location": "7", "seq_id": NAN}]
    )
    assert [record.location for record in found.records] == ["unknown", "unknown", "7"]
    (remark,) = found.remarks
    assert "location: 2 images say 'nan'" in remark


def test_whole_floats_are_integers_wherever_a_name_stands():
    image = {"id": 3.0, "location": 33.0, "seq_id": 7.0, "frame_num": 2.0}
    found = parsed([image], [{"image_id": 3, "category_id": 34.0, "bbox": [1, 2, 3, 4]}])
    (record,) = found.records
    assert (record.id, record.location, record.seq_id, record.frame_num) == ("3", "33", "7", 2)
    assert record.boxes({"deer"}) == (((1, 2, 3, 4), "deer"),)
    assert found.skipped == ()


@pytest.mark.parametrize(("image_id", "told"), [(3, 3.0), (3, "3.0"), ("3.0", 3), ("3", 3.0)])
def test_an_annotation_finds_its_image_whatever_became_of_the_number(image_id, told):
    found = parsed([{"id": image_id}], [{"image_id": told, "category_id": "34.0", "bbox": [1, 2, 3, 4]}])
    assert len(found.records[0].boxes({"deer"})) == 1


def test_locations_that_are_all_texts_of_floats_are_whole_and_remarked():
    found = parsed([{"id": 1, "location": "33.0"}, {"id": 2, "location": "4.0"}, {"id": 3}])
    assert [record.location for record in found.records] == ["33", "4", "unknown"]
    assert "'33.0': taken as '33'" in found.remarks[0]
    versions = parsed([{"id": 1, "location": "1.0"}, {"id": 2, "location": "1.5"}])
    assert [record.location for record in versions.records] == ["1.0", "1.5"]


def test_a_round_trip_through_pandas_changes_nothing():
    images = [{"id": n, "location": n % 2 or None, "seq_id": f"s{n}" if n else None} for n in range(4)]
    seen = [{"image_id": n, "category_id": 34, "bbox": [1, 2, 3, 4] if n else None} for n in range(4)]
    seen.append({"image_id": 3, "category_id": 30, "bbox": None})
    before, after = parsed(images, seen), parsed(through_pandas(images), through_pandas(seen))
    assert before == after


@pytest.mark.parametrize("text", ["[1, 2, 3, 4]", "(1.0, 2.0, 3.0, 4.0)", " [1,2,3,4] "])
def test_a_box_that_became_a_text_is_read(text):
    found = parsed([{"id": 1}], [{"image_id": 1, "category_id": 34, "bbox": text}])
    assert found.records[0].boxes({"deer"}) == (((1, 2, 3, 4), "deer"),)


@pytest.mark.parametrize("nothing", [NAN, "nan", "[]", [], [NAN] * 4, "[nan, nan, nan, nan]"])
def test_no_box_is_no_bad_input(nothing):
    found = parsed([{"id": 1}], [{"image_id": 1, "category_id": 34, "bbox": nothing}])
    assert found.records[0].annotations == (camera_traps.Annotation("deer", None),)
    assert found.skipped == ()


@pytest.mark.parametrize("text", ["[1 2 3 4]", "1, 2, 3, 4", "[1, 2, 3]", "[a, b, c, d]", 7, {"x": 1}])
def test_another_box_is_quoted(text):
    (entry,) = parsed([{"id": 1}], [{"image_id": 1, "category_id": 34, "bbox": text}]).skipped
    assert entry.reason == f"box is not four numbers: {text}"


@pytest.mark.parametrize(
    "fields", [{"location": ["a"]}, {"seq_id": {"a": 1}}, {"location": True}, {"id": NAN}, {"id": []}]
)
def test_what_is_no_name_is_listed(fields):
    found = parsed([{"id": 1} | fields])
    assert (found.records, len(found.skipped)) == ((), 1)


def test_an_annotation_of_nothing_says_so():
    reasons = [entry.reason for entry in parsed([{"id": 1}], [{"image_id": NAN}, {"image_id": 1}]).skipped]
    assert reasons == ["annotation without an image", "unknown category none"]


def test_accents_of_a_location_are_one_letter_or_two():
    found = parsed([{"id": 1, "location": "B\u00e4r"}, {"id": 2, "location": "Ba\u0308r"}])
    assert {record.location for record in found.records} == {"B\u00e4r"}


def test_what_only_a_further_file_knows_of_place_and_time_is_taken():
    bare, full = {"id": 1, "file_name": "a"}, {"id": 1, "file_name": "a", "location": 7, "seq_id": "s", "frame_num": 2}
    full["date_captured"] = "2015:06:01 12:00:00"
    for files in ((bare, full), (full, bare)):
        (found,) = camera_traps.parse([([image], [], NAMED) for image in files]).records
        assert (found.location, found.seq_id, found.frame_num, found.captured_at.hour) == ("7", "s", 2, 12)


def test_numbers_of_numpy_are_not_needed():
    assert values.name(float(np.float64(1e15))) == "1000000000000000"
    assert values.whole(2.5) is None


def test_numbers_that_became_texts_are_numbers():
    images = [{"id": 1, "width": "160", "height": "120.0", "frame_num": "2"}]
    box = {"image_id": 1, "category_id": "34", "bbox": ["1", "2.5", "3", "4"]}
    (found,) = parsed(images, [box]).records
    assert (found.wh, found.frame_num, found.annotations[0].box_xywh) == ((160, 120), 2, (1, 2.5, 3, 4))
    assert [values.number(text) for text in ("1e3", "0x10", "1_0", "", "12 px", "9" * 400)] == [None] * 6


@pytest.mark.parametrize("time", [0, "0", "0000:00:00 00:00:00", "0000-00-00 00:00", "0000-00-00T00:00:00"])
def test_zeros_where_a_size_or_a_time_is_unknown_are_absent(time):
    image = {"id": 1, "width": 0, "height": 0, "date_captured": time, "datetime": "2012-05-08 12:00:00"}
    (found,) = parsed([image]).records
    assert (found.wh, found.time) == (None, "2012-05-08 12:00:00")


def test_space_round_names_that_people_type_is_none():
    files = [([{"id": 1, "file_name": "a.jpg", "location": " A "}], [{"image_id": 1, "category_id": 1}], {"1": "x"})]
    assert camera_traps.parse(files).records[0].location == "A"
