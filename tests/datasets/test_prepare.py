"""The whole preparation, end to end on generated raw files."""

import csv
import filecmp
import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ablate.data import shards
from ablate.data.manifest import read_manifest
from ablate.errors import UsageError
from ablate.storage import sha256
from datasets.prepare import prepare
from tests.datasets import raw_inputs
from tests.datasets.raw_inputs import config, folder, picture, save

ROOT = Path(__file__).parents[2]


def quiet(_):
    pass


def files(path):
    return {str(file.relative_to(path)) for file in path.rglob("*") if file.is_file()}


def assert_same(a, b):
    assert files(a) == files(b)
    assert [name for name in files(a) if not filecmp.cmp(a / name, b / name, shallow=False)] == []


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """Raw files and the data root made of them; nobody changes either."""
    path = tmp_path_factory.mktemp("prepared")
    prepare(config(folder(path / "raw"), path / "out"), quiet)
    return path


@pytest.fixture
def raw(prepared, tmp_path):
    """A copy of the raw files to spoil."""
    return shutil.copytree(prepared / "raw", tmp_path / "raw")


def test_the_result_is_a_data_root_that_readers_accept(prepared):
    manifest = read_manifest(prepared / "out")
    shards.verify(prepared / "out", manifest, manifest.arms)
    assert set(manifest.arms) == {"full", "crop", "i2i", "real"}
    for arm in manifest.arms:
        for split in shards.splits(arm):
            found = list(shards.read(prepared / "out", manifest, arm, split))
            assert len(found) == manifest.arm(arm).counts[split] > 0
    assert files(prepared / "out") - {shard.name for arm in manifest.arms.values() for shard in arm.shards} == {
        "manifest.json",
        "selection.parquet",
        "skipped.csv",
    }


def test_the_manifest_tells_how_it_was_derived(prepared):
    parameters = read_manifest(prepared / "out").parameters
    assert parameters["crop"] == {"size": 48, "min_side": 20}
    assert parameters["arms"]["i2i"]["translator"] == "reinhard@style=photo"
    assert parameters["arms"]["i2i"]["style_photos"]["count"] == 6
    assert parameters["selection"]["photograph test"] == {"selected": 6}
    assert parameters["inputs"]["annotations"] == [sha256(prepared / "raw" / "annotations.json")]
    assert str(prepared) not in str(parameters)


def test_the_same_inputs_give_the_same_bytes_anywhere_with_any_number_of_workers(prepared, raw, tmp_path):
    prepare(config(raw, tmp_path / "out", workers=2), quiet)
    assert_same(prepared / "out", tmp_path / "out")


def test_digests_do_not_depend_on_the_size_of_shards(prepared, tmp_path):
    manifest = prepare(config(prepared / "raw", tmp_path / "out", images_per_shard=4), quiet)
    assert len(manifest.arm("crop").shards) > 2
    assert {name: arm.digest for name, arm in manifest.arms.items()} == {
        name: arm.digest for name, arm in read_manifest(prepared / "out").arms.items()
    }


def test_another_photograph_leaves_full_and_crop_as_they_are(prepared, raw, tmp_path):
    raw_inputs.survey(raw, count=7)
    manifest, before = prepare(config(raw, tmp_path / "out"), quiet), read_manifest(prepared / "out")
    same = {name for name, arm in manifest.arms.items() if arm.digest == before.arm(name).digest}
    assert same == {"full", "crop"}


def test_the_arms_can_be_chosen_and_one_may_be_a_file(prepared, tmp_path):
    shutil.copy(ROOT / "datasets" / "arms" / "full.py", tmp_path / "mine.py")
    chosen = config(prepared / "raw", tmp_path / "out", arms=("crop", str(tmp_path / "mine.py")))
    manifest = prepare(chosen, quiet)
    assert set(manifest.arms) == {"crop", "mine", "real"}
    assert str(tmp_path) not in str(manifest.parameters)


def test_repeating_replaces_a_data_root(prepared, tmp_path):
    out = tmp_path / "out"
    prepare(config(prepared / "raw", out, arms=("full",), images_per_shard=1), quiet)
    prepare(config(prepared / "raw", out), quiet)
    assert_same(out, prepared / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_of_a_link_the_folder_behind_it_is_replaced(prepared, tmp_path):
    shutil.copytree(prepared / "out", tmp_path / "elsewhere")
    (tmp_path / "out").symlink_to(tmp_path / "elsewhere")
    prepare(config(prepared / "raw", tmp_path / "out", arms=("full",)), quiet)
    assert (tmp_path / "out").is_symlink()
    assert set(read_manifest(tmp_path / "elsewhere").arms) == {"full", "real"}


@pytest.mark.parametrize("place", ["file", "file/out"])
def test_a_place_that_cannot_be_a_folder_is_one_line(prepared, tmp_path, place):
    (tmp_path / "file").write_text("precious")
    with pytest.raises(UsageError, match="to="):
        prepare(config(prepared / "raw", tmp_path / place), quiet)
    assert (tmp_path / "file").read_text() == "precious"


@pytest.mark.parametrize("name", ["notes.txt", "manifest.json"])
def test_a_folder_that_holds_something_else_is_not_touched(prepared, tmp_path, name):
    out = tmp_path / "out"
    (out / "results").mkdir(parents=True)
    (out / name).write_text("{}")
    (out / "results" / "rows.parquet").write_text("precious")
    with pytest.raises(UsageError, match="to="):
        prepare(config(prepared / "raw", out), quiet)
    assert files(out) == {name, "results/rows.parquet"}


def test_a_failed_repetition_leaves_the_old_data_root(prepared, raw, tmp_path):
    out = shutil.copytree(prepared / "out", tmp_path / "out")
    (raw / "photos" / "p0.jpg").write_bytes(b"broken")
    with pytest.raises(UsageError, match="max_bad"):
        prepare(config(raw, out), quiet)
    assert_same(out, prepared / "out")
    assert sorted(path.name for path in tmp_path.iterdir()) == [".out.building", "out", "out.skipped.csv", "raw"]


def spoil(raw):
    """Every kind of bad synthetic input, one each; what `skipped.csv` should say."""
    images, masks = raw / "synthetic" / "images", raw / "synthetic" / "masks"
    (images / "s000.jpg").write_bytes((images / "s000.jpg").read_bytes()[:900])
    (masks / "s001.png").unlink()
    (images / "s002.jpg").unlink()
    save(masks / "s003.png", np.zeros((10, 10), dtype=np.uint8))
    shutil.copy(images / "s004.jpg", images / "s004.jpeg")
    (masks / "s005.png").write_bytes(b"")
    (images / "Thumbs.db").write_bytes(b"not an image, not a bad one either")
    return {
        "s000.jpg": "broken",
        "s001.jpg": "no mask",
        "s002.png": "mask without an image",
        "s003.jpg": "mask of another shape: 96x72 px, its mask 10x10",
        "s004.jpeg": "two files",
        "s004.jpg": "two files",
        "s004.png": "mask without an image",
        "s005.jpg": "broken",
    }


def test_bad_synthetic_inputs_are_counted_listed_and_left_out(raw, tmp_path):
    expected = spoil(raw)
    lines = []
    manifest = prepare(config(raw, tmp_path / "out", max_bad=0.5), lines.append)
    with (tmp_path / "out" / "skipped.csv").open(newline="") as file:
        listed = {row["name"]: row["reason"] for row in csv.DictReader(file)}
    assert listed.keys() == expected.keys()
    assert all(listed[name].startswith(reason) for name, reason in expected.items())
    assert sum(manifest.arm("full").counts.values()) == 24 - 6
    assert sum(manifest.parameters["skipped"]["synthetic"].values()) == len(expected)
    assert "two files of this name" in "\n".join(lines)


def test_too_many_bad_synthetic_inputs_are_an_error_that_names_the_list(raw, tmp_path):
    spoil(raw)
    for name in ("s001.jpg", "s004.jpeg"):  # what names alone tell is told before anything is read
        (raw / "synthetic" / "images" / name).unlink()
    (raw / "synthetic" / "masks" / "s002.png").unlink()
    with pytest.raises(
        UsageError, match=r"3 of 22 are bad \(s000\.jpg: broken.*s005\.jpg: broken.*\), listed in .*out\.skipped\.csv"
    ):
        prepare(config(raw, tmp_path / "out"), quiet)
    assert not (tmp_path / "out").exists()


def test_too_many_names_without_a_partner_are_told_before_anything_is_read(raw, tmp_path):
    spoil(raw)
    (raw / "photos" / "p0.jpg").write_bytes(b"never looked at")
    with pytest.raises(UsageError, match=r"5 of 24 are bad \(s001\.jpg: no mask of this name; .*\.skipped\.csv"):
        prepare(config(raw, tmp_path / "out"), quiet)
    assert not (tmp_path / ".out.building").exists()


def test_masks_that_cover_most_of_their_images_are_asked_about(raw, tmp_path):
    for mask in (raw / "synthetic" / "masks").iterdir():
        save(mask, 255 - np.asarray(Image.open(mask)))
    with pytest.raises(UsageError, match=r"\d+ of 24 masks cover most of their image.*mask_ids="):
        prepare(config(raw, tmp_path / "out"), quiet)


def test_ids_that_no_mask_holds_are_asked_about(raw, tmp_path):
    with pytest.raises(UsageError, match=r"none of 24 masks holds an animal, which is mask_ids=7; .*mask_ids=255"):
        prepare(config(raw, tmp_path / "out", mask_ids=(7,)), quiet)


def test_a_folder_without_any_of_the_photographs_is_asked_about(raw, tmp_path):
    (raw / "elsewhere").mkdir()
    with pytest.raises(
        UsageError, match=r"none of the 6 photographs.*such as p0\.jpg: there is no file in it; is it the right folder"
    ):
        prepare(config(raw, tmp_path / "out", photos=str(raw / "elsewhere")), quiet)


def test_night_images_and_images_without_an_animal_are_no_bad_inputs(raw, tmp_path):
    images, masks = raw / "synthetic" / "images", raw / "synthetic" / "masks"
    save(images / "s000.jpg", picture(np.random.default_rng(0), raw_inputs.SYNTHETIC_WH, level=10))
    save(masks / "s001.png", np.zeros(raw_inputs.SYNTHETIC_WH[::-1], dtype=np.uint8))
    manifest = prepare(config(raw, tmp_path / "out", max_bad=0.0), quiet)
    counts = [manifest.parameters["selection"][f"synthetic {split}"] for split in ("train", "val")]
    assert sum(map(Counter, counts), Counter()) == {"dark": 1, "no animal": 1, "selected": 22}


def test_an_image_that_is_no_jpeg_is_encoded_anew(raw, tmp_path):
    image = raw / "synthetic" / "images" / "s000.jpg"
    pixels = np.asarray(Image.open(image))
    image.unlink()
    save(image.with_suffix(".png"), pixels)
    manifest = prepare(config(raw, tmp_path / "out"), quiet)
    samples = {s.key: s for split in ("train", "val") for s in shards.read(tmp_path / "out", manifest, "full", split)}
    assert samples["s000"].jpg[:2] == b"\xff\xd8"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"category": ("dear",)}, "did you mean 'deer'"),
        ({"arms": ("cropped",)}, "arms=cropped"),
        ({"translator": "cut2"}, "translator=cut2"),
        ({"trial_defaults": {"epoch": 3}}, r"trial\.epoch"),
        ({"synthetic_masks": "labels"}, "synthetic_masks="),
        ({"photos": "/nowhere"}, "photos=/nowhere"),
        ({"synthetic": "s3://bucket/a"}, "synthetic=s3://bucket/a.* URL"),
        ({"exclude": "/nowhere"}, "exclude=/nowhere"),
        ({"annotations": ("/nowhere.json",)}, "annotations=/nowhere"),
        ({"locations": ("99",)}, "locations=99: not in the annotations"),
        ({"night": {"synthetic_list": "/nowhere"}}, "synthetic_list=/nowhere"),
        ({"night": {"synthetic_pattern": "*.jpg"}}, r"synthetic_pattern=\*\.jpg: no name matches"),
        ({"photo_masks": "/nowhere"}, "photo_masks=/nowhere"),
        ({"synthetic_masks": "images"}, "are one folder"),
        ({"synthetic": "/nowhere"}, "synthetic=/nowhere: there is no such folder"),
        ({"synthetic_images": "Images"}, r"synthetic_images= \(there: images, masks\)"),
        ({"crop": raw_inputs.Crop(size=48, min_side=90)}, r"crop\.min_side=90"),
        ({"night": {"synthetic_luma": 255}}, "no usable synthetic input is left: 24 dark"),
    ],
)
def test_what_a_user_can_get_wrong_is_one_line_and_writes_nothing(prepared, tmp_path, fields, message):
    with pytest.raises(UsageError, match=message):
        prepare(config(prepared / "raw", tmp_path / "out", **fields), quiet)
    assert not (tmp_path / "out").exists()


def command(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "datasets.prepare", *arguments],
        cwd=ROOT,
        env=os.environ | {"PYTHONWARNINGS": "error"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_command_prepares_and_prints_a_table(prepared, tmp_path):
    raw = prepared / "raw"
    done = command(
        f"synthetic={raw}/synthetic",
        f"photos={raw}/photos",
        f"annotations={raw}/annotations.json",
        f"to={tmp_path}/out",
        "crop.size=48",
        "crop.min_side=20",
        "trial_defaults.epochs=5",
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "photograph test\n        6  selected" in done.stdout
    assert read_manifest(tmp_path / "out").trial_defaults == {"epochs": 5}


def test_a_wrong_argument_is_one_line_and_status_2():
    done = command("synthetic=a", "photos=b", "annotations=c", "to=d", "hours=19-7")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "7-19" in done.stderr


@pytest.mark.parametrize(("told", "typed"), [("d, x", ("d", " x")), ("Ré", ("Re\u0301 ",)), ("deer ", ("deer",))])
def test_a_category_is_found_however_it_is_typed_and_its_boxes_with_it(tmp_path, monkeypatch, told, typed):
    monkeypatch.setitem(raw_inputs.CATEGORIES, 34, told)
    raw = raw_inputs.folder(tmp_path)
    manifest = prepare(raw_inputs.config(raw, tmp_path / "out", category=typed, arms=("crop",)), lambda line: None)
    assert manifest.arms["real"].counts["test"] == 6
