import pytest

from ablate.errors import UsageError
from datasets.raw import camera_traps
from datasets.raw.camera_traps import rules


@pytest.mark.parametrize(
    "name", ["empty", "blank", "Blank", "NO ANIMAL", "no_animal", "False Trigger", "ghost", "none"]
)
def test_emptiness_is_known_by_its_common_names(name):
    assert rules.is_empty(name)


@pytest.mark.parametrize(
    "name", ["unknown", "animal", "human", "vehicle", "ghost bat", "background", "?", "blank_bird"]
)
def test_other_names_are_no_emptiness(name):
    assert not rules.is_empty(name)


def test_what_the_user_names_is_what_counts():
    assert rules.empty_categories(("blank", "deer", "nothing"), ()) == {"blank", "nothing"}
    assert rules.empty_categories(("blank", "deer"), ("background",)) == {"background"}


def rule(category, *empty):
    return camera_traps.Rule((category,), None, empty=frozenset(empty))


def test_several_names_of_emptiness_agree():
    named = {"0": "blank", "1": "ghost", "2": "deer"}
    images = [{"id": name, "file_name": name} for name in ("a", "b")]
    seen = [("a", 0), ("a", 1), ("b", 0), ("b", 2)]
    found = camera_traps.parse(
        [(images, [{"image_id": image, "category_id": number} for image, number in seen], named)]
    )
    assert [rule("deer", "blank", "ghost").split(record) for record in found.records] == ["empty", "test"]


def test_an_emptiness_that_is_asked_for_as_an_animal_is_refused():
    found = camera_traps.parse([([], [], {"0": "ghost", "1": "deer"})])
    with pytest.raises(UsageError, match=r"category=ghost: says that no animal is there; .*empty_category=NAME"):
        rule("ghost", "ghost").require_known(found)
    with pytest.raises(UsageError, match=r"empty_category=gost: not in the annotations; did you mean 'ghost'"):
        rule("deer", "gost").require_known(found)
