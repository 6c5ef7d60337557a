"""What inspection prints, draws and finds wrong; on data roots of a few small pictures."""

import io
import os
import random
import re
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from ablate.cli import run_command
from ablate.data.manifest import REAL
from ablate.data.shards import Sample
from datasets import inspect
from datasets.checks.inspection.contact_sheet import BOX, EDGE, OUTLINE, Layout, Tile, thumbnail
from datasets.checks.inspection.sampling import SampleSelection, SelectedSample
from datasets.inspect import InspectConfig
from tests.command import ROOT
from tests.datasets.checks.small_roots import ANIMAL, inspected, mask, photograph, pixels, root, row, training
from tests.tiny_data import SIDE, write


def sound():
    """Samples with nothing wrong, to be spoiled."""
    crops = {"train": [training("a"), training("b")], "val": [training("c")]}
    photographs = {"test": [photograph(f"p{n}") for n in range(30)], "empty": [photograph("e", boxes=())]}
    return {"crop": crops, "i2i": {split: list(samples) for split, samples in crops.items()}, REAL: photographs}


def test_the_numbers_are_those_of_the_data(tiny_root, tmp_path, capsys):
    text = inspected(capsys, tiny_root, tmp_path)
    assert row(text, "crop +train")[2:4] == ["16", "1"]
    assert row(text, "real +test")[2:4] == ["10", "1"]
    assert row(text, " +empty")[1:3] == ["3", "1"]
    assert row(text, "34 ") == ["34", "7", "7", "7", "3"]
    assert row(text, "all ") == ["all", "10", "10", "10", "3"]
    assert row(text, "crop +22")[1:3] == ["22", "0.00"]
    assert "trial_defaults: image_size=32 epochs=2" in text


def test_sound_data_is_called_sound(tmp_path, capsys):
    text = inspected(capsys, root(tmp_path / "data", sound()), tmp_path)
    assert "No problems found." in text
    share = (ANIMAL[2] - ANIMAL[0]) * (ANIMAL[3] - ANIMAL[1]) / SIDE**2
    assert row(text, "crop +3") == ["crop", "3", "1.00", "-", f"{100 * share:.1f}", "%", "none"]


def test_what_preparation_left_out_is_told(tmp_path, capsys):
    selection = {"photograph test": {"selected": 5, "dark": 2, "infrared": 11}}
    parameters = {"selection": selection, "skipped": {"synthetic": {"no mask of this stem": 3}}}
    text = inspected(capsys, root(tmp_path / "data", sound(), parameters=parameters), tmp_path)
    assert re.search(r"photograph test +5  11 infrared, 2 dark", text)
    assert re.search(r"synthetic: bad input +3 no mask of this stem", text)


def test_padded_windows_are_counted_where_the_sources_are_known(tmp_path, capsys):
    arms = sound()
    windows = [training("a-00", source="a", window=(0, 8, 48, 56)), training("a-01", source="a", window=(0, 0, 20, 20))]
    arms |= {"full": {"train": [training("a")], "val": [training("c")]}}
    arms |= {"crop": {"train": windows, "val": [training("c")]}}
    arms.pop("i2i")
    text = inspected(capsys, root(tmp_path / "known", arms), tmp_path)
    assert row(text, "crop +2")[3] == "1"
    arms.pop("full")
    assert row(inspected(capsys, root(tmp_path / "unknown", arms), tmp_path), "crop +2")[3] == "unknown"


def spoiled(arm, split, *samples):
    return lambda arms: arms[arm].update({split: list(samples)})


LARGE = tuple(photograph(f"q{n}") for n in range(30))


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (spoiled("crop", "val", training("c", source="a")), r"split leak: 1 source image .* such as a \(train in"),
        (spoiled("i2i", "val", training("c", (5, 5, 9, 9))), r"i2i: its mask is not the one in crop \(c\)"),
        (spoiled("i2i", "train", training("a")), r"i2i: a sample of crop is missing \(b\)"),
        (spoiled("i2i", "val", training("c"), training("d")), r"i2i: not a sample of crop \(d\)"),
        (spoiled("crop", "val"), "crop: no split val"),
        (
            spoiled("crop", "val", training("c", boxes=[(40, 0, 49, 9)])),
            r"crop: a box reaches outside the frame.* \(c\)",
        ),
        (spoiled(REAL, "test", *LARGE, photograph("x", width=40)), "the picture is not of the size in its JSON"),
        (spoiled(REAL, "test", *LARGE, photograph("x", "9", boxes=())), "location 9: 1 test photograph and not one"),
        (spoiled(REAL, "test", photograph("x")), "no location has 30 test photographs"),
        (spoiled(REAL, "empty"), "false alarms cannot be measured"),
        (lambda arms: arms.pop(REAL), "nothing to test on"),
    ],
)
def test_what_looks_wrong_is_said_in_words(spoil, sentence, tmp_path, capsys):
    arms = sound()
    spoil(arms)
    text = inspected(capsys, root(tmp_path / "data", arms), tmp_path, samples=1)
    assert re.search(sentence, " ".join(text.split("Possible problems")[1].split()))


def test_a_picture_that_cannot_be_decoded_is_told_and_has_a_blank_tile(tmp_path, capsys):
    arms = sound()
    whole = training("c")
    arms["crop"]["val"] = [Sample("c", whole.jpg[: len(whole.jpg) // 2], whole.mask_png, whole.meta)]
    text = inspected(capsys, root(tmp_path / "data", arms), tmp_path)
    assert "crop: the picture cannot be decoded (c)" in text
    assert (tmp_path / "crop.jpg").is_file()


def test_names_of_any_letters_can_be_printed_and_drawn(tmp_path, capsys):
    arms = sound()
    arms[REAL]["test"] = [photograph("reh-ä-森", location="Wald \x1b[31m\n森"), *LARGE]
    text = inspected(capsys, root(tmp_path / "Käfer 森", arms), tmp_path)
    assert re.search(r"^Wald  \[31m 森 +1 +1 +0 +0$", text, re.MULTILINE)
    assert (tmp_path / "real-test.jpg").is_file()


@pytest.mark.parametrize("side", [48, 480])
def test_the_outline_lies_round_the_animal_and_does_not_hide_it(side):
    scale, shown = side // 48, 240
    mask_hw = np.kron(mask(), np.ones((scale, scale))) > 0
    tile = Tile(np.full((side, side, 3), 90, np.uint8), mask_hw, (), ("", ""))
    drawn = np.asarray(thumbnail(tile, (shown, shown)))
    x0, y0, x1, y1 = (value * shown // 48 for value in ANIMAL)
    inside, middle = drawn[y0 + 1 : y1 - 1, x0 + 1 : x1 - 1], (y0 + y1) // 2
    assert (inside == 90).all()
    assert (drawn[middle, [x0 - 2, x0 - 1, x1, x1 + 1]] == OUTLINE).all()
    assert (drawn[middle, [x0 - 3, x1 + 2]] == EDGE).all()
    assert (drawn[middle, : x0 - 3] == 90).all()


@pytest.mark.parametrize("box", [(6, 9, 30, 33), (0, 0, 48, 48)])
def test_a_box_is_drawn_round_the_animal_or_along_the_frame(box):
    tile = Tile(pixels(), None, [(box, "")], ("", ""))
    drawn = np.asarray(thumbnail(tile, (240, 240)))
    x0, y0, x1, y1 = (min(max(5 * value + shift, 0), 239) for value, shift in zip(box, (-1, -1, 0, 0), strict=True))
    assert (drawn[y0, x0 : x1 + 1] == BOX).all()
    assert (drawn[y1, x0 : x1 + 1] == BOX).all()
    assert (drawn[y0 : y1 + 1, [x0, x1]] == BOX).all()
    assert (drawn[y0 + 2 : y1 - 2, x0 + 2 : x1 - 2] == 90).all()


def test_a_sheet_shows_each_photograph_with_its_box(tmp_path, capsys):
    left, right = photograph("p00", boxes=[(4, 10, 20, 30)]), photograph("p01", boxes=[(30, 10, 40, 30)])
    data = root(tmp_path / "data", {REAL: {"test": [left, right]}})
    inspected(capsys, data, tmp_path / "sheets")
    assert [path.name for path in (tmp_path / "sheets").iterdir()] == ["real-test.jpg"]
    sheet = np.asarray(Image.open(tmp_path / "sheets" / "real-test.jpg")).astype(int)
    layout = Layout.of([(SIDE, SIDE)] * 2)
    assert sheet.shape[1::-1] == layout.wh
    for index, x in ((0, 4), (1, 30)):
        corner = layout.corner(index)
        at = corner[0] + round(x * layout.tile_wh[0] / SIDE) - 1, corner[1] + 20 * layout.tile_wh[1] // SIDE
        assert abs(sheet[at[1], at[0]] - BOX).max() < 60  # JPEG


def test_the_same_seed_gives_the_same_sheets_and_another_one_others(tiny_root, tmp_path, capsys):
    def sheets(name, seed):
        inspected(capsys, tiny_root, tmp_path / name, samples=3, seed=seed)
        return {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()}

    first = sheets("a", 0)
    assert set(first) == {"crop.jpg", "i2i.jpg", "real-test.jpg", "real-empty.jpg"}
    assert sheets("b", 0) == first
    assert sheets("c", 1)["crop.jpg"] != first["crop.jpg"]
    assert Image.open(io.BytesIO(first["crop.jpg"])).format == "JPEG"


def test_which_samples_are_drawn_is_spread_over_groups_and_follows_from_the_seed_alone():
    stream = [SelectedSample(group, Sample(f"{group}{n}", b"", None), ()) for group, n in [("9", n) for n in range(50)]]
    stream += [SelectedSample("10", Sample("x", b"", None), ()), SelectedSample("7", Sample("y", b"", None), ())]

    def drawn(order, seed=0):
        draw = SampleSelection(limit=6, seed=seed)
        for each in random.Random(order).sample(stream, len(stream)):
            draw.offer(each)
        return [(each.group, each.sample.key) for each in draw.drawn()]

    assert [group for group, _ in drawn(order=0)] == ["7", "9", "9", "9", "9", "10"]
    assert drawn(order=0) == drawn(order=1) == drawn(order=2)
    assert drawn(order=0) != drawn(order=0, seed=1)


def test_images_of_a_group_have_a_sheet_of_their_own(tmp_path, capsys):
    images = [training(key) for key in ("forest_00000_0", "forest_00001_0", "steppe_00002_0")]
    data = root(tmp_path / "data", {"full": {"train": images[:2], "val": images[2:]}})
    text = inspected(capsys, data, tmp_path / "sheets", sheets_by="^([a-z]+)_")
    assert "contact sheets: full.jpg, full-forest.jpg, full-steppe.jpg" in text
    forest, steppe = (Image.open(tmp_path / "sheets" / f"full-{name}.jpg") for name in ("forest", "steppe"))
    widths = [len(np.flatnonzero((np.asarray(sheet)[130] < 150).all(axis=1))) for sheet in (forest, steppe)]
    assert widths[0] == pytest.approx(2 * widths[1], rel=0.05)  # two grey tiles beside each other, and one


def test_a_fault_is_told_once_however_many_sheets_show_it(tmp_path, capsys):
    whole = training("forest_0")
    broken = Sample("forest_0", whole.jpg[: len(whole.jpg) // 2], whole.mask_png, whole.meta)
    data = root(tmp_path / "data", {"full": {"train": [broken]}})
    assert "full: the picture cannot be decoded (forest_0)" in inspected(capsys, data, tmp_path, sheets_by="^([a-z]+)_")


def status(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["inspect", *map(str, arguments)])
    with pytest.raises(SystemExit) as stopped:
        run_command(InspectConfig, inspect.main)
    return stopped.value.code


def test_the_command_runs_and_names_its_sheets_after_the_data(tiny_root, tmp_path):
    command = [sys.executable, "-m", "datasets.inspect", f"data={tiny_root}"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    subprocess.run(command, cwd=tmp_path, env=environment, check=True, timeout=120, capture_output=True)
    assert (tmp_path / f"inspect-{tiny_root.name}" / "crop.jpg").is_file()


def test_a_broken_shard_is_one_line(tmp_path, monkeypatch, capsys):
    shard = write(tmp_path / "data") / "crop" / "train-000000.tar"
    shard.write_bytes(shard.read_bytes()[:-2000])
    assert status(monkeypatch, f"data={tmp_path / 'data'}", f"to={tmp_path / 'sheets'}") == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.count("\n") == 1
    assert str(shard) in output.err
    assert not (tmp_path / "sheets").exists()


def test_json_of_another_schema_names_sample_and_field(tmp_path, monkeypatch, capsys):
    arms = sound()
    arms["crop"]["val"] = [training("c", source=None)]
    assert status(monkeypatch, f"data={root(tmp_path / 'data', arms)}", f"to={tmp_path}") == 2
    assert re.search("crop/val, sample c: source in its JSON", capsys.readouterr().err)


@pytest.mark.parametrize(
    ("argument", "word"),
    [
        ("samples=0", "samples=0"),
        ("samples=1000", "240"),
        ("data=dem", "demo"),
        ("to={file}", "is a file"),
        ("x=1", "x="),
        ("sheets_by=^a", "no group"),
        ("sheets_by=(", "not a regular expression"),
        ("sheets_by=^(a)", "has no arm full"),
        ("scenes={file}", "not a Parquet file"),
        ("scenes={file}.parquet", "no such file"),
    ],
)
def test_bad_arguments_are_one_line(argument, word, tiny_root, tmp_path, monkeypatch, capsys):
    (tmp_path / "file").touch()
    given = {"data": f"data={tiny_root}", "to": f"to={tmp_path}"}
    argument = argument.format(file=tmp_path / "file")
    given[argument.split("=")[0]] = argument
    assert status(monkeypatch, *given.values()) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert word in error


@pytest.mark.parametrize(
    ("pattern", "word"), [("^(x)", "finds nothing in the key n0"), ("(.*)", "more than 40 sheets")]
)
def test_an_expression_that_makes_no_sheets_is_one_line(pattern, word, tmp_path, monkeypatch, capsys):
    data = root(tmp_path / "data", {"full": {"train": [training(f"n{number}") for number in range(41)]}})
    assert status(monkeypatch, f"data={data}", f"to={tmp_path}", f"sheets_by={pattern}") == 2
    assert word in capsys.readouterr().err
