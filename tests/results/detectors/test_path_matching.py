"""Which file of a list a photograph is."""

import unicodedata

import pytest

from ablate.errors import UsageError
from ablate.results.detectors.path_matching import Names, match, parts, shown


def matched(files, *names, **more):
    return match("boxes=F", files, [Names("file name", {name: name for name in names}, **more)], lambda index: index)


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("a.jpg", "a.jpg"),
        ("/data/survey/A/a.jpg", "A/a.jpg"),  # run on a folder above
        ("a.jpg", "A/a.jpg"),  # run in a folder below
        ("A\\a.jpg", "A/a.jpg"),
        ("C:\\survey\\A\\a.jpg", "A/a.jpg"),
        ("./A//x/../a.jpg", "A/a.jpg"),
        ("../photos/a.jpg", "a.jpg"),
        (unicodedata.normalize("NFD", "Höhle/a.jpg"), unicodedata.normalize("NFC", "Höhle/a.jpg")),
        ("A/a.JPG", "a.jpg"),
        ("a/A.JPG", "A/a.jpg"),
    ],
)
def test_a_path_is_the_same_however_much_of_it_is_written_and_how(file, name):
    assert matched(["other/b.jpg", file], name).index == {name: 1}


@pytest.mark.parametrize(
    ("file", "name"), [("ba.jpg", "a.jpg"), ("A/a.jpg", "B/a.jpg"), ("a.png", "a.jpg"), ("", "a.jpg")]
)
def test_components_count_as_wholes(file, name):
    with pytest.raises(
        UsageError, match=r"boxes=F: not one photograph of data= is in the file: such as .*\(file name\)"
    ):
        matched([file], name)


def test_case_counts_where_both_are_there():
    assert matched(["a.jpg", "A.jpg"], "A.jpg", "a.jpg").index == {"A.jpg": 1, "a.jpg": 0}
    with pytest.raises(UsageError, match=r"1 of 2 photographs are not in the file.*: A\.jpg; the file must be of all"):
        matched(["a.jpg"], "A.jpg", "a.jpg")
    with pytest.raises(UsageError, match=r"a\.jpg is A\.jpg or A\.JPG; give a file"):
        matched(["A.jpg", "A.JPG"], "a.jpg")


def test_what_could_be_two_is_refused():
    with pytest.raises(
        UsageError, match=r"1 photograph\(s\) could each be several .*: 0\.jpg is A/0\.jpg or B/0\.jpg; give"
    ):
        matched(["A/0.jpg", "B/0.jpg"], "0.jpg")
    with pytest.raises(UsageError, match=r"1 entries .* several photographs: 0\.jpg is A/0\.jpg or B/0\.jpg; run"):
        matched(["0.jpg"], "A/0.jpg", "B/0.jpg")
    with pytest.raises(UsageError, match=r"0\.jpg is A/0\.jpg or B/0\.jpg"):  # not B's, for want of another
        matched(["A/0.jpg", "B/0.jpg"], "0.jpg", "A/0.jpg")


def test_a_file_that_is_another_photograph_by_its_very_path_is_only_that():
    files = ["0.jpg", "sub/0.jpg"]
    assert matched(files, "sub/0.jpg", "0.jpg").index == {"sub/0.jpg": 1, "0.jpg": 0}
    with pytest.raises(UsageError, match=r"0\.jpg is 0\.jpg or sub/0\.jpg; give .*, or annotations=FILE"):
        matched(files, "0.jpg")
    assert matched(files, "0.jpg", others=["./sub/0.jpg"]).index == {"0.jpg": 0}


def test_two_entries_that_tell_the_same_are_one():
    names = [Names("file name", {"a": "a.jpg"})]
    found = match("boxes=F", ["a.jpg", "./a.jpg", "b.jpg"], names, lambda index: None)
    assert (found.index, found.used) == ({"a": 0}, 2)


def test_the_first_names_that_find_any_decide():
    ways = [
        Names("file name", {"1": "a.jpg", "2": "b.jpg"}),
        Names("image id", {"1": "1", "2": "2"}, without_suffix=True),
    ]
    assert match("boxes=F", ["b.jpg", "a.jpg", "2.jpg"], ways, lambda index: index).index == {"1": 1, "2": 0}
    by_id = match("boxes=F", ["x/2.jpg", "1.jpg"], ways, lambda index: index)
    assert (by_id.by.what, by_id.index) == ("image id", {"1": 1, "2": 0})
    with pytest.raises(UsageError, match=r"1 of 2 .* found by their file name: b\.jpg"):
        match("boxes=F", ["a.jpg", "2.jpg"], ways, lambda index: index)


def test_a_long_list_of_one_name_in_many_folders_is_fast():
    names = [f"{folder}/IMG_0001.jpg" for folder in range(3000)]
    assert matched([f"/survey/{name}" for name in names], *names).used == 3000


@pytest.mark.parametrize("path", ["", ".", "/", "a\0b", "\ud800/a", "x/" * 100_000])
def test_any_text_has_parts(path):
    assert isinstance(parts(path), tuple)
    assert shown(path).isprintable()
