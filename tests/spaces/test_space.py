"""The algebra of spaces: by property where it has one, by example where a person reads it."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ablate.config import RunConfig, trial_config
from ablate.data.manifest import read_manifest
from ablate.errors import UsageError
from ablate.identity import score_id, training_id
from ablate.runner.plan import plan
from ablate.spaces.loader import load_space
from ablate.spaces.space import Space, pairs, pinned, product, zipped
from ablate.spaces.where import parse

AXES = {
    "model": ["unet", "segnet", "unet_resnet50"],
    "augment": ["none", "jitter"],
    "seed": [0, 1, 2, 3],
    "learning_rate": [1e-4, 1e-3],
}
layers = st.fixed_dictionaries({}, optional={field: st.sampled_from(values) for field, values in AXES.items()})
spaces = st.lists(layers, max_size=8).map(lambda trials: sum((pinned(**trial) for trial in trials), Space(())))


@given(spaces, spaces, spaces)
def test_union_is_idempotent_associative_and_keeps_the_order_of_the_first(one, two, three):
    assert one + one == one
    assert (one + two) + three == one + (two + three)
    union = one + two
    assert union.trials[: len(one)] == one.trials
    assert [trial for trial in union.trials if trial in one.trials] == [*one.trials]


@given(spaces, spaces)
def test_difference_removes_exactly_what_the_other_has(one, two):
    left = one - two
    assert [*left.trials] == [trial for trial in one.trials if trial not in two.trials]
    assert left + (one - left) == (one - (one - left)) + (one - left)


@given(spaces, layers)
def test_exclude_and_only_part_a_space_in_two(space, values):
    kept, gone = space.exclude(**values), space.only(**values)
    assert len(kept) + len(gone) == len(space)
    assert all(trial.items() >= values.items() for trial in gone.trials)
    assert not any(trial.items() >= values.items() for trial in kept.trials)
    assert [trial for trial in space.trials if trial in kept.trials] == [*kept.trials]


def identity(config):
    return score_id(config, training_id(config, "arm"), "photos")


@given(st.permutations(list(AXES)), st.data())
def test_identities_are_unique_and_do_not_depend_on_the_order_of_axes(order, data):
    axes = {field: data.draw(st.lists(st.sampled_from(AXES[field]), min_size=1, unique=True)) for field in AXES}
    one, other = product(**axes), product(**{field: axes[field] for field in order})
    ids = [[identity(trial_config(trial)) for trial in space.trials] for space in (one, other)]
    assert len(set(ids[0])) == len(ids[0]) == len(one)
    assert set(ids[0]) == set(ids[1])
    assert one - other == Space(())


@given(spaces, spaces)
def test_a_product_has_every_pair_once_and_later_values_win(one, two):
    expected = [{**first, **second} for first, second in itertools.product(one.trials, two.trials)]
    assert [*(one * two).trials] == [trial for at, trial in enumerate(expected) if trial not in expected[:at]]


def test_a_space_reads_like_the_sentence_that_describes_it():
    space = (product(model=["unet", "segnet"]) * zipped(arm=["full", "crop"], augment=["none", "jitter"])).repeat(2)
    assert len(space.exclude(arm="full", seed=[1, 2])) == 6
    assert space.trials[1] == {"model": "unet", "arm": "full", "augment": "none", "seed": 1}
    with pytest.raises(ValueError, match="shorter"):
        zipped(arm=["full", "crop"], augment=["none"])


def test_the_papers_grid_has_fifteen_cells_and_no_jittered_full():
    space = load_space("paper_grid")
    assert len(space) == 15
    assert {(trial["arm"], trial["augment"]) for trial in space.trials} == {
        ("full", "none"),
        ("crop", "none"),
        ("i2i", "none"),
        ("crop", "jitter"),
        ("i2i", "jitter"),
    }
    assert {trial["model"] for trial in space.trials} == {"unet", "unet_resnet50", "segnet"}


def test_environments_compares_places_at_equal_numbers_and_numbers_of_all_places():
    trials = load_space("environments").trials
    assert len(trials) == 16
    equal = [trial["train_names"] for trial in trials if trial["train_images"] == 100]
    assert equal[:3] == ["", "forest", "forest|arid"]
    assert len({*equal}) == 12
    assert [trial["train_images"] for trial in trials if trial["train_names"] == "forest"] == [50, 100]
    assert [trial["train_images"] for trial in trials if not trial["train_names"]] == [100, 250, 500, 1000]
    assert all(trial_config(trial).freeze_encoder for trial in trials)
    large = {trial["train_images"] for trial in load_space("large_environments").trials if not trial["train_names"]}
    assert large == {600, 1000, 2000, 4000, 8000}


def test_product_varies_the_last_axis_fastest():
    space = pinned(epochs=5) * product(model=["a", "b"]) * pairs(("arm", "epochs"), [("x", 1), ("y", 2)])
    assert [(trial["model"], trial["arm"], trial["epochs"]) for trial in space.trials] == [
        ("a", "x", 1),
        ("a", "y", 2),
        ("b", "x", 1),
        ("b", "y", 2),
    ]


def test_spaces_are_joined_on_the_command_line(tmp_path):
    file = tmp_path / "a+b.py"
    file.write_text("from ablate.spaces.space import pinned\ndef space():\n    return pinned(model='segnet', seed=9)\n")
    assert len(load_space("paper_grid+smoke")) == 17
    assert len(load_space("paper_grid+paper_grid")) == 15
    assert load_space(str(file)) == pinned(model="segnet", seed=9)
    with pytest.raises(UsageError, match=r"space=smok: unknown; .*smoke"):
        load_space("paper_grid+smok")


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("model=unet arm=crop,i2i", 4),
        ("model=unet,segnet arm!=full", 8),
        ("arm=crop,i2i augment=none", 6),
        ("train_names= arm=crop", 6),  # an empty value is one
        ("seed=0 jitter_hue=0.1 arm!=full", 12),  # fields that the space does not name have their defaults
    ],
)
def test_where_keeps_the_trials_that_meet_every_condition(text, left, tiny_root):
    run = RunConfig(space="paper_grid", where=text)
    assert len(plan(run, load_space("paper_grid"), read_manifest(tiny_root))) == left


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("modl=unet", r"no field 'modl'.*model"),
        ("model", "not a condition; write field=value"),
        ("model!=", "no value; write model=value"),
        ("epochs=many", "'many'.*integer"),
        ("loss=mse", "'mse'.*'bce'"),
        (" ", "no condition"),
    ],
)
def test_a_bad_condition_is_one_line(text, says):
    with pytest.raises(UsageError, match=says):
        parse(text)


def test_where_that_leaves_nothing_is_an_error(tiny_root):
    run = RunConfig(space="paper_grid", where="epochs=7")
    with pytest.raises(UsageError, match="none of the 15 trials"):
        plan(run, load_space("paper_grid"), read_manifest(tiny_root))
