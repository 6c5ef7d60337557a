"""A look for each camera."""

from collections import Counter

import numpy as np
import pytest
from scipy.stats import chisquare

from ablate.data import shards
from ablate.errors import UsageError
from datasets.arms import i2i_location
from datasets.prepare import prepare
from datasets.raw.images import decode
from tests.datasets import raw_inputs
from tests.datasets.raw_inputs import Survey, config, picture

LEVELS = {"2": 60, "10": 120, "lonely": 200}


@pytest.fixture(scope="module")
def raw(tmp_path_factory):
    """Raw inputs of three cameras whose photographs are dark, middling and bright; the last one has but one."""
    path = tmp_path_factory.mktemp("raw")
    raw_inputs.synthetic(path / "synthetic")
    survey = Survey(path)
    for index, (location, level) in enumerate([*LEVELS.items()] * 2):
        if (location, index) != ("lonely", 5):
            pixels = picture(survey.rng, raw_inputs.PHOTO_WH, level=level)
            survey.add(f"p{index}", location=location, pixels=pixels)
    survey.add_empty("e0").write()
    return path


def needs_two(path):
    """A translator like `reinhard` that asks for two photographs."""
    path.write_text("from datasets.translate.reinhard import Parameters, fit\n\nMIN_PHOTOS = 2\n")
    return str(path)


def made(raw, to, report=lambda line: None, **fields):
    given = {"arms": ("crop", "i2i_location"), "night": {"photo_luma": 0.0}} | fields
    manifest = prepare(config(raw, to, **given), report)
    samples = {
        arm: {s.key: s for split in ("train", "val") for s in shards.read(to, manifest, arm, split)}
        for arm in ("crop", "i2i_location")
    }
    return manifest, samples


def test_each_crop_takes_one_locations_look_and_tells_which(raw, tmp_path):
    manifest, samples = made(raw, tmp_path / "out")
    levels = {location: [] for location in LEVELS}
    for key, sample in samples["i2i_location"].items():
        levels[sample.meta["style_location"]].append(decode(sample.jpg).image_hw3.mean())
        assert sample.mask_png == samples["crop"][key].mask_png
        extra = {"translator": "reinhard@style=photo", "style_location": sample.meta["style_location"]}
        assert sample.meta == samples["crop"][key].meta | extra
    assert samples["i2i_location"].keys() == samples["crop"].keys()
    assert all(abs(np.mean(found) - LEVELS[location]) < 12 for location, found in levels.items())
    told = manifest.parameters["arms"]["i2i_location"]
    assert list(told["style_locations"]) == ["2", "10", "lonely"]
    assert {place: about["samples"] for place, about in told["style_locations"].items()} == {
        place: len(found) for place, found in levels.items()
    }
    assert {place: about["photos"] for place, about in told["style_locations"].items()} == {
        "2": 2,
        "10": 2,
        "lonely": 1,
    }
    assert (told["style_photos"]["count"], told["transductive"], told["left_out"]) == (5, True, {})


def test_locations_are_drawn_uniformly_by_seed_and_key():
    fitted = i2i_location.ByLocation(dict.fromkeys("abc"), {})
    drawn = Counter(fitted.location(f"s{index:05d}-00", seed=0) for index in range(3000))
    assert chisquare(list(drawn.values())).pvalue > 0.01
    others = [fitted.location(f"s{index:05d}-00", seed=1) for index in range(3000)]
    assert sum(fitted.location(f"s{index:05d}-00", 0) == other for index, other in enumerate(others)) < 1200


def test_locations_with_too_few_photographs_are_left_out_and_named(raw, tmp_path):
    lines = []
    translator = needs_two(tmp_path / "two.py")
    manifest, samples = made(raw, tmp_path / "out", lines.append, translator=translator)
    assert {sample.meta["style_location"] for sample in samples["i2i_location"].values()} == {"2", "10"}
    told = manifest.parameters["arms"]["i2i_location"]
    assert (told["left_out"], told["style_photos"]["count"]) == ({"lonely": 1}, 4)
    assert "i2i_location: left out, with fewer than 2 photographs: lonely (1)" in lines


def test_folders_of_other_photographs_are_locations(raw, tmp_path):
    for name, level in (("dark/a.jpg", 50), ("bright/deep/b.jpg", 180), ("c.jpg", 120)):
        raw_inputs.save(tmp_path / "style" / name, picture(np.random.default_rng(0), (40, 30), level=level))
    lines = []
    manifest, samples = made(raw, tmp_path / "out", lines.append, style_photos=str(tmp_path / "style"))
    assert {sample.meta["style_location"] for sample in samples["i2i_location"].values()} == {"dark", "bright"}
    assert not manifest.transductive("i2i_location")
    assert "i2i_location: left out, photographs of no known location: 1" in lines


def test_no_location_with_enough_photographs_is_one_line(raw, tmp_path):
    raw_inputs.save(tmp_path / "style" / "a" / "one.jpg", picture(np.random.default_rng(0), (40, 30)))
    fields = {"style_photos": str(tmp_path / "style"), "translator": needs_two(tmp_path / "two.py")}
    with pytest.raises(UsageError, match=r"no location has the 2 photographs that translator=.* needs \(a \(1\)\)"):
        made(raw, tmp_path / "out", **fields)
    with pytest.raises(UsageError, match="needs at least 2 photographs whose style to take, there are 1; give others"):
        made(raw, tmp_path / "out", arms=("crop", "i2i"), **fields)
