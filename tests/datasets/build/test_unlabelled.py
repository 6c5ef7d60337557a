"""The photographs of `adapt_photos=`: what of them is written, who may use it, and that all else stays as it is."""

import csv
import hashlib
import shutil

import numpy as np
import pytest

from ablate.data import arrays, root, shards
from ablate.data.manifest import ADAPT
from ablate.errors import UsageError
from datasets import compare, inspect
from datasets.inspect import InspectConfig
from datasets.prepare import prepare
from datasets.raw.images import decode
from tests.datasets import raw_inputs
from tests.datasets.raw_inputs import config, picture, save
from tests.datasets.test_prepare import assert_same

NAMES = ["a/deep/y.png", "a/night.jpg", "a/x.jpg", "b/w.jpg", "loose.jpg"]


@pytest.fixture(scope="module")
def raw(tmp_path_factory):
    """Raw inputs with five photographs without labels, one of them dark and grey."""
    path = raw_inputs.folder(tmp_path_factory.mktemp("raw"))
    rng = np.random.default_rng(3)
    for name in NAMES:
        pixels = picture(rng, (40, 30), level=90)
        save(path / "more" / name, pixels if "night" not in name else np.stack([pixels[..., 0] // 8] * 3, axis=-1))
    (path / "more" / "readme.txt").write_text("no picture, and no bad one")
    return path


def made(raw, to, lines=None, **fields):
    given = {"arms": ("full", "crop", "i2i"), "adapt_photos": str(raw / "more")} | fields
    return prepare(config(raw, to, **given), (lines if lines is not None else []).append)


@pytest.fixture(scope="module")
def prepared(raw):
    return made(raw, raw / "prepared")


def test_every_sound_picture_is_written_with_what_is_known_of_it(raw, prepared):
    shards.verify(raw / "prepared", prepared, [ADAPT])
    samples = list(shards.read(raw / "prepared", prepared, ADAPT, "train"))
    assert [sample.meta for sample in samples] == [
        {"image_id": name, "location": name.partition("/")[0] if "/" in name else "", "width": 40, "height": 30}
        for name in NAMES
    ]
    assert all(sample.mask_png is None for sample in samples)
    assert samples[2].jpg == (raw / "more" / "a" / "x.jpg").read_bytes()
    assert decode(samples[0].jpg).form == "JPEG"
    assert len(arrays.load(root.at(str(raw / "prepared")), ADAPT, "train", 16)) == len(NAMES)


def test_the_manifest_tells_which_they_were(raw, prepared):
    digest = hashlib.sha256()
    for name in NAMES:
        digest.update(hashlib.sha256((raw / "more" / name).read_bytes()).digest())
    told = {"adapt_photos": {"count": 5, "digest": digest.hexdigest()}, "transductive": False}
    assert prepared.parameters["arms"][ADAPT] == told
    assert prepared.adapt().counts == {"train": 5}
    assert not prepared.transductive(ADAPT)
    assert prepared.parameters["selection"]["unlabelled photograph"] == {"selected": 5}
    assert str(raw) not in str(prepared.parameters)


@pytest.mark.parametrize("scored", ["p0.jpg", "e0.jpg"], ids=["with an animal", "empty"])
def test_a_scored_photograph_among_them_makes_them_transductive(scored, raw, tmp_path):
    shutil.copytree(raw / "more", tmp_path / "more")
    shutil.copy(raw / "photos" / scored, tmp_path / "more" / "b" / "innocent.jpg")
    lines = []
    manifest = made(raw, tmp_path / "out", lines, arms=("crop",), adapt_photos=str(tmp_path / "more"))
    assert manifest.transductive(ADAPT)
    told = f"adapt: transductive: some pictures in adapt_photos={tmp_path}/more are test photographs"
    assert [line for line in lines if "transductive" in line] == [told]


def test_the_other_arms_do_not_depend_on_them(raw, prepared, tmp_path):
    plain = made(raw, tmp_path / "out", adapt_photos=None)
    assert ADAPT not in plain.arms
    assert ADAPT not in plain.parameters["arms"]
    digests = {name: arm.digest for name, arm in prepared.arms.items() if name != ADAPT}
    assert digests == {name: arm.digest for name, arm in plain.arms.items()}


def test_their_bytes_do_not_depend_on_workers_nor_their_digest_on_shards(raw, prepared, tmp_path):
    made(raw, tmp_path / "out", workers=2)
    assert_same(tmp_path / "out", raw / "prepared")
    spread = made(raw, tmp_path / "spread", images_per_shard=2)
    assert [shard.samples for shard in spread.adapt().shards] == [2, 2, 1]
    assert spread.adapt().digest == prepared.adapt().digest


def test_what_is_finished_is_not_done_again_and_a_changed_picture_is(raw, tmp_path):
    shutil.copytree(raw / "more", tmp_path / "more")
    fields = {"arms": ("full",), "images_per_shard": 2, "adapt_photos": str(tmp_path / "more")}

    def stop(line):
        if line.startswith("synthetic"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare(config(raw, tmp_path / "out", **fields), stop)
    save(tmp_path / "more" / "b" / "w.jpg", picture(np.random.default_rng(9), (40, 30)))
    lines = []
    manifest = made(raw, tmp_path / "out", lines, **fields)
    assert "unlabelled photograph: resuming, 2 of 3 chunks were already finished" in lines
    assert manifest == made(raw, tmp_path / "fresh", **fields)


def test_bad_pictures_are_counted_listed_and_left_out(raw, tmp_path):
    shutil.copytree(raw / "more", tmp_path / "more")
    (tmp_path / "more" / "b" / "broken.jpg").write_bytes(b"no picture")
    (tmp_path / "more" / "gone.jpg").symlink_to("/nowhere.jpg")
    fields = {"arms": ("full",), "adapt_photos": str(tmp_path / "more")}
    with pytest.raises(UsageError, match=r"kind unlabelled photograph: 2 of 7 are bad \(b/broken\.jpg.*max_bad="):
        made(raw, tmp_path / "out", **fields)
    manifest = made(raw, tmp_path / "out", max_bad=0.5, **fields)
    with (tmp_path / "out" / "skipped.csv").open(newline="") as file:
        listed = [(row["kind"], row["name"]) for row in csv.DictReader(file)]
    assert listed == [("unlabelled photograph", "b/broken.jpg"), ("unlabelled photograph", "gone.jpg")]
    assert manifest.adapt().counts == {"train": 5}


@pytest.mark.parametrize(
    ("place", "message"),
    [("/nowhere", "adapt_photos=/nowhere: there is no such folder"), ("synthetic/none", "adapt_photos=.*: no picture")],
)
def test_a_folder_without_pictures_is_one_line(raw, tmp_path, place, message):
    (raw / "synthetic" / "none").mkdir(exist_ok=True)
    with pytest.raises(UsageError, match=message):
        made(raw, tmp_path / "out", adapt_photos=str(raw / place))
    assert not (tmp_path / "out").exists()


def test_its_name_is_taken(raw, tmp_path):
    (tmp_path / "adapt.py").write_text("def samples(source, config, fitted):\n    yield\n")
    with pytest.raises(UsageError, match="the name adapt is taken by adapt_photos=DIR"):
        made(raw, tmp_path / "out", arms=(str(tmp_path / "adapt.py"),), adapt_photos=None)


def test_nobody_trains_on_them_nor_compares_them(raw, prepared):
    assert prepared.training_arms() == ["crop", "full", "i2i"]
    with pytest.raises(UsageError, match=r"trial\.arm=adapt: unlabelled .* no masks .*allowed: crop, full, i2i"):
        prepared.training_arm(ADAPT)
    assert set(compare.translated(root.at(str(raw / "prepared")))) == {"i2i"}


def test_inspection_counts_and_draws_them(raw, prepared, tmp_path, capsys):
    assert inspect.main(InspectConfig(data=str(raw / "prepared"), to=str(tmp_path / "sheets"))) == 0
    printed = capsys.readouterr().out
    assert any(line.split()[:4] == ["adapt", "train", "5", "1"] for line in printed.splitlines())
    assert "Possible problems (1):\n- no location has 30 test photographs" in printed
    assert (tmp_path / "sheets" / "adapt.jpg").is_file()
    assert any(line.split() == ["all", "6", "6", "0", "3"] for line in printed.splitlines())
