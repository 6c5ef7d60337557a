import json
import subprocess
import sys
from datetime import datetime

import pytest

from ablate.errors import UsageError
from datasets.raw import camera_traps
from tests.command import ROOT
from tests.datasets import large_json
from tests.datasets.raw_inputs import CATEGORIES, Survey

DAY = camera_traps.Rule(("deer",), range(7, 20))
ANY_TIME = camera_traps.Rule(("deer",), None)


def listing(*images, annotations=()):
    named = {str(number): name for number, name in CATEGORIES.items()}
    return camera_traps.parse([([{"file_name": "a.jpg"} | image for image in images], list(annotations), named)])


def record(annotations=({"category_id": 34, "bbox": [1, 2, 3, 4]},), **image):
    found = listing({"id": "a"} | image, annotations=[{"image_id": "a"} | annotation for annotation in annotations])
    return found.records[0]


def test_a_record_holds_what_the_json_says():
    found = record(
        width=2048,
        height=1494,
        date_captured="2012-05-08 19:23:36",
        location=33,
        seq_id="s",
        frame_num=2,
        annotations=[{"category_id": 34, "bbox": [1, 2, 3, 4]}, {"category_id": 6}],
    )
    assert (found.width, found.height, found.location, found.seq_id, found.frame_num) == (2048, 1494, "33", "s", 2)
    assert found.captured_at == datetime(2012, 5, 8, 19, 23, 36)
    assert found.boxes({"deer", "bobcat"}) == (((1, 2, 3, 4), "deer"),)


def test_what_other_sets_leave_out_is_absent_not_guessed():
    found = record(annotations=[])
    assert (found.width, found.height, found.location, found.captured_at) == (None, None, "unknown", None)
    assert (found.seq_id, found.frame_num) == (None, None)


@pytest.mark.parametrize("key", ["date_captured", "datetime"])
def test_the_time_has_two_names(key):
    assert record(**{key: "2012-05-08 19:23:36"}).captured_at == datetime(2012, 5, 8, 19, 23, 36)


@pytest.mark.parametrize("time", ["11 11", "2012-05-08", "2012-13-01 10:00:00", 7])
def test_a_malformed_time_takes_a_photograph_out_only_where_hours_count(time):
    found = record(date_captured=time)
    assert found.captured_at is None
    assert DAY.refusal(found) == "malformed time"
    assert ANY_TIME.refusal(found) is None


def test_no_time_is_told_from_a_malformed_one():
    assert DAY.refusal(record()) == "no time"


@pytest.mark.parametrize(
    ("time", "refusal"),
    [("06:59:59", "outside hours"), ("07:00:00", None), ("19:59:59", None), ("20:00:00", "outside hours")],
)
def test_the_day_is_from_7_00_to_19_59(time, refusal):
    assert DAY.refusal(record(date_captured=f"2012-05-08 {time}")) == refusal


@pytest.mark.parametrize(
    ("annotations", "split", "refusal"),
    [
        ([{"category_id": 34, "bbox": [1, 2, 3, 4]}], "test", None),
        ([{"category_id": 34}], "test", "no box"),
        ([{"category_id": 34, "bbox": [1, 2, 0, 4]}], "test", "no box"),
        ([{"category_id": 6, "bbox": [1, 2, 3, 4]}], None, "other category"),
        ([{"category_id": 30}], "empty", None),
        ([{"category_id": 30, "bbox": [1, 2, 3, 4]}], "empty", None),
        ([{"category_id": 30, "bbox": [1, 2, 3, 4]}, {"category_id": 34}], "test", "no box"),
        ([{"category_id": 30}, {"category_id": 6}], None, "other category"),
        ([], None, "not labelled"),
    ],
)
def test_which_split_a_photograph_belongs_to(annotations, split, refusal):
    found = record(annotations)
    assert (ANY_TIME.split(found), ANY_TIME.refusal(found)) == (split, refusal)


@pytest.mark.parametrize("name", ["a", "sub/a.jpg", "sub/a"])
def test_the_exclusion_list_names_ids_or_files(name):
    rule = camera_traps.Rule(("deer",), None, frozenset({name}))
    assert rule.refusal(record(file_name="sub/a.jpg")) == "excluded"
    assert camera_traps.Rule(("deer",), None, frozenset({"b"})).refusal(record(file_name="sub/a.jpg")) is None


@pytest.mark.parametrize(
    "box", [[1, 2, 3], [1, 2, 3, 4, 5], "1234", [1, 2, 3, None], [1, 2, 3, float("nan")], [1, 2, -3, 4], [1, 2, 3, 0]]
)
def test_an_unusable_box_is_listed(box):
    found = listing({"id": "a"}, annotations=[{"image_id": "a", "category_id": 34, "bbox": box}])
    assert [entry.name for entry in found.skipped] == ["a"]
    assert found.records[0].annotations == (camera_traps.Annotation("deer", None),)


def test_entries_that_fit_nothing_are_listed():
    found = listing(
        {"id": "a", "width": 7, "height": 3},
        {"id": "a", "width": 8, "height": 3},
        {"id": "c"},
        {"file_name": "no-id.jpg"},
        annotations=[{"image_id": "b", "category_id": 34}, {"image_id": "a", "category_id": 77}],
    )
    assert [(record.id, record.width) for record in found.records] == [("a", 7.0)]
    assert sorted(entry.reason for entry in found.skipped) == [
        "annotation of an unknown image",
        "image without an id or a file name: id None, file_name no-id.jpg",
        "second image of this file: a.jpg",
        "second image of this id",
        "unknown category 77",
    ]


def test_an_unknown_category_lists_those_of_the_json():
    with pytest.raises(UsageError, match=r"category=dear.*did you mean 'deer'.*bobcat, deer"):
        camera_traps.Rule(("dear",), None).require_known(listing())
    with pytest.raises(UsageError, match="category=empty"):
        camera_traps.Rule(("empty",), None).require_known(listing())


def test_locations_can_be_chosen_and_must_exist():
    rule = camera_traps.Rule(("deer",), None, locations=frozenset({"34"}))
    assert rule.refusal(record(location=34)) is None
    assert rule.refusal(record(location=33)) == "other location"
    with pytest.raises(UsageError, match=r"locations=34: not in the annotations.*33"):
        rule.require_known(listing({"id": "a", "location": 33}))


@pytest.mark.parametrize("name", ["../a.jpg", "/a.jpg", "b/../../a.jpg", "", 7])
def test_a_file_name_that_leaves_the_folder_or_is_none_is_listed(name):
    found = listing({"id": "a", "file_name": name})
    assert found.records == ()
    assert [entry.name for entry in found.skipped] == ["a"]


def test_several_files_about_the_same_photographs_are_joined():
    """As Caltech's labels and boxes lie in two files, with categories of other numbers."""
    boxes = ([{"id": "a", "file_name": "a.jpg"}], [{"image_id": "a", "category_id": 1, "bbox": [1, 2, 3, 4]}])
    labels = [{"id": "a", "file_name": "other.jpg"}, {"id": "e", "file_name": "e.jpg"}]
    seen = [{"image_id": "a", "category_id": 34}, {"image_id": "e", "category_id": 30}]
    found = camera_traps.parse([(*boxes, {"1": "deer"}), (labels, seen, {"34": "deer", "30": "empty"})])
    assert [(record.id, record.file_name, ANY_TIME.split(record)) for record in found.records] == [
        ("a", "a.jpg", "test"),
        ("e", "e.jpg", "empty"),
    ]
    assert found.records[0].boxes({"deer"}) == (((1, 2, 3, 4), "deer"),)
    assert found.skipped == ()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"images": [{"id": "a", "file_na',
        '{"images": []}',
        '{"images": [1], "annotations": [], "categories": []}',
    ],
)
def test_a_file_of_another_format_is_one_line(tmp_path, text):
    path = tmp_path / "a.json"
    path.write_text(text)
    with pytest.raises(UsageError, match="annotations="):
        camera_traps.read([path])


@pytest.mark.slow
def test_the_whole_of_caltechs_file_is_read_and_selected_within_two_gigabytes(tmp_path):
    """As large as the full JSON: 243,100 images. The time is not asserted: machines are shared."""
    path, code = tmp_path / "full.json", "import sys; from tests.datasets.large_json import select; select(sys.argv[1])"
    large_json.write(path)
    done = subprocess.run([sys.executable, "-c", code, path], cwd=ROOT, capture_output=True, text=True, check=True)
    selected, peak_mb = map(float, done.stdout.split())
    assert selected == large_json.N_SELECTED
    assert peak_mb < 2000


@pytest.mark.parametrize(
    "fields",
    [
        {"width": "160 px", "height": 120},
        {"width": 0, "height": 120},
        {"width": 160},
        {"width": True, "height": 10},
        {"width": 10**400, "height": 10},
        {"location": "\ud800"},
        {"id": "\ud800"},
        {"file_name": "."},
    ],
)
def test_an_entry_that_would_mislead_is_listed(fields):
    found = listing({"id": "a"} | fields)
    assert found.records == ()
    assert len(found.skipped) == 1


def test_numbers_of_any_length_are_no_measure():
    assert record(frame_num=10**400).frame_num is None
    found = listing({"id": "a"}, annotations=[{"image_id": "a", "category_id": 34, "bbox": [1, 2, 10**400, 3]}])
    assert [entry.reason for entry in found.skipped] == [f"box is not four numbers: [1, 2, {'1' + 52 * '0'}..."]


def test_a_photograph_with_something_unknown_on_it_is_not_empty():
    found = record([{"category_id": 30}, {"category_id": 77}])
    assert ANY_TIME.refusal(found) == "other category"


def test_a_further_file_completes_the_size_and_doubles_no_box():
    deer = [{"image_id": "a", "category_id": 1, "bbox": [1, 2, 3, 4]}]
    named = {"1": "deer"}
    without, within = {"id": "a", "file_name": "a.jpg"}, {"id": "a", "file_name": "a.jpg", "width": 9, "height": 8}
    for images in (([without], [within]), ([within], [without])):
        (found,) = camera_traps.parse([(one, deer, named) for one in images]).records
        assert found.wh == (9, 8)
        assert len(found.boxes({"deer"})) == 1


def test_of_two_files_that_tell_other_sizes_that_with_the_boxes_counts():
    large, small = ({"id": "a", "file_name": "a.jpg", "width": side, "height": side} for side in (90, 30))
    labels = ([small], [{"image_id": "a", "category_id": 1}], {"1": "deer"})
    boxed = ([large], [{"image_id": "a", "category_id": 1, "bbox": [1, 2, 3, 4]}], {"1": "deer"})
    for files in ((labels, boxed), (boxed, labels)):
        found = camera_traps.parse(files)
        assert found.records[0].wh == (90, 90)
        assert found.skipped == ()
    other = ([small], [{"image_id": "a", "category_id": 1, "bbox": [0, 0, 1, 1]}], {"1": "deer"})
    twice = camera_traps.parse([boxed, other])
    assert len(twice.records[0].boxes({"deer"})) == 1
    assert twice.skipped[0].reason.startswith("box in a file that tells another size")


def test_two_categories_of_one_id_are_refused(tmp_path):
    table = {"images": [], "annotations": [], "categories": [{"id": 1, "name": "deer"}, {"id": 1, "name": "moose"}]}
    (tmp_path / "a.json").write_text(json.dumps(table))
    with pytest.raises(UsageError, match="two categories of one id"):
        camera_traps.read([tmp_path / "a.json"])


def test_a_missing_file_is_one_line(tmp_path):
    with pytest.raises(UsageError, match="no such file"):
        camera_traps.read([tmp_path / "a.json"])


def test_the_files_of_the_generator_are_read(tmp_path):
    Survey(tmp_path).add("p").add_empty("e").write()
    found = camera_traps.read([tmp_path / "annotations.json"])
    assert [DAY.split(record) for record in found.records] == ["test", "empty"]
    assert found.categories == ("bobcat", "deer", "empty")
    assert found.records[0].location == "33"
