"""Which images are trained on: by name, by number, and what is refused."""

import itertools

import numpy as np
import pytest

from ablate.config import trial_config
from ablate.data import arrays, root, training_sources
from ablate.data.manifest import Manifest, write_manifest
from ablate.errors import UsageError
from tests import tiny_data

BIOMES = ("arid", "forest", "oak")
PER_BIOME = 8


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Eight images of each biome for training: whole, and two crops of each."""
    folder, rng = tmp_path_factory.mktemp("biomes"), np.random.default_rng(0)
    names = [f"{biome}_{number:05d}_0" for biome in BIOMES for number in range(PER_BIOME)]
    arms = {}
    for arm, keys in (("full", ("",)), ("crop", ("-00", "-01"))):
        samples = []
        for name, key in itertools.product(names, keys):
            sample = tiny_data.training_sample(rng, f"{name}{key}")
            sample.meta["source"] = name
            samples.append(sample)
        arms[arm] = tiny_data.write_arm(folder, arm, {"train": samples, "val": samples[:4]})
    write_manifest(folder, Manifest(arms=arms))
    return root.at(str(folder))


def sources(data, arm="crop", **fields):
    """The source images that a configuration trains on, one for each picture."""
    config = trial_config({"arm": arm}, fields)
    chosen = training_sources.chosen(arrays.load(data, arm, "train", 16), config)
    assert len(chosen.image_n3hw) == len(chosen.mask_n1hk) == len(chosen)
    return [meta["source"] for meta in chosen.part(config.train_fraction).meta_n]


def test_names_are_matched_at_their_beginning_and_samples_follow_their_source(data):
    assert len(sources(data)) == 2 * 3 * PER_BIOME
    two = sources(data, train_names="forest|oak")
    assert {name.split("_")[0] for name in two} == {"forest", "oak"}
    assert len(two) == 2 * 2 * PER_BIOME
    assert {*sources(data, arm="full", train_names="forest|oak")} == {*two}
    assert len(sources(data, arm="crop+full", train_names="forest")) == 3 * PER_BIOME
    assert {name.split("_")[0] for name in sources(data, train_names="(?!arid)")} == {"forest", "oak"}
    assert [*dict.fromkeys(sources(data, train_names=".*_00003"))] == [f"{biome}_00003_0" for biome in BIOMES]


def test_numbers_are_of_source_images_exact_nested_and_alike_in_all_arms(data):
    parts = [{*sources(data, train_images=number)} for number in (1, 5, 7, 23, 24)]
    assert [len(part) for part in parts] == [1, 5, 7, 23, 24]
    assert all(small < large for small, large in itertools.pairwise(parts))
    assert {*sources(data, arm="full", train_images=7)} == parts[2]
    assert {*sources(data, train_fraction=0.5)} == {*sources(data, train_images=12)}


def test_shares_and_numbers_are_of_what_has_the_names(data):
    few = {*sources(data, train_names="forest|arid", train_images=3)}
    assert len(few) == 3
    assert few < {*sources(data, train_names="forest|arid", train_images=8)}
    assert {name.split("_")[0] for name in sources(data, train_names="oak", train_fraction=0.5)} == {"oak"}
    assert len({*sources(data, train_names="oak", train_fraction=0.5)}) == PER_BIOME // 2


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        (
            {"train_names": "orest"},
            r"train_names=orest: none of the 24 source images of the arm crop .* arid_00000_0,",
        ),
        ({"train_names": "oak|snow"}, r"train_names=oak\|snow: none of the 24 .* has a name that begins with snow;"),
        (
            {"train_images": 25},
            r"train_images=25: the arm crop has 24 source images for training; give at most 24, or .*!=25",
        ),
        (
            {"train_names": "oak", "train_images": 9},
            r"has 8 source images for training with trial.train_names=oak; give at most 8",
        ),
    ],
)
def test_what_the_data_has_not_is_refused_where_it_is_planned_and_where_it_is_trained(data, fields, said):
    with pytest.raises(UsageError, match=said):
        sources(data, **fields)
    with pytest.raises(UsageError, match=said):
        training_sources.require(data, [trial_config({"train_names": "oak"}), trial_config(fields)])


def test_nothing_is_read_where_nothing_is_chosen(data, tmp_path):
    nowhere = root.Data(str(tmp_path / "nowhere"), data.manifest, data.digest)
    training_sources.require(nowhere, [trial_config({"train_fraction": 0.5})])
    with pytest.raises(FileNotFoundError):
        training_sources.require(nowhere, [trial_config({"train_images": 1})])


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"train_names": "("}, r"trial.train_names=\(: not a regular expression: missing \)"),
        ({"train_names": "forest|"}, r"trial.train_names=forest\|: it matches every name"),
        ({"train_names": ".*"}, r"it matches every name"),
        ({"train_names": "(?!arid)|"}, r"it matches every name"),
        ({"train_images": -1}, "trial.train_images=-1"),
        (
            {"train_fraction": 0.5, "train_images": 3},
            "trial.train_images=3: it and trial.train_fraction=0.5 exclude each",
        ),
    ],
)
def test_what_cannot_be_asked_is_one_line(fields, said):
    with pytest.raises(UsageError, match=said):
        trial_config(fields)
