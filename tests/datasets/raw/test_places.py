"""The split by place: what a name tells, and that no place is on both sides."""

import unicodedata
from pathlib import Path

import pytest

from ablate.cli import parse
from ablate.data import shards
from ablate.errors import UsageError
from datasets.options import PrepareConfig
from datasets.prepare import prepare
from datasets.raw import places, synthetic_images
from datasets.raw.skipped import SelectionLog
from tests.datasets import raw_inputs
from tests.datasets.raw_inputs import config

PLACE = "s([0-9]{2})"  # three of them: 00 with ten images, 01 with ten, 02 with four


@pytest.fixture(scope="module")
def raw(tmp_path_factory):
    return raw_inputs.folder(tmp_path_factory.mktemp("raw"))


def divided(raw, **fields):
    """Each image's place and side, by its name."""
    pairs, _ = synthetic_images.pairs(config(raw, raw / "out", **fields), SelectionLog())
    return {pair.name: (pair.place, pair.split) for pair in pairs}


def metas(root, manifest, arm):
    return {
        (split, sample.key): sample.meta
        for split in ("train", "val")
        for sample in shards.read(root, manifest, arm, split)
    }


@pytest.mark.parametrize("seed", range(8))
def test_no_place_is_on_both_sides_and_neither_side_is_empty(raw, seed):
    sides = {}
    for name, (place, split) in divided(raw, place=PLACE, seed=seed).items():
        assert place == name[1:3]
        sides.setdefault(split, set()).add(place)
    assert sides["train"] | sides["val"] == {"00", "01", "02"}
    assert not sides["train"] & sides["val"]


def test_a_places_side_does_not_depend_on_how_many_images_show_it(raw, tmp_path):
    raw_inputs.synthetic(tmp_path / "synthetic", count=21)  # of place 02 one image
    assert divided(raw, place=PLACE).items() > divided(tmp_path, place=PLACE).items()


def test_samples_and_manifest_tell_the_place_in_every_arm(raw, tmp_path):
    lines = []
    manifest = prepare(config(raw, tmp_path / "out", place=PLACE), lines.append)
    for arm in ("full", "crop", "i2i"):
        assert {meta["place"] for meta in metas(tmp_path / "out", manifest, arm).values()} == {"00", "01", "02"}
        assert all(meta["place"] == meta["source"][1:3] for meta in metas(tmp_path / "out", manifest, arm).values())
    assert manifest.parameters["place"] == PLACE
    assert lines[-1] == f"place={PLACE}: 2 places in train, 1 in val"


def test_without_it_nothing_tells_of_places(raw, tmp_path):
    lines = []
    manifest = prepare(config(raw, tmp_path / "out", arms=("full",)), lines.append)
    assert not any("place" in meta for meta in metas(tmp_path / "out", manifest, "full").values())
    assert "place" not in manifest.parameters
    assert not any("place=" in line for line in lines)


def test_an_accent_may_be_written_in_either_way():
    composed, apart = (unicodedata.normalize(form, "Höhle") for form in ("NFC", "NFD"))
    for expression in (f"({composed}|Wald)", f"({apart}|Wald)"):
        found = places.of([f"{composed}/1", f"{apart}/2", "Wald/3"], config(Path(), Path("out"), place=expression))
        assert list(found.values()) == [composed, composed, "Wald"]


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("^t(.)", r"place=\^t\(\.\): .*no place in 24 of 24 names: s000, s001, s002, \.\.\.; .*place=none"),
        ("s(00)|s", r"place=s\(00\)\|s: .*no place in 14 of 24 names: s010, "),
        ("s(x*)", "no place in 24 of 24 names"),
        ("(s)", r"place=\(s\): all 24 images show one place, s, which cannot be divided .*place=none"),
    ],
)
def test_names_that_tell_no_places_to_divide_are_one_line(raw, place, message):
    with pytest.raises(UsageError, match=message):
        divided(raw, place=place)


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("(s", r"place=\(s: not a regular expression \(missing \), .*as \^\(scene"),
        ("x{99999999999}(s)", "not a regular expression"),
        ("s[0-9]+", r"place=s\[0-9\]\+: it has no group; put .* into round brackets"),
    ],
)
def test_an_expression_that_cannot_be_is_one_line(place, message):
    with pytest.raises(UsageError, match=message):
        parse(PrepareConfig, ["synthetic=a", "photos=b", "annotations=c", "to=d", f"place={place}"])
