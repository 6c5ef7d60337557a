"""Annotations with anything in them: a result or one line, and no file outside the folders that were named."""

import copy
import json
import shutil

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ablate.data import shards
from ablate.errors import UsageError
from datasets.prepare import prepare
from datasets.raw import camera_traps, candidates
from datasets.raw.camera_traps import values
from datasets.raw.skipped import SelectionLog
from tests.datasets import raw_inputs
from tests.datasets.raw_inputs import PHOTO_WH, config, jpg_bytes, picture

SECRET = jpg_bytes(picture(np.random.default_rng(9), PHOTO_WH))
NAMES = st.sampled_from(
    [
        *(
            "../secret.jpg",
            "..\\secret.jpg",
            "photos/../../secret.jpg",
            "/etc/passwd",
            "C:\\secret.jpg",
            "~/secret.jpg",
        ),
        *(
            "",
            ".",
            "..",
            "/",
            "\\",
            "a\0b",
            "p0.jpg",
            "P0.JPG",
            ".\\p0.jpg",
            "photos/p0.jpg",
            "x" * 300,
            "a\nb",
            "\x1b[31m",
        ),
        *("R\u00e4v.jpg", "Ra\u0308v.jpg", "\ud800", "nan", "NaT", "3.0", "deer", "empty", "Blank", "\u202e", "?"),
        *("2015:06:01 12:00:00", "01/02/2015", "2015-06-01", "[1, 2, 3, 4]", "[nan, nan, nan, nan]"),
    ]
)
NUMBERS = st.sampled_from(
    [0, -1, 3, 3.0, 34, 1e-9, 0.5, 160, 1e9, 1e300, -1e300, 10**400, True, float("nan"), float("inf")]
)
SCALARS = st.none() | NUMBERS | NAMES | st.text(max_size=5) | st.integers() | st.floats()
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=3) | NAMES, inner, max_size=3)
)


@pytest.fixture(scope="module")
def raw(tmp_path_factory):
    """Synthetic images, and photographs beside a picture that no annotation may reach."""
    folder = tmp_path_factory.mktemp("raw") / "inner"
    raw_inputs.synthetic(folder / "synthetic", count=4)
    raw_inputs.survey(folder, count=3, empty=2)
    for place in (folder, folder.parent):
        (place / "secret.jpg").write_bytes(SECRET)
    return folder


@st.composite
def spoiled(draw, sound):
    """A sound document in which some values are others, are missing, or are somewhere else."""
    document = copy.deepcopy(sound)
    for _ in range(draw(st.integers(1, 6))):
        rows = document.get(draw(st.sampled_from(["images", "annotations", "categories"])))
        if not isinstance(rows, list) or not rows or draw(st.integers(0, 30)) == 0:
            document[draw(st.sampled_from([*document, "else"]))] = draw(VALUES)
            continue
        index = draw(st.integers(0, len(rows) - 1))
        if not isinstance(rows[index], dict) or not rows[index] or draw(st.integers(0, 30)) == 0:
            rows[index] = draw(VALUES)
            continue
        key = draw(st.sampled_from([*rows[index], "bbox", "location", "datetime"]))
        if draw(st.integers(0, 5)) == 0:
            rows[index].pop(key, None)
        else:
            rows[index][key] = draw(VALUES)
    return document


def documents(raw):
    sound = json.loads((raw / "annotations.json").read_text())
    return st.integers(0, 9).flatmap(lambda dice: VALUES if dice == 0 else spoiled(sound))


def written(raw, document):
    """The file of a document, as `annotations=` takes it."""
    place = raw / "fuzzed.json"
    place.write_text(json.dumps(document))
    return (str(place),)


FAST = settings(max_examples=200, suppress_health_check=list(HealthCheck))
WHOLE = settings(max_examples=15, suppress_health_check=list(HealthCheck))


@given(data=st.data())
@FAST
def test_candidates_are_a_result_or_one_line(raw, data):
    chosen = config(
        raw,
        raw / "out",
        annotations=written(raw, data.draw(documents(raw))),
        hours=data.draw(st.sampled_from(["7-19", None])),
    )
    log = SelectionLog()
    try:
        found = candidates.candidates(chosen, log)
        candidates.require_files(found, chosen)
    except UsageError:
        return
    for record in (*found.test, *(one for location in found.empty for one in location)):
        assert (raw / "photos" / record.file_name).resolve().is_relative_to(raw / "photos")
    for remark in log.remarks:
        remark.encode()


@given(data=st.data())
@WHOLE
def test_a_whole_preparation_is_a_result_or_one_line(raw, data):
    out, before = raw.parent / "to" / "out", tree(raw)
    shutil.rmtree(out.parent, ignore_errors=True)
    out.parent.mkdir()
    document = data.draw(spoiled(json.loads((raw / "annotations.json").read_text())))
    chosen = config(raw, out, annotations=written(raw, document), arms=("full",), max_bad=1.0)
    try:
        manifest = prepare(chosen, lambda line: None)
    except UsageError:
        pass
    else:
        for split in ("test", "empty"):
            for sample in shards.read(out, manifest, "real", split):
                assert sample.jpg != SECRET
    assert tree(raw) - {raw / "fuzzed.json"} == before - {raw / "fuzzed.json"}
    assert {path.name for path in raw.parent.iterdir()} == {"inner", "secret.jpg", "to"}
    assert {path.name for path in out.parent.iterdir()} <= {"out", "out.skipped.csv", ".out.building"}


def tree(folder):
    return set(folder.rglob("*"))


@given(content=st.binary() | st.text().map(lambda text: text.encode("utf-8", "surrogatepass")))
@FAST
def test_any_bytes_as_a_file_are_one_line(raw, content):
    (raw / "fuzzed.json").write_bytes(content)
    with pytest.raises(UsageError, match="annotations="):
        camera_traps.read([raw / "fuzzed.json"])


@given(VALUES)
def test_any_value_has_a_name_or_none(value):
    told = values.name(value)
    assert told is None or isinstance(told, str)
    values.shown(value).encode()
