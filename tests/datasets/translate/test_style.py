"""Whose look the translated arms take, and whether that were test photographs."""

import csv
import hashlib
import shutil

import numpy as np
import pytest

from ablate.data import shards
from ablate.data.manifest import Manifest
from ablate.errors import UsageError
from datasets.prepare import prepare
from datasets.raw.images import decode
from tests.datasets import raw_inputs
from tests.datasets.raw_inputs import config, picture, save


@pytest.fixture(scope="module")
def raw(tmp_path_factory):
    """Raw inputs with bluish photographs to take the look of: 3 of location a, 1 of b, 1 of none, 1 broken one."""
    path = raw_inputs.folder(tmp_path_factory.mktemp("raw"))
    rng = np.random.default_rng(3)
    for name in ("a/x.jpg", "a/deep/y.png", "a/z.jpg", "b/w.jpg", "loose.jpg"):
        save(path / "style" / name, picture(rng, (40, 30), level=90)[..., ::-1])
    (path / "style" / "b" / "broken.jpg").write_bytes(b"no picture")
    (path / "style" / "readme.txt").write_text("no picture, and no bad one")
    return path


def made(raw, to, lines=None, **fields):
    given = {"arms": ("crop", "i2i"), "style_photos": str(raw / "style"), "max_bad": 0.2} | fields
    return prepare(config(raw, to, **given), (lines if lines is not None else []).append)


def mean_colour(root, manifest, arm, split="train"):
    samples = shards.read(root, manifest, arm, split)
    return np.mean([decode(sample.jpg).image_hw3.mean(axis=(0, 1)) for sample in samples], axis=0)


def test_other_photographs_give_their_look_and_no_test_photograph_has_a_part_in_it(raw, tmp_path):
    lines = []
    manifest = made(raw, tmp_path / "out", lines)
    told = manifest.parameters["arms"]["i2i"]
    digest = hashlib.sha256()
    for name in ("a/deep/y.png", "a/x.jpg", "a/z.jpg", "b/w.jpg", "loose.jpg"):
        digest.update(hashlib.sha256((raw / "style" / name).read_bytes()).digest())
    assert told["style_photos"] == {"split": "folder", "count": 5, "digest": digest.hexdigest()}
    assert not manifest.transductive("i2i")
    assert not any("transductive" in line for line in lines)
    red, _, blue = mean_colour(tmp_path / "out", manifest, "i2i")
    assert blue > red + 20
    red, _, blue = mean_colour(tmp_path / "out", manifest, "crop")
    assert red > blue + 20
    assert str(raw) not in str(manifest.parameters)


def test_the_test_photographs_make_an_arm_transductive_and_that_is_said(raw, tmp_path):
    lines = []
    manifest = made(raw, tmp_path / "out", lines, style_photos=None)
    assert {arm: manifest.transductive(arm) for arm in manifest.arms} == {"crop": False, "i2i": True, "real": False}
    assert [line for line in lines if "transductive" in line and "style_photos=" in line]


@pytest.mark.parametrize("scored", ["p0.jpg", "e0.jpg"], ids=["with an animal", "empty"])
def test_a_scored_photograph_among_the_others_is_found_by_its_content(scored, raw, tmp_path):
    shutil.copytree(raw / "style", tmp_path / "style")
    shutil.copy(raw / "photos" / scored, tmp_path / "style" / "b" / "innocent.jpg")
    lines = []
    manifest = made(raw, tmp_path / "out", lines, style_photos=str(tmp_path / "style"))
    assert manifest.parameters["arms"]["i2i"]["style_photos"]["split"] == "folder"
    assert manifest.transductive("i2i")
    assert any("are test photographs" in line for line in lines)


def test_older_manifests_tell_it_by_the_photographs_that_served():
    told = {"i2i": {"style_photos": {"split": "test", "count": 3, "digest": ""}}, "crop": {"code": "crop"}}
    old = Manifest(parameters={"arms": told})
    assert [old.transductive(arm) for arm in ("i2i", "crop", "absent")] == [True, False, False]
    assert not Manifest().transductive("i2i")


def test_bad_pictures_are_counted_listed_and_left_out(raw, tmp_path):
    manifest = made(raw, tmp_path / "out")
    with (tmp_path / "out" / "skipped.csv").open(newline="") as file:
        assert [(row["kind"], row["name"]) for row in csv.DictReader(file)] == [("style photograph", "b/broken.jpg")]
    assert manifest.parameters["selection"]["style photograph"] == {"selected": 5}
    with pytest.raises(UsageError, match=r"kind style photograph: 1 of 6 are bad \(b/broken\.jpg.*max_bad="):
        made(raw, tmp_path / "other", max_bad=0.01)


def test_other_looks_are_not_mixed_with_what_was_finished(raw, tmp_path):
    shutil.copytree(raw / "style", tmp_path / "style")
    fields = {"style_photos": str(tmp_path / "style"), "translator": "fda", "images_per_shard": 10}

    def stop_before_the_end(line):
        if line.startswith("synthetic"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare(config(raw, tmp_path / "out", max_bad=0.2, **fields), stop_before_the_end)
    save(tmp_path / "style" / "a" / "x.jpg", picture(np.random.default_rng(9), (40, 30), level=150))
    assert made(raw, tmp_path / "out", **fields) == made(raw, tmp_path / "fresh", **fields)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"style_photos": "/nowhere"}, "style_photos=/nowhere: there is no such folder"),
        ({"style_photos": "."}, "no picture in it"),
    ],
)
def test_a_folder_without_pictures_is_one_line(raw, tmp_path, monkeypatch, fields, message):
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    with pytest.raises(UsageError, match=message):
        made(raw, tmp_path / "out", **fields)
    assert not (tmp_path / "out").exists()
