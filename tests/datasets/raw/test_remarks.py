"""What preparation remarks of the photographs: printed, kept in the manifest, and shown by inspection."""

import pytest

from ablate.errors import UsageError
from datasets import inspect
from datasets.inspect import InspectConfig
from datasets.prepare import prepare
from datasets.raw import candidates
from datasets.raw.skipped import SelectionLog
from tests.datasets import raw_inputs
from tests.datasets.raw.test_real_images import grey, read
from tests.datasets.raw_inputs import CATEGORIES, Survey, config


def remarks(survey, **fields):
    survey.write()
    log = SelectionLog()
    candidates.candidates(config(survey.folder, survey.folder / "out", **fields), log)
    return "\n".join(log.remarks)


def survey(folder, count=4, **fields):
    made = Survey(folder).add_empty("e", **fields)
    for index in range(count):
        made.add(f"p{index}", **fields)
    return made


def test_sound_photographs_have_no_remarks(tmp_path):
    assert remarks(survey(tmp_path)) == ""


def test_no_location_anywhere_is_remarked_with_what_the_images_have(tmp_path):
    told = remarks(survey(tmp_path, location=..., camera="A"))
    assert "no photograph has a location: they count as one place, 'unknown', so that rows per location" in told
    assert "as location (the images also have: camera)" in told


def test_a_location_that_some_lack_is_counted(tmp_path):
    told = remarks(survey(tmp_path).add("q", location=float("nan")))
    assert "1 of 6 photographs do not have a location: they count as one place, 'unknown'; write" in told


@pytest.mark.parametrize("nothing", [..., None, float("nan"), "NaN"])
def test_photographs_without_a_sequence_are_remarked(tmp_path, nothing):
    assert "no photograph has a seq_id: each counts as a sequence of its own" in remarks(
        survey(tmp_path, seq_id=nothing)
    )


def test_many_photographs_of_one_sequence_or_one_time_are_remarked(tmp_path):
    told = remarks(survey(tmp_path, count=12, seq_id=0))
    assert "all 13 photographs have the seq_id '0': those of one location count as one sequence" in told
    assert "all 13 photographs have the time '2012-05-08 12:23:36': no camera takes them so" in told


def test_a_filler_in_the_place_of_most_sequences_is_remarked(tmp_path):
    assert "12 photographs have the seq_id '-1'" in remarks(survey(tmp_path, count=11, seq_id=-1).add("p", seq_id="s"))
    assert remarks(survey(tmp_path / "few", count=5, seq_id=-1)) == ""


def test_locations_that_look_alike_are_remarked(tmp_path):
    told = remarks(survey(tmp_path, location="Cam A ").add("p", location="Cam A").add("q", location="cam a"))
    assert told == "locations that differ in case alone count as several: Cam A, cam a"


def test_photographs_that_nobody_labelled_are_no_empty_ones_and_told(tmp_path):
    made = Survey(tmp_path).add("p").add("q", boxes=())
    assert "1 photograph without any annotation: give those that show nothing one, of a category" in remarks(made)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        (
            {"file_name": "../../upload/p.jpg"},
            "leads out of the folder, such as ../../upload/p.jpg; write its path below",
        ),
        ({"file_name": 7}, "image without an id or a file name, such as id p, file_name 7"),
        ({"width": -1, "height": -1}, "not two positive numbers, such as -1 and -1"),
        ({"id": "0001"}, "annotation of an unknown image, such as p"),
    ],
)
def test_entries_that_leave_nothing_are_quoted(tmp_path, fields, told):
    made = Survey(tmp_path).add("p")
    made.images[0] |= fields
    with pytest.raises(UsageError, match=f"bad entries: 1 .*{told}"):
        remarks(made)


def test_hours_that_filter_nothing_are_remarked(tmp_path):
    told = remarks(survey(tmp_path, date_captured=...), hours=None)
    assert "no photograph has a time, so that hours= would filter nothing and night is told by the pixels alone" in told


@pytest.mark.parametrize(
    ("time", "advice"),
    [
        (..., "no photograph is left (4 no time).*hours=none takes them"),
        (
            "2012-05-08",
            "4 malformed time.*'2012-05-08' .a date alone says nothing.*forms that are read: 2015-06-01 12:00",
        ),
        ("01/02/2015 12:00", "4 malformed time.*day or month first.*hours=none"),
        ("2012-05-08 00:00:00", "4 outside hours.*all their times are 00:00:00, as of dates.*hours=none"),
    ],
)
def test_times_that_leave_nothing_are_one_line_with_what_to_type(tmp_path, time, advice):
    with pytest.raises(UsageError, match=advice.replace("(4", r"\(4").replace("time).", r"time\).")):
        remarks(survey(tmp_path, date_captured=time))


def test_an_unread_time_is_quoted_with_the_forms_that_are_read(tmp_path):
    made = survey(tmp_path).add("q", date_captured="01/02/2015 12:00", location=9)
    told = remarks(made)
    assert "1 photograph of a time that is not read (1 left out by hours=7-19), such as '01/02/2015 12:00' (day" in told
    assert "2015:06:01 12:00:00 (EXIF)" in told
    assert "that is not read (taken without a time), such as" in remarks(made, hours=None)


def test_the_note_of_a_photograph_quotes_its_time(tmp_path):
    _, log = read(survey(tmp_path).add("q", date_captured="01/02/2015 12:00"))
    assert {row.id: row.note for row in log.considered if row.note} == {"q": "time is not read: '01/02/2015 12:00'"}


def test_some_photographs_without_a_time_are_counted(tmp_path):
    told = remarks(survey(tmp_path).add("q", date_captured=...))
    assert "1 photograph without a time: left out by hours=7-19; hours=none takes them" in told


def test_universal_time_is_remarked(tmp_path):
    told = remarks(survey(tmp_path, date_captured="2015-06-01T12:00:00Z"))
    assert "5 photographs of a universal time, such as '2015-06-01T12:00:00Z': hours=7-19 takes it" in told


def test_emptiness_by_another_name_counts(tmp_path, monkeypatch):
    monkeypatch.setitem(CATEGORIES, 30, "Blank")
    made = survey(tmp_path)
    assert remarks(made) == ""
    assert set(read(made)[0]) == {"e", "p0", "p1", "p2", "p3"}


def test_candidates_for_emptiness_are_named_and_can_be_chosen(tmp_path, monkeypatch):
    monkeypatch.setitem(CATEGORIES, 30, "background")
    made = survey(tmp_path)
    told = remarks(made)
    assert "no photograph counts as empty (by a category called empty, blank, none," in told
    assert "categories without any box: background 1; empty_category=NAME says" in told
    assert remarks(made, empty_category=("background",)) == ""


def test_empty_photographs_that_a_rule_took_out_are_told_apart(tmp_path):
    made = Survey(tmp_path).add("p").add_empty("e", date_captured="2012-05-08 03:00:00")
    assert "no photograph without an animal is left (1 outside hours)" in remarks(made)


@pytest.fixture
def emptied(tmp_path):
    """Location 33 is sound; 7 has times of an unread form, 8 is by night, 9 infrared, 10 has no box."""
    raw_inputs.synthetic(tmp_path / "synthetic")
    made = survey(tmp_path).add("night", location=8, date_captured="2012-05-08 03:00:00")
    for index in range(2):
        made.add(f"t{index}", location=7, date_captured="01/02/2015 12:00")
    made.add("i", location=9, pixels=grey()).add("n", location=10, boxes=(None,)).write()
    return tmp_path


def test_a_rule_that_empties_a_location_is_printed_kept_and_shown(emptied, capsys):
    lines = []
    manifest = prepare(config(emptied, emptied / "out"), lines.append)
    told = "1 location has no photograph of an asked-for animal left, most by the rule"
    for rule, location in (
        ("malformed time", "7 (2)"),
        ("outside hours", "8 (1)"),
        ("infrared", "9 (1)"),
        ("no box", "10 (1)"),
    ):
        assert f"{told} {rule!r}: {location}" in lines
        assert f"{told} {rule!r}: {location}" in manifest.parameters["remarks"]
    assert inspect.main(InspectConfig(data=str(emptied / "out"), to=str(emptied / "sheets"))) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert f"- preparation: {told} 'malformed time': 7 (2)" in shown
    assert "not read (2 left out by hours=7-19), such as '01/02/2015 12:00'" in shown


def test_remarks_say_nothing_of_where_files_lie(emptied):
    (emptied / "synthetic" / "images" / "notes.txt").write_text("")
    (emptied / "exclude.txt").write_text("i\nnobody\n")
    manifest = prepare(config(emptied, emptied / "out", exclude=str(emptied / "exclude.txt")), lambda line: None)
    assert "exclude=exclude.txt: 1 of 2 lines name nothing here" in str(manifest.parameters["remarks"])
    assert str(emptied) not in str(manifest.parameters)


def test_the_manifest_says_what_counted_as_empty(emptied):
    manifest = prepare(config(emptied, emptied / "out"), lambda line: None)
    assert manifest.parameters["empty_category"] == ["empty"]
