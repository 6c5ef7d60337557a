"""What inspection finds by itself on data that was prepared before remarks were kept."""

import re

import pytest

from ablate.data.manifest import REAL, Manifest
from ablate.data.sample_json import Photograph
from ablate.errors import UsageError
from datasets.checks.inspection import misread
from datasets.checks.inspection.findings import Findings
from datasets.checks.inspection.misread import Signs
from tests.datasets.test_inspect import SIDE, inspected, photograph, root, sound


def shown(tmp_path, capsys, photographs, **fields):
    arms = sound()
    arms[REAL]["test"] = photographs
    text = inspected(capsys, root(tmp_path / "data", arms, **fields), tmp_path / "sheets")
    return " ".join(text.split("look")[-1].split())


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"location": "unknown"}, "every photograph is of the location 'unknown': rows per location"),
        ({"seq_id": None}, "no photograph has a seq_id: each counts as a sequence of its own"),
        ({"seq_id": "nan"}, "seq_id 'nan' on 30 of the photographs: programs write that where there is nothing"),
        ({"location": "NaT"}, "location 'NaT' on 30 of the photographs"),
        ({"seq_id": "0"}, "all 30 photographs are of the sequence '0', so that intervals say nothing"),
        ({"captured_at": None}, "no photograph has a time: hours= of datasets.prepare filtered nothing"),
        (
            {"boxes": [(1, 1, 1.4, 1.5)]},
            r"real/test: a true box is narrower or lower than 4 px; .* \(30 times, first p0\)",
        ),
        (
            {"boxes": [(20, 20, SIDE, SIDE)]},
            "30 of 30 true boxes end in the lower right corner of their photograph: were they",
        ),
    ],
)
def test_what_was_misread_shows_in_the_shards(tmp_path, capsys, fields, sentence):
    assert re.search(sentence, shown(tmp_path, capsys, [photograph(f"p{n}", **fields) for n in range(30)]))


def test_what_preparation_remarked_is_shown_and_not_said_twice(tmp_path, capsys):
    photographs = [photograph(f"p{n}", location="unknown") for n in range(30)]
    text = shown(tmp_path, capsys, photographs, parameters={"remarks": ["no photograph has a location \x1b[31m"]})
    assert "- preparation: no photograph has a location [31m" in text
    assert "every photograph is of the location" not in text


def test_remarks_that_are_no_sentences_are_one_line():
    with pytest.raises(UsageError, match=r"parameters\.remarks: .*; prepare the data again"):
        misread.add_warnings(Manifest(parameters={"remarks": {"a": 1}}), Signs(), Findings())


def test_animals_at_all_edges_are_no_sign():
    signs, findings = Signs(), Findings()
    for n in range(12):
        box = (0, 0, 20, 20) if n % 2 else (20, 20, SIDE, SIDE)
        meta = photograph(f"p{n}", boxes=[box]).meta
        signs.add(Photograph.model_validate(meta))
    misread.add_warnings(Manifest(), signs, findings)
    assert findings.lines() == []


def test_a_wall_of_remarks_is_cut():
    findings = Findings()
    misread.add_warnings(Manifest(parameters={"remarks": ["x" * 5000] * 300}), Signs(), findings)
    assert len(findings.lines()) == 21
    assert findings.lines()[-1] == "preparation: 280 remarks more, in the manifest"
    assert max(map(len, findings.lines())) < 1100


def test_what_preparation_said_of_false_alarms_is_not_said_twice(tmp_path, capsys):
    arms = sound()
    del arms[REAL]["empty"]
    remarks = ["no photograph counts as empty, so that false alarms cannot be measured"]
    for name, parameters in (("told", {"remarks": remarks}), ("silent", {})):
        data = root(tmp_path / name, arms, parameters=parameters)
        assert inspected(capsys, data, tmp_path / "sheets").count("false alarms") == 1
