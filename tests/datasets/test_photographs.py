"""Selection by pixels, boxes and files: every pitfall of the real files, on small ones."""

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from ablate.errors import UsageError
from datasets import photographs
from datasets.ledger import SELECTION, Ledger
from tests.datasets.raw_inputs import PHOTO_WH, Survey, config, jpg_bytes, picture, save


@pytest.fixture
def survey(tmp_path):
    """A survey with one sound photograph, `ok`."""
    return Survey(tmp_path).add("ok")


def read(survey, **fields):
    """The photographs by id, and the ledger; by default any share of bad inputs is let pass."""
    survey.write()
    ledger = Ledger()
    chosen = config(survey.folder, survey.folder / "out", **({"max_bad": 1.0} | fields))
    found = photographs.read(chosen, ledger, survey.folder / "bad.csv")
    return {photo.record.id: photo for photo in found}, ledger


def reason(ledger, image_id):
    return next(row.reason for row in ledger.considered if row.id == image_id)


def grey(level=120):
    return np.full((PHOTO_WH[1], PHOTO_WH[0], 3), level, dtype=np.uint8)


def test_boxes_are_scaled_from_the_original_to_the_stored_photograph(survey):
    photos, _ = read(survey)
    assert photos["ok"].wh == (80, 60)  # the JSON says 160x120, and the box [40, 30, 60, 50]
    assert photos["ok"].boxes == (((20.0, 15.0, 50.0, 40.0), "deer"),)


def test_boxes_stay_as_they_are_where_the_json_tells_no_size(survey):
    photos, _ = read(survey.add("p", width=..., height=...))
    assert photos["p"].boxes == (((40.0, 30.0, 80.0, 60.0), "deer"),)  # clipped: it is 80x60


def test_boxes_are_clipped_at_the_frame(survey):
    photos, ledger = read(survey.add("p", boxes=[(-10, -10, 30, 30), (150, 100, 100, 100)]))
    assert [box for box, _ in photos["p"].boxes] == [(0.0, 0.0, 10.0, 10.0), (75.0, 50.0, 80.0, 60.0)]
    assert ledger.skipped == []


def test_a_box_outside_the_frame_is_listed_and_the_others_stay(survey):
    photos, ledger = read(survey.add("p", boxes=[(200, 10, 30, 30), (10, 10, 20, 20)]).add("q", boxes=[(200, 0, 9, 9)]))
    assert len(photos["p"].boxes) == 1
    assert "q" not in photos
    assert reason(ledger, "q") == "no box in the frame"
    assert [(entry.name, entry.reason) for entry in ledger.skipped] == [
        ("p", "box outside the frame"),
        ("q", "box outside the frame"),
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
    photos, ledger = read(survey)
    assert set(photos) == {"ok", "e0"}
    assert reason(ledger, "infrared") == reason(ledger, "icon") == reason(ledger, "e1") == "infrared"
    assert reason(ledger, "dark") == reason(ledger, "e2") == "dark"


def test_photographs_of_the_exclusion_list_are_taken_out(survey, tmp_path):
    (tmp_path / "exclude.txt").write_text("# by hand\np.jpg  # owl\n\nunknown-elsewhere\n")
    photos, ledger = read(survey.add("p"), exclude=str(tmp_path / "exclude.txt"))
    assert set(photos) == {"ok"}
    assert reason(ledger, "p") == "excluded"


def test_an_exclusion_list_that_matches_nothing_is_an_error(survey, tmp_path):
    (tmp_path / "exclude.txt").write_text("id,reason\n")
    with pytest.raises(UsageError, match="none of its 1 lines"):
        read(survey, exclude=str(tmp_path / "exclude.txt"))


def test_empty_photographs_are_limited_per_location_by_chance_not_by_order(survey):
    for index in range(10):
        survey.add_empty(f"e{index}", location=1 + index % 2)
    photos, ledger = read(survey, empty_per_location=2)
    chosen = {name for name in photos if name.startswith("e")}
    assert sorted(photos[name].record.location for name in chosen) == ["1", "1", "2", "2"]
    assert ledger.counts()["photograph empty"] == {"enough of this location": 6, "selected": 4}
    survey.images.reverse()
    assert {name for name in read(survey, empty_per_location=2)[0] if name.startswith("e")} == chosen
    assert not any(photo.boxes for photo in photos.values() if photo.split == "empty")


def test_an_empty_photograph_that_nobody_downloaded_is_no_bad_input(survey):
    photos, ledger = read(survey.add_empty("e", file=False), max_bad=0.0)
    assert set(photos) == {"ok"}
    assert reason(ledger, "e") == "no file"


BAD_FILES = {
    "missing": {"file": False},
    "truncated": {"data": jpg_bytes(picture(np.random.default_rng(0), PHOTO_WH))[:1500]},
    "text": {"data": b"<html>404</html>"},
    "turned": {"width": 120, "height": 160},
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_bad_file_is_counted_listed_and_left_out(survey, name):
    photos, ledger = read(survey.add(name, **BAD_FILES[name]))
    assert set(photos) == {"ok"}
    assert [(entry.kind, entry.name) for entry in ledger.skipped] == [("photograph", f"{name}.jpg")]
    assert "_io." not in ledger.skipped[0].reason


def test_too_many_bad_files_stop_preparation_and_are_named(survey, tmp_path):
    survey.add("p", file=False).add("q", data=b"no picture")
    with pytest.raises(UsageError, match=r"2 of 3 are bad .*p\.jpg: no file; q\.jpg: broken.*bad\.csv.*max_bad="):
        read(survey, max_bad=0.5)
    assert (tmp_path / "bad.csv").read_text().splitlines()[1:] == [
        "photograph,p.jpg,no file",
        "photograph,q.jpg,broken: not a picture",
    ]


def test_nothing_left_tells_what_each_rule_took_out(tmp_path):
    survey = Survey(tmp_path).add("a", date_captured="11 11").add("b", pixels=grey()).add("c", category=6)
    with pytest.raises(UsageError, match=r"no usable photograph input.*1 malformed time.*1 infrared|1 other category"):
        read(survey)


def test_a_turned_photograph_is_not_kept_as_it_is(survey):
    exif = Image.Exif()
    exif[0x0112] = 6
    sideways = jpg_bytes(np.rot90(picture(np.random.default_rng(0), PHOTO_WH)), exif=exif)
    photos, _ = read(survey.add("p", data=sideways))
    assert photos["p"].wh == PHOTO_WH
    assert not photos["p"].keep
    assert photos["ok"].keep
    assert photos["p"].jpg() != sideways


def test_photographs_may_have_masks(survey, tmp_path):
    mask = np.zeros(PHOTO_WH[::-1], dtype=np.uint8)
    mask[15:40, 20:50] = 255
    save(tmp_path / "photo_masks" / "ok.png", mask)
    save(tmp_path / "photo_masks" / "p.png", mask[:, :-1])
    photos, ledger = read(survey.add("p").add("q"), photo_masks=str(tmp_path / "photo_masks"))
    assert photos["ok"].mask == tmp_path / "photo_masks" / "ok.png"
    assert photos["q"].mask is None
    assert [(entry.name, entry.reason) for entry in ledger.skipped] == [("p.jpg", "broken: its mask is 79x60 px")]


def test_every_photograph_of_the_json_has_one_row_in_the_selection(survey, tmp_path):
    survey.add("night", date_captured="2012-05-08 03:00:00").add("other", category=6).add("gone", file=False)
    survey.add_empty("e").add("p", boxes=[None])
    _, ledger = read(survey)
    ledger.write(tmp_path)
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
