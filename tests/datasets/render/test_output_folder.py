"""The folder of rendered pictures: what counts as finished, what is removed, what is refused, what tells of all."""

import json
from dataclasses import dataclass, field

import pyarrow.parquet
import pytest

from ablate.errors import UsageError
from datasets.render import output_folder, scene_rows, trap_annotations
from datasets.render.output_folder import add, finish, opened

GIVEN = {
    "request": {"seed": 0, "biomes": ["forest"], "distractors": True},
    "versions": {"mitsuba": "3.9", "code": "c0"},
}
ANIMAL = {
    "species": "deer",
    "sex": "male",
    "coat": "winter",
    "pose": "grazing",
    "distance_m": 5.5,
    "visible_share": 0.75,
}
NOTHING = dict.fromkeys((*ANIMAL, "box_area", "touches_edge"))


@dataclass(frozen=True)
class Picture:
    name: str
    image: bytes
    mask: bytes
    row: dict
    extras: dict = field(default_factory=dict)


def row(number, *boxes):
    """The row of a picture of 64x48 px with a deer for each box."""
    herd = [ANIMAL | {"box": box} for box in boxes]
    values = {"name": f"forest_{number // 8:05d}_{number % 8}", "number": number, "captured_at": "2012-05-01 10:00:00"}
    texts = dict.fromkeys(("biome", "light", "camera", "cast", "banner", "device"), "x")
    whole = dict.fromkeys(("place", "seed", "jpeg_quality", "samples", "distractors"), 3)
    known = values | texts | whole | {"width": 64, "height": 48, "animals": len(boxes), "herd": herd} | NOTHING
    known |= ANIMAL | {"box_area": 0.1, "touches_edge": False} if boxes else {}
    return dict.fromkeys(scene_rows.SCHEMA.names, 0.5) | known


def picture(number, *boxes):
    told = row(number, *boxes)
    return Picture(told["name"], b"image %d" % number, b"mask %d" % number, told, {"depth": b"depth"})


def fill(to, *numbers, given=GIVEN, n=9):
    with opened(to, given, n):
        for number in numbers:
            add(to, picture(number))


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_finished_picture_is_known_again(tmp_path):
    fill(tmp_path, 0, 3)
    with opened(tmp_path, GIVEN, 4) as rows:
        assert rows == {0: row(0), 3: row(3)}
    assert (tmp_path / "images/forest_00000_3.jpg").read_bytes() == b"image 3"
    assert (tmp_path / "depth/forest_00000_3.png").read_bytes() == b"depth"


def test_what_a_killed_command_left_is_removed_and_nothing_else(tmp_path):
    fill(tmp_path, 0)
    (tmp_path / "masks/forest_00000_1.png").write_bytes(b"whole, but of a picture without a record")
    for name in (
        "images/.forest_00000_2.jpg.0a0b.partial",
        ".records/.000001.json.0a0b.partial",
        ".render.json.partial",
    ):
        (tmp_path / name).write_bytes(b"a part")
    for name in ("images/mine.jpg", "notes.txt"):
        (tmp_path / name).write_bytes(b"a user's")
    fill(tmp_path)
    assert names(tmp_path / "images") == ["forest_00000_0.jpg", "mine.jpg"]
    assert names(tmp_path / "masks") == ["forest_00000_0.png"]
    assert names(tmp_path) == [".records", "depth", "images", "masks", "notes.txt", "render.json"]
    assert names(tmp_path / ".records") == ["000000.json", "owned", "worked"]


@pytest.mark.parametrize("name", ["images/forest_00000_1.jpg", "masks/forest_00000_1.png", "depth/forest_00000_1.png"])
@pytest.mark.parametrize("spoil", [lambda path: path.write_bytes(b"shorter"[:3]), lambda path: path.unlink()])
def test_a_picture_that_has_lost_a_file_is_not_finished(tmp_path, name, spoil):
    fill(tmp_path, 0, 1)
    spoil(tmp_path / name)
    with opened(tmp_path, GIVEN, 9) as rows:
        assert set(rows) == {0}
    assert names(tmp_path / "masks") == ["forest_00000_0.png"]


@pytest.mark.parametrize("spoilt", [b"{", b"[]", b'{"row": {}, "sizes": {}}'])
def test_a_picture_whose_record_is_broken_or_of_another_schema_is_not_finished(tmp_path, spoilt):
    fill(tmp_path, 0, 1)
    (tmp_path / ".records/000001.json").write_bytes(spoilt)
    with opened(tmp_path, GIVEN, 9) as rows:
        assert set(rows) == {0}


@pytest.mark.parametrize(
    ("kind", "change", "told"),
    [
        ("request", {"seed": 1}, r"seed=0 \(here: 1\); type seed=0 to continue"),
        ("request", {"biomes": ["arid", "oak"]}, r"biomes=forest \(here: arid,oak\); type biomes=forest "),
        ("request", {"distractors": False, "seed": 1}, "type seed=0 distractors=true to continue"),
        ("versions", {"mitsuba": "4.0"}, r"rendered by mitsuba 3.9 \(here: 4.0\)"),
        ("versions", {"code": "c1"}, r"rendered by code c0 \(here: c1\)"),
    ],
)
def test_another_request_is_refused_by_the_key_that_differs(tmp_path, kind, change, told):
    fill(tmp_path, 0)
    with pytest.raises(UsageError, match=told), opened(tmp_path, GIVEN | {kind: GIVEN[kind] | change}, 9):
        pass
    with opened(tmp_path, GIVEN, 9) as rows:
        assert set(rows) == {0}


def test_records_that_other_code_wrote_are_refused_and_not_removed(tmp_path):
    fill(tmp_path, 0)
    (tmp_path / ".records/000000.json").write_bytes(b'{"row": {"fog": 1}, "sizes": {}}')
    other = GIVEN | {"versions": GIVEN["versions"] | {"code": "c1"}}
    with pytest.raises(UsageError, match="rendered by code c0"), opened(tmp_path, other, 9):
        pass
    assert names(tmp_path / "images") == ["forest_00000_0.jpg"]


def test_before_the_first_picture_the_request_can_be_another(tmp_path):
    fill(tmp_path)
    fill(tmp_path, 0, given=GIVEN | {"request": {"seed": 1}})
    assert json.loads((tmp_path / "render.json").read_text())["request"] == {"seed": 1}


def test_pictures_of_unknown_origin_are_not_continued(tmp_path):
    fill(tmp_path, 0)
    (tmp_path / "render.json").unlink()
    with pytest.raises(UsageError, match=r"render\.json.*missing"), opened(tmp_path, GIVEN, 9):
        pass


def test_fewer_pictures_than_there_are_is_refused(tmp_path):
    fill(tmp_path, 0, 5)
    with pytest.raises(UsageError, match=r"n=5: .* holds picture 5 .* type n=6 or more"), opened(tmp_path, GIVEN, 5):
        pass
    assert len(names(tmp_path / "images")) == 2


def test_of_two_commands_the_second_is_refused(tmp_path):
    with (
        opened(tmp_path, GIVEN, 9),
        pytest.raises(UsageError, match=r"another datasets\.render"),
        opened(tmp_path, GIVEN, 9),
    ):
        pass


def test_a_folder_of_something_else_is_not_touched(tmp_path):
    (tmp_path / "thesis.tex").write_text("precious")
    for to, told in ((tmp_path, "neither empty"), (tmp_path / "thesis.tex", "a file is there")):
        with pytest.raises(UsageError, match=told), opened(to, GIVEN, 9):
            pass
    assert names(tmp_path) == ["thesis.tex"]


def test_the_table_has_its_schema_and_the_order_of_numbers(tmp_path):
    rows = [row(8), row(2, [1.0, 2.0, 11.0, 22.0]), row(0)]
    (tmp_path / ".records").mkdir()
    finish(tmp_path, rows, b"{}")
    table = pyarrow.parquet.read_table(tmp_path / "scenes.parquet")
    assert table.schema.equals(scene_rows.SCHEMA)
    assert table.to_pylist() == sorted(rows, key=lambda one: one["number"])


def test_what_tells_of_all_pictures_is_away_while_some_are_missing(tmp_path):
    fill(tmp_path, 0, n=1)
    finish(tmp_path, [row(0)], b"{}")
    fill(tmp_path, n=1)
    assert {"scenes.parquet", "annotations.json"} < set(names(tmp_path))
    fill(tmp_path, n=2)
    assert not {"scenes.parquet", "annotations.json"} & set(names(tmp_path))


@pytest.mark.parametrize("change", [{"fog": 1.0}, {"place": "three"}, {"herd": [{"box": "none"}]}])
def test_a_row_that_does_not_fit_the_schema_is_not_written(tmp_path, change):
    spoilt = picture(0).row | change
    with opened(tmp_path, GIVEN, 1), pytest.raises(ValueError, match="row"):
        add(tmp_path, Picture("forest_00000_0", b"", b"", spoilt))
    assert not (tmp_path / output_folder.IMAGES).exists()


def test_annotations_have_the_boxes_of_all_animals():
    rows = [row(0), row(1, [1.0, 2.0, 11.0, 22.0], [0.0, 0.0, 5.0, 4.0]), row(9)]
    found = json.loads(trap_annotations.document(rows, {"deer": "deer"}, {"deer": 255}))
    assert [image["location"] for image in found["images"]] == ["forest_00000", "forest_00000", "forest_00001"]
    assert len({image["seq_id"] for image in found["images"]}) == 3
    names = {one["id"]: one["name"] for one in found["categories"]}
    said = [(one["image_id"], names[one["category_id"]], one.get("bbox")) for one in found["annotations"]]
    assert said == [
        ("forest_00000_0", "empty", None),
        ("forest_00000_1", "deer", [1, 2, 10, 20]),
        ("forest_00000_1", "deer", [0, 0, 5, 4]),
        ("forest_00001_1", "empty", None),
    ]
