"""Lists of names as other systems write them."""

import unicodedata

import pytest

from ablate.errors import UsageError
from datasets.raw.name_lists import names_in
from datasets.raw.skipped import SelectionLog

KNOWN = [{"a/A_000", "a/A_000.jpg"}, {"b/A_000", "b/A_000.jpg"}, {"c/B_001", "c/B_001.jpg"}, {"7", "Förster.jpg"}]


def listed(tmp_path, *lines):
    (tmp_path / "list.txt").write_text("\n".join(lines))
    log = SelectionLog()
    return names_in(str(tmp_path / "list.txt"), "exclude", KNOWN, log), log.remarks


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("a\\A_000.jpg", "a/A_000"),
        ("photos\\a\\A_000.JPG", "a/A_000"),
        ("./c/b_001.JPG", "c/B_001"),
        ("C:\\survey\\c\\B_001.jpg", "c/B_001"),
        (unicodedata.normalize("NFD", "förster.jpg"), "7"),
    ],
)
def test_a_name_is_found_whatever_the_case_separators_and_folders(tmp_path, line, name):
    found, remarks = listed(tmp_path, line)
    assert found == {name}
    assert "1 of 1 lines name something here but for case, folders or separators" in remarks[0]
    assert str(tmp_path) not in remarks[0]


def test_a_name_as_it_is_needs_no_remark(tmp_path):
    assert listed(tmp_path, "a/A_000.jpg", "7") == ({"a/A_000.jpg", "7"}, [])


@pytest.mark.parametrize("line", ["A_000.jpg", "x/7", "nobody"])
def test_what_could_be_two_or_is_none_names_nothing(tmp_path, line):
    found, remarks = listed(tmp_path, line, "c/B_001")
    assert not any(found & known for known in KNOWN[:2])
    assert remarks == [f"exclude=list.txt: 1 of 2 lines name nothing here: {line}"]
    with pytest.raises(UsageError, match="none of its 1 lines names anything here"):
        listed(tmp_path, line)
