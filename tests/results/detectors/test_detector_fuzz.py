"""Detector files that nobody should have written: one line or a result, and no file where none was asked for."""

import json
import string

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from ablate.cli import run_command
from ablate.errors import UsageError
from ablate.results.detectors.detections import found_on
from ablate.results.detectors.detector_files import read, read_annotations
from ablate.score import ScoreConfig, main

NAMED = {"photo000": "A/0.jpg", "photo001": "Höhle/1.jpg", "2": "2.jpg"}
SCORED = [*(f"photo{index:03d}.jpg" for index in range(10)), *(f"empty{index:03d}.jpg" for index in range(3))]
UNNAMED = dict.fromkeys(["A/0", "photo000", "2"])
NAMES = ["A/0.jpg", "0.jpg", "Höhle/1.jpg", "Ho\u0308hle/1.jpg", "HÖHLE\\1.JPG", "photo000", "2.jpg"]
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16"]
ODD_NAMES = [
    "",
    ".",
    "..",
    "/",
    "\\",
    "../../A/0.jpg",
    "/etc/passwd",
    "a\0b",
    "\ud800",
    "\x1b[2J",
    "x" * 300,
    "x/" * 40,
]
numbers = st.one_of(
    st.floats(), st.integers(), st.sampled_from([10**400, -(10**400), 1e308, 2**63, 0, 1, -0.83, True]), st.floats(0, 1)
)
texts = st.one_of(st.sampled_from(NAMES + ODD_NAMES), st.text(st.characters(), max_size=8))
odd = st.recursive(
    st.none() | numbers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)


def mostly(usual):
    """What belongs there, and now and then anything else."""
    return st.one_of(usual, usual, usual, odd)


def record(required, optional=()):
    """An object with keys of which any may be missing or hold what it should not."""
    keys = {key: mostly(value) for key, value in {**required, **dict(optional)}.items()}
    return st.fixed_dictionaries({}, optional=keys) | st.fixed_dictionaries({key: keys[key] for key in required})


boxes = st.lists(numbers, min_size=3, max_size=5) | st.lists(st.floats(0, 0.5), min_size=4, max_size=4)
detection = record(
    {"category": st.sampled_from(["1", "2", "4", "9", 1]), "conf": st.floats(-1, 1) | numbers, "bbox": boxes},
    {"classifications": odd, "label": odd},
)
found = st.none() | st.lists(mostly(detection), max_size=3)
images = st.lists(mostly(record({"file": texts, "detections": found}, {"failure": st.none() | texts})), max_size=6)
categories = st.dictionaries(
    st.sampled_from(string.digits), st.sampled_from(["animal", "Animal", "deer", "a,b", ""]) | texts
)

sound = st.fixed_dictionaries(
    {
        "category": st.sampled_from(["1", "2", "9"]),
        "conf": st.floats(-1, 1),
        "bbox": st.lists(st.floats(0, 0.5), min_size=4, max_size=4),
    }
)


def whole(names, detections):
    """A file of all photographs and of others, whose categories are in order more often than not."""
    entries = [
        st.fixed_dictionaries({"file": st.just(name), "detections": st.lists(detections, max_size=2)}) for name in names
    ]
    usual = st.just({"1": "animal", "2": "person"})
    return st.fixed_dictionaries(
        {"detection_categories": usual | usual | categories, "images": st.tuples(*entries, images).map(flat)},
        optional={"info": odd},
    )


def flat(entries):
    *ours, others = entries
    return [*ours, *others]


megadetector = record({"detection_categories": categories, "images": images}, {"info": record({"detector": texts})})
speciesnet = record({"predictions": st.lists(mostly(record({"filepath": texts, "detections": found})), max_size=6)})
row = record(
    {"image_id": st.sampled_from([1, 2.0, "photo000"]), "category_id": numbers, "bbox": boxes, "score": numbers}
)
coco = record(
    {
        "images": st.lists(
            mostly(record({"id": texts | numbers, "file_name": texts, "width": numbers, "height": numbers}))
        ),
        "categories": st.lists(mostly(record({"id": numbers, "name": texts}))),
    }
)
documents = st.one_of(
    whole(NAMED.values(), sound),
    whole(NAMED.values(), sound | detection),
    whole(UNNAMED, sound | detection),
    megadetector,
    speciesnet,
    st.lists(mostly(row), max_size=4),
    coco,
    odd,
)
asked = st.just([]) | st.lists(st.sampled_from(["animal", "deer", "a", "b", " Deer", "ANIMAL", ""]), max_size=3)


def write(path, document, encoding):
    text = json.dumps(document, ensure_ascii=encoding == "utf-8")
    path.write_bytes(text.encode(encoding, "surrogatepass"))
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("fuzz")


@settings(max_examples=200)
@given(documents, coco, st.sampled_from([NAMED, UNNAMED]), asked, st.sampled_from(ENCODINGS), st.floats(0, 1))
def test_any_document_is_a_result_or_one_line(folder, document, annotations, photographs, asked, encoding, least):
    boxes, coco_json = (
        write(folder / "boxes.json", document, encoding),
        write(folder / "coco.json", annotations, encoding),
    )
    line, sighted = said(lambda: attempt(boxes, coco_json, photographs, asked, least))
    event("refused" if sighted is None else "a result")
    assert line.isprintable()
    if sighted is not None:
        assert sighted.found.keys() == photographs.keys()
        for one in sighted.found.values():
            assert ((one.boxes_n4 >= 0) & (one.boxes_n4 <= 1)).all()
            assert all(least <= confidence <= 1 for confidence in one.confidence_n)
    assert {path.name for path in folder.iterdir()} <= {"boxes.json", "coco.json", "out"}


def attempt(boxes, coco_json, photographs, asked, least):
    _, told = said(lambda: read_annotations(coco_json))
    return found_on(read(boxes, told), photographs, asked, least, told and told.file_names)


def said(work):
    """What a user is told, and what comes of it; None where it is refused."""
    try:
        result = work()
    except UsageError as error:
        return str(error), None
    return "".join(getattr(result, "told", ())), result


@given(st.binary(max_size=60) | st.text(alphabet='{}[]":,01.eE-NaInfity\\u \n').map(str.encode))
def test_any_bytes_are_one_line(folder, data):
    (folder / "boxes.json").write_bytes(data)
    with pytest.raises(UsageError, match="boxes="):
        read(folder / "boxes.json")


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(document=whole(SCORED, sound), name=texts | st.none())
def test_whatever_is_scored_nothing_is_written_but_results(tiny_root, folder, monkeypatch, capsys, document, name):
    boxes, out = write(folder / "boxes.json", document, "utf-8"), folder / "out"
    arguments = [f"boxes={boxes}", f"data={tiny_root}", f"out={out}", *([] if name is None else [f"name={name}"])]
    monkeypatch.setattr("sys.argv", ["score", *arguments])
    with pytest.raises(SystemExit) as ended:
        run_command(ScoreConfig, main)
    told = capsys.readouterr()
    event(f"status {ended.value.code}")
    assert (ended.value.code, told.err.count("\n")) in {(0, 0), (2, 1)}
    assert {path.name for path in folder.iterdir()} <= {"boxes.json", "coco.json", "out"}
    assert {path.suffix for path in out.rglob("*") if path.is_file()} <= {".parquet"}
