"""Selection by pixels, boxes and files: every pitfall of the real files, on small ones."""

import io

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image, ImageOps

from ablate.errors import UsageError
from datasets.prepare import prepare
from datasets.raw import candidates, real_images
from datasets.raw.skipped import SELECTION, SelectionLog
from tests.datasets import bad_files, raw_inputs
from tests.datasets.raw_inputs import PHOTO_WH, Survey, config, jpg_bytes, picture, save


@pytest.fixture
def survey(tmp_path):
    """A survey with one sound photograph, `ok`."""
    return Survey(tmp_path).add("ok")


def read(survey, **fields):
    """The selected photographs by id, and the log."""
    survey.write()
    log, chosen = SelectionLog(), config(survey.folder, survey.folder / "out", **fields)
    found = candidates.candidates(chosen, log)
    examined = [real_images.examine(record, "test", chosen) for record in found.test]
    examined += [one for records in found.empty for one in real_images.first_empty(records, chosen)]
    log.considered += [one.considered for one in examined]
    log.skipped += [bad for one in examined for bad in one.bad]
    return {one.photo.record.id: one.photo for one in examined if one.photo}, log


def reason(log, image_id):
    return next(row.reason for row in log.considered if row.id == image_id)


def notes(log):
    return {row.id: row.note for row in log.considered if row.note}


def with_orientation(image, orientation):
    image.getexif()[0x0112] = orientation
    return image


def grey(level=120):
    return np.full((PHOTO_WH[1], PHOTO_WH[0], 3), level, dtype=np.uint8)


def test_boxes_are_scaled_from_the_original_to_the_stored_photograph(survey):
    photos, _ = read(survey)
    assert photos["ok"].wh == (80, 60)  # the JSON says 160x120, and the box [40, 30, 60, 50]
    assert photos["ok"].boxes == (((20.0, 15.0, 50.0, 40.0), "deer"),)


def test_boxes_stay_as_they_are_where_the_json_tells_no_size(survey):
    photos, log = read(survey.add("p", width=..., height=..., boxes=[(40, 30, 44, 20)]))
    assert photos["p"].boxes == (((40.0, 30.0, 80.0, 50.0), "deer"),)  # clipped: it is 80x60
    assert notes(log)["p"].startswith("the JSON tells no size")


def test_boxes_are_clipped_at_the_frame(survey):
    photos, log = read(survey.add("p", boxes=[(-10, -10, 30, 30), (140, 100, 30, 30)]))
    assert [box for box, _ in photos["p"].boxes] == [(0.0, 0.0, 10.0, 10.0), (70.0, 50.0, 80.0, 60.0)]
    assert log.skipped == []


def test_many_boxes_outside_the_frame_stop_preparation(survey, tmp_path):
    survey.add("p", boxes=[(200, 10, 30, 30)]).write()
    raw_inputs.synthetic(tmp_path / "synthetic", count=4)
    with pytest.raises(
        UsageError, match=r"kind box: 1 of 2 are bad \(p: box outside the frame: \[200, 10, 30, 30\] in 160x120 px\)"
    ):
        prepare(config(tmp_path, tmp_path / "out"), lambda line: None)


def test_boxes_in_fractions_of_the_frame_are_refused(tmp_path):
    with pytest.raises(UsageError, match="boxes are fractions of the frame, not pixels"):
        read(Survey(tmp_path).add("p", boxes=[(0.25, 0.25, 0.5, 0.5)]))


def test_a_name_that_no_disk_can_hold_is_a_missing_file(survey):
    _, log = read(survey.add("p", file=False, file_name="x" * 300 + ".jpg"))
    assert reason(log, "p") == "no file"


def test_a_file_that_cannot_be_read_is_the_disks_fault_not_the_pictures(survey):
    (survey.folder / "photos" / "ok.jpg").unlink()
    (survey.folder / "photos" / "ok.jpg").symlink_to("/proc/self/mem")
    with pytest.raises(OSError, match=r"Input/output error"):
        read(survey)


def test_a_box_outside_the_frame_is_listed_and_the_others_stay(survey):
    photos, log = read(survey.add("p", boxes=[(200, 10, 30, 30), (10, 10, 20, 20)]).add("q", boxes=[(200, 0, 9, 9)]))
    assert len(photos["p"].boxes) == 1
    assert "q" not in photos
    assert reason(log, "q") == "no box in the frame"
    assert [(entry.name, entry.reason) for entry in log.skipped] == [
        ("p", "box outside the frame: [200, 10, 30, 30] in 160x120 px"),
        ("q", "box outside the frame: [200, 0, 9, 9] in 160x120 px"),
    ]


def test_only_boxes_of_the_asked_for_animals_are_true_boxes(survey):
    survey.add("both")
    survey.annotations.append({"id": "x", "image_id": "both", "category_id": 6, "bbox": [0, 0, 20, 20]})
    survey.annotations.append({"id": "y", "image_id": "both", "category_id": 30, "bbox": [0, 0, 20, 20]})
    assert len(read(survey)[0]["both"].boxes) == 1
    both = read(survey, category=("deer", "bobcat"))[0]["both"]
    assert [category for _, category in both.boxes] == ["deer", "bobcat"]


def test_infrared_and_dark_photographs_are_taken_out_whatever_the_clock_says(survey):
    rng = np.random.default_rng(0)
    icon = grey()
    icon[:2, :2] = (255, 200, 0)  # a coloured icon in the banner, as in real infrared frames
    survey.add("infrared", pixels=grey()).add("icon", pixels=icon)
    survey.add("dark", pixels=picture(rng, PHOTO_WH, level=40))
    survey.add_empty("e0").add_empty("e1", pixels=grey()).add_empty("e2", pixels=picture(rng, PHOTO_WH, level=40))
    photos, log = read(survey)
    assert set(photos) == {"ok", "e0"}
    assert reason(log, "infrared") == reason(log, "icon") == reason(log, "e1") == "infrared"
    assert reason(log, "dark") == reason(log, "e2") == "dark"


def test_photographs_of_the_exclusion_list_are_taken_out(survey, tmp_path):
    (tmp_path / "exclude.txt").write_text("# by hand\np.jpg  # owl\n\nunknown-elsewhere\n")
    photos, log = read(survey.add("p"), exclude=str(tmp_path / "exclude.txt"))
    assert set(photos) == {"ok"}
    assert reason(log, "p") == "excluded"


def test_an_exclusion_list_that_matches_nothing_is_an_error(survey, tmp_path):
    (tmp_path / "exclude.txt").write_text("id,reason\n")
    with pytest.raises(UsageError, match="none of its 1 lines names anything"):
        read(survey, exclude=str(tmp_path / "exclude.txt"))


def test_empty_photographs_are_limited_per_location_by_chance_not_by_order(survey):
    for index in range(10):
        survey.add_empty(f"e{index}", location=1 + index % 2)
    photos, log = read(survey, empty_per_location=2)
    chosen = {name for name in photos if name.startswith("e")}
    assert sorted(photos[name].record.location for name in chosen) == ["1", "1", "2", "2"]
    assert log.counts()["photograph empty"] == {"enough of this location": 6, "selected": 4}
    survey.images.reverse()
    assert {name for name in read(survey, empty_per_location=2)[0] if name.startswith("e")} == chosen
    assert not any(photo.boxes for photo in photos.values() if photo.split == "empty")


def test_an_empty_photograph_that_nobody_downloaded_is_no_bad_input(survey):
    photos, log = read(survey.add_empty("e", file=False))
    assert set(photos) == {"ok"}
    assert reason(log, "e") == "no file"


BAD_FILES = {
    "missing": {"file": False},
    "empty-file": {"data": bytes(0)},
    "truncated": {"data": jpg_bytes(picture(np.random.default_rng(0), PHOTO_WH))[:1500]},
    "text": {"data": b"<html>404</html>"},
    "sideways": {"width": 120, "height": 160},
    "huge": {"data": bad_files.huge_png()},
    "cmyk": {"data": bad_files.cmyk_jpg()},
    "corrupt-png": {"data": bad_files.corrupt_png()},
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_bad_file_is_counted_listed_and_left_out(survey, name):
    photos, log = read(survey.add(name, **BAD_FILES[name]))
    assert set(photos) == {"ok"}
    assert [(entry.kind, entry.name) for entry in log.skipped] == [("photograph", f"{name}.jpg")]
    assert "_io." not in log.skipped[0].reason


def test_too_many_bad_files_stop_preparation_and_are_named(survey, tmp_path):
    survey.add("p", file=False).add("q", data=b"no picture").write()
    raw_inputs.synthetic(tmp_path / "synthetic", count=4)
    with pytest.raises(UsageError, match=r"2 of 3 are bad \(p\.jpg: no file; q\.jpg: broken.*skipped\.csv.*max_bad="):
        prepare(config(tmp_path, tmp_path / "out", max_bad=0.5), lambda line: None)
    assert (tmp_path / "out.skipped.csv").read_text().splitlines()[1:] == [
        "photograph,p.jpg,no file",
        "photograph,q.jpg,broken: not a picture",
    ]


def test_nothing_left_tells_what_each_rule_took_out(tmp_path):
    Survey(tmp_path).add("a", date_captured="11 11").add("b", pixels=grey()).add("c", category=6).write()
    raw_inputs.synthetic(tmp_path / "synthetic", count=4)
    with pytest.raises(UsageError, match=r"no usable photograph input is left: 1 \w+.*1 \w+.*1 \w+"):
        prepare(config(tmp_path, tmp_path / "out"), lambda line: None)


def test_nothing_left_by_the_clock_tells_which_animals_there_are(tmp_path):
    survey = Survey(tmp_path).add("a", category=6).add("b", date_captured="2012-05-08 03:00:00").add_empty("e")
    with pytest.raises(
        UsageError, match=r"category=deer.*1 outside hours.*with a box: (bobcat 1, deer 1|deer 1, bobcat 1)"
    ):
        read(survey)


@pytest.mark.parametrize("orientation", range(2, 9))
def test_a_turned_photograph_is_stored_as_shown_with_the_boxes_of_the_view(survey, orientation):
    shown = np.zeros((PHOTO_WH[1], PHOTO_WH[0], 3), dtype=np.uint8) + np.uint8((150, 120, 90))
    shown[15:40, 20:50] = (20, 60, 250)
    back = {2: 2, 3: 3, 4: 4, 5: 5, 6: 8, 7: 7, 8: 6}[orientation]
    stored = np.asarray(ImageOps.exif_transpose(with_orientation(Image.fromarray(shown), back)))
    exif = Image.Exif()
    exif[0x0112] = orientation
    photos, log = read(survey.add("p", data=jpg_bytes(stored, exif=exif)))
    assert photos["p"].wh == PHOTO_WH
    assert photos["p"].boxes == photos["ok"].boxes == (((20.0, 15.0, 50.0, 40.0), "deer"),)
    pixels = np.asarray(Image.open(io.BytesIO(photos["p"].jpg)))
    assert pixels[17:38, 22:48, 2].min() > 150  # the animal is in its box
    assert notes(log)["p"] == f"turned by its EXIF orientation: {orientation}"


@pytest.mark.parametrize("orientation", range(5, 9))
def test_boxes_of_a_file_that_lies_on_its_side_are_turned_with_it(survey, orientation):
    """The JSON tells the size of the file as it is stored, so its boxes are those of the stored file."""
    stored = np.zeros((60, 80, 3), dtype=np.uint8) + np.uint8((150, 120, 90))
    stored[15:40, 20:50] = (20, 60, 250)
    exif = Image.Exif()
    exif[0x0112] = orientation
    photos, _ = read(survey.add("p", data=jpg_bytes(stored, exif=exif), width=160, height=120))
    assert photos["p"].wh == (60, 80)
    blue = np.asarray(Image.open(io.BytesIO(photos["p"].jpg)))[..., 2] > 170
    rows, columns = np.nonzero(blue)
    ((found, _),) = photos["p"].boxes
    assert np.allclose(found, (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1), atol=1)


def test_a_picture_that_is_no_jpeg_is_encoded_anew_and_noted(survey):
    stream = io.BytesIO()
    Image.fromarray(picture(np.random.default_rng(0), PHOTO_WH)).save(stream, "PNG")
    photos, log = read(survey.add("p", data=stream.getvalue()))
    assert photos["p"].jpg[:2] == b"\xff\xd8"
    assert notes(log) == {"p": "suffix tells another format: .jpg is PNG"}


def test_photographs_may_have_masks(survey, tmp_path):
    mask = np.zeros(PHOTO_WH[::-1], dtype=np.uint8)
    mask[15:40, 20:50] = 255
    save(tmp_path / "photo_masks" / "ok.png", mask)
    save(tmp_path / "photo_masks" / "p.png", mask[:, :-1])
    photos, log = read(survey.add("p").add("q"), photo_masks=str(tmp_path / "photo_masks"))
    assert (photos["ok"].mask_hw == (mask > 0)).all()
    assert photos["q"].mask_hw is None
    assert [(entry.name, entry.reason) for entry in log.skipped] == [("p.jpg", "broken: its mask is 79x60 px")]


def test_every_photograph_of_the_json_has_one_row_in_the_selection(survey, tmp_path):
    survey.add("night", date_captured="2012-05-08 03:00:00").add("other", category=6).add("gone", file=False)
    survey.add_empty("e").add("p", boxes=[None])
    _, log = read(survey)
    log.write(tmp_path)
    rows = {row["id"]: row for row in pq.read_table(tmp_path / SELECTION).to_pylist()}
    assert {name: (row["split"], row["reason"]) for name, row in rows.items()} == {
        "ok": ("test", "selected"),
        "e": ("empty", "selected"),
        "night": ("test", "outside hours"),
        "other": (None, "other category"),
        "gone": ("test", "no file"),
        "p": ("test", "no box"),
    }
    assert rows["ok"]["chroma"] > 10
    assert rows["ok"]["luma"] > 70
    assert rows["night"]["luma"] is None
