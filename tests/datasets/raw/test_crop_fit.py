"""Windows that reach beyond their images, or are all of them."""

import json
import re
import shutil

import numpy as np
import pytest

from ablate.data.manifest import MANIFEST
from datasets import inspect
from datasets.inspect import InspectConfig
from datasets.options import Crop
from datasets.prepare import prepare
from datasets.raw import crop_fit
from tests.datasets.raw_inputs import config, folder


@pytest.fixture(scope="module")
def raw(tmp_path_factory):
    """Raw files that nobody changes; their images are of 96x72 px."""
    return folder(tmp_path_factory.mktemp("windows") / "raw")


def prepared(raw, to, size, **fields):
    lines = []
    manifest = prepare(
        config(raw, to, arms=("full", "crop"), crop=Crop(size=size, min_side=20), **fields), lines.append
    )
    return manifest, [line for line in lines if "windows" in line]


def inspected(capsys, data, to):
    assert inspect.main(InspectConfig(data=str(data), to=str(to), samples=1)) == 0
    return " ".join(capsys.readouterr().out.split())


def test_windows_larger_than_images_are_told_with_what_to_type(raw, tmp_path, capsys):
    manifest, lines = prepared(raw, tmp_path / "out", size=80)
    total = sum(manifest.arm("crop").counts.values())
    assert lines == [
        f"{total} of {total} windows reach beyond their image and are padded with black (crop.size=80, the smallest "
        "image is 96x72); none is with crop.size=72 crop.min_side=18 trial_defaults.image_size=72"
    ]
    assert lines[0] in inspected(capsys, tmp_path / "out", tmp_path / "sheets")


def test_what_is_typed_pads_none(raw, tmp_path, capsys):
    _, lines = prepared(raw, tmp_path / "out", size=72, trial_defaults={"image_size": 72})
    assert lines == []
    assert "padded with black" not in inspected(capsys, tmp_path / "out", tmp_path / "sheets")


def test_a_remark_in_the_manifest_is_not_said_again(raw, tmp_path, capsys):
    _, lines = prepared(raw, tmp_path / "out", size=80)
    path = tmp_path / "out" / MANIFEST
    known = json.loads(path.read_text())
    known["parameters"]["remarks"] = lines
    path.write_text(json.dumps(known))
    assert inspected(capsys, tmp_path / "out", tmp_path / "sheets").count("padded with black") <= 1


SIZES = {
    "some padded": (
        {(640, 480): 5, (320, 240): 2},
        480,
        "2 of 7 windows reach .* 320x240.*crop.size=240 crop.min_side=50",
    ),
    "their whole image": ({(480, 480): 3}, 480, "3 of 3 windows are their whole image, .* type crop.size=240"),
    "one smaller side": ({(1920, 100): 1}, 480, "1 of 1 windows reach .*crop.size=100 crop.min_side=21"),
    "next to nothing": ({(7, 7): 1, (99, 99): 1}, 48, "leave out images whose shorter side is less than 8 px"),
    "fitting": ({(640, 480): 5}, 480, None),
    "no windows": ({}, 480, None),
}


@pytest.mark.parametrize("kind", SIZES)
def test_what_is_said_follows_from_the_images_sizes(kind):
    sizes, size, message = SIZES[kind]
    said = list(crop_fit.remarks(sizes, Crop(size=size), {"image_size": 64}))
    assert len(said) == (message is not None)
    assert all("image_size" not in line for line in said)  # 64 px is no larger than any of them
    assert message is None or re.search(message, said[0])


def test_a_repeated_command_says_the_same(raw, tmp_path):
    """Also of chunks that were finished before."""
    copy = shutil.copytree(raw, tmp_path / "raw")
    first = prepared(copy, tmp_path / "out", size=80)[1]
    assert prepared(copy, tmp_path / "out", size=80)[1] == first


def test_animals_that_are_all_too_short_for_a_window_are_remarked_with_a_value():
    boxes = [np.array([[0, 0, 28, 24], [5, 5, 15, 35]]), np.zeros((0, 4))]
    (told,) = crop_fit.too_short(boxes, Crop(size=480, min_side=100))
    assert "none of 2 animals looked at is as long as crop.min_side=100 px" in told
    assert told.endswith("the longest is 30 px: type crop.min_side=28 for windows round all of them")
    assert not [*crop_fit.too_short(boxes, Crop(size=480, min_side=30))]
