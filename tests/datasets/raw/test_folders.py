"""Photographs that are on the disk under another spelling than in the JSON."""

import unicodedata

import pytest

from ablate.errors import UsageError
from datasets.prepare import prepare
from datasets.raw import candidates, folders
from datasets.raw.folders import Spelling
from datasets.raw.skipped import SelectionLog
from tests.datasets import raw_inputs
from tests.datasets.raw_inputs import PHOTO_WH, Survey, config, save

NFC, NFD = (unicodedata.normalize(form, "Räv") for form in ("NFC", "NFD"))


def renamed(survey, name, json_name):
    """A photograph that is stored as `name` and that the JSON calls `json_name`."""
    survey.add(f"id-{name}", file_name=name)
    survey.images[-1]["file_name"] = json_name
    return survey


def found(survey, **fields):
    survey.write()
    log, chosen = SelectionLog(), config(survey.folder, survey.folder / "out", **fields)
    left = candidates.candidates(chosen, log)
    candidates.require_files(left, chosen)
    return left, log


@pytest.mark.parametrize(
    ("stored", "told"),
    [
        ("A/000.jpg", "A\\000.jpg"),
        ("A\\000.jpg", "A/000.jpg"),
        ("000.JPG", "000.jpg"),
        ("Cam1/000.jpg", "cam1\\000.JPG"),
        (f"{NFD}.jpg", f"{NFC}.jpg"),
        (f"{NFC}/0.jpg", f"{NFD}\\0.jpg"),
        ("0.jpg", ".\\0.jpg"),
    ],
)
def test_another_spelling_is_understood_and_remarked(tmp_path, stored, told):
    left, log = found(renamed(Survey(tmp_path).add("ok"), stored, told))
    assert stored in {record.file_name for record in left.test}
    assert [remark for remark in log.remarks if "spelled otherwise" in remark]


def test_empty_photographs_are_found_too(tmp_path):
    survey = Survey(tmp_path).add("ok").add_empty("e", file_name="e.JPG")
    survey.images[-1]["file_name"] = "e.jpg"
    left, _ = found(survey)
    assert left.empty[0][0].file_name == "e.JPG"


def test_files_that_differ_by_case_alone_are_not_guessed(tmp_path):
    survey = renamed(renamed(Survey(tmp_path), "a.JPG", "A.jpg"), "A.JPG", "x.jpg")
    survey.images.pop()
    with pytest.raises(UsageError, match=r"for A\.jpg there are A\.JPG, a\.JPG, which differ by letters' case alone"):
        found(survey)


def test_a_file_is_never_two_photographs(tmp_path):
    survey = Survey(tmp_path).add("ok").add("a").add("A", file=False, file_name="A.jpg")
    survey.add("b", file=False, file_name="OK.jpg").add("c", file=False, file_name="Ok.jpg")
    left, _ = found(survey)
    assert [record.file_name for record in left.test] == ["A.jpg", "a.jpg", "OK.jpg", "Ok.jpg", "ok.jpg"]


@pytest.mark.parametrize(
    ("stored", "told", "cause"),
    [
        ("sub/deep/0.jpg", "0.jpg", r"there is sub/deep/0\.jpg: name the folder photos=.*/photos/sub/deep"),
        ("0.jpg", "photos/0.jpg", r"there is 0\.jpg: name the folder above, photos=\S+(?<!photos)$"),
        ("A/0.jpg", "images/A/0.jpg", r"name the folder that holds images/, or take images/ out of file_name"),
        ("0.png", "0.jpg", r"there is 0\.png: has the JSON another suffix"),
        ("a b.jpg", "a%20b.jpg", r"there is a b\.jpg: write file_name as that"),
        ("x.jpg", "0.jpg", r"1 files there are called otherwise, such as x\.jpg; is it the right folder\?"),
    ],
)
def test_the_cause_is_named_where_no_photograph_is_found(tmp_path, stored, told, cause):
    with pytest.raises(UsageError, match=cause):
        found(renamed(Survey(tmp_path), stored, told))


def test_no_single_folder_is_advised_where_files_lie_in_several(tmp_path):
    with pytest.raises(UsageError, match=r"there is A/0\.jpg, and others are in 2 folders: write each one's folder"):
        found(renamed(renamed(Survey(tmp_path), "A/0.jpg", "0.jpg"), "B/1.jpg", "1.jpg"))


@pytest.mark.parametrize("name", ["..\\a.jpg", "C:\\a.jpg", "\\\\server\\a.jpg", "A\\..\\..\\a.jpg"])
def test_no_spelling_leads_out_of_the_folder(tmp_path, name):
    save(tmp_path / "a.jpg", raw_inputs.picture(Survey(tmp_path).rng, PHOTO_WH))
    _, log = found(renamed(Survey(tmp_path).add("ok"), "b.jpg", name))
    assert log.skipped[0].reason.startswith("file name leads out of the folder: ")


def test_masks_of_photographs_are_found_under_another_spelling(tmp_path):
    survey = renamed(Survey(tmp_path).add("ok"), "A/000.JPG", "A\\000.jpg")
    mask = raw_inputs.np.full(PHOTO_WH[::-1], 255, "uint8")
    save(tmp_path / "masks" / "a" / "000.PNG", mask)
    left, _ = found(survey, photo_masks=str(tmp_path / "masks"))
    assert {record.mask for record in left.test} == {None, "a/000.PNG"}
    with pytest.raises(UsageError, match=r"photo_masks=.*none of the 2 photographs has a mask, such as"):
        found(survey, photo_masks=str(tmp_path / "photos"))


def test_a_survey_of_another_system_is_prepared_whole(tmp_path):
    raw_inputs.synthetic(tmp_path / "synthetic")
    survey = Survey(tmp_path).add_empty("e")
    for index in range(4):
        renamed(survey, f"A/{index}.JPG", f"a\\{index}.jpg")
    survey.write()
    manifest = prepare(config(tmp_path, tmp_path / "out"), lambda line: None)
    assert manifest.arms["real"].counts == {"empty": 1, "test": 4}
    assert "4 photographs are spelled otherwise on the disk than in the JSON" in str(manifest.parameters["remarks"])


def test_what_is_not_unicode_is_never_taken(tmp_path):
    (tmp_path / "a\udce4.jpg").write_bytes(b"")
    assert Spelling(tmp_path).names == ()
    assert folders.cause(["a.jpg"], Spelling(tmp_path), "photos") is None
    assert folders.otherwise(Spelling(tmp_path)).startswith("there is no file in it")


def test_the_cause_is_named_where_too_many_photographs_are_missing(tmp_path):
    raw_inputs.synthetic(tmp_path / "synthetic", count=4)
    renamed(Survey(tmp_path).add("ok"), "sub/0.jpg", "0.jpg").write()
    with pytest.raises(UsageError, match=r"1 of 2 are bad \(0\.jpg: no file\).*\(there is sub/0\.jpg: name the folder"):
        prepare(config(tmp_path, tmp_path / "out"), lambda line: None)
