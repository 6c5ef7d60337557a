"""Which categories of a detector's file count."""

import pytest

from ablate.errors import UsageError
from ablate.results.detectors.categories import chosen

SPECIES = ["animal", "person", "deer", "mule deer", "unidentified animal"]


@pytest.mark.parametrize(
    ("asked", "known", "names"),
    [
        (["deer"], SPECIES, ("deer",)),
        (["Mule Deer", " deer"], SPECIES, ("deer", "mule deer")),
        (["deer", "DEER"], SPECIES, ("deer",)),
        (["bear", " black", "deer"], ["bear, black", "deer"], ("bear, black", "deer")),
        (["Deer"], ["Deer", "deer"], ("Deer",)),
    ],
)
def test_names_are_found_as_they_are_written_in_the_file(asked, known, names):
    assert chosen(asked, known, {}) == names


def test_what_is_not_there_or_could_be_two_is_said():
    message = (
        r"category=dear: not in the file; did you mean 'deer'\? it has person 3, animal 0, deer 0, mule deer 0, .*"
    )
    with pytest.raises(UsageError, match=message):
        chosen(["dear"], SPECIES, {"person": 3})
    with pytest.raises(UsageError, match=r"category=DEER: Deer or deer\?"):
        chosen(["DEER"], ["Deer", "deer"], {})


@pytest.mark.parametrize("known", [["animal", "person", "vehicle"], ["Animal"], SPECIES])
def test_animals_count_where_the_file_tells_no_species(known):
    assert chosen([], known, {"person": 5, known[0]: 7}) == (known[0],)


def test_species_must_be_chosen():
    seen = {"deer": 9, "unidentified animal": 4, "person": 2}
    message = (
        r"category=: the file tells species: deer 9, unidentified animal 4, person 2, .*; "
        r"type those that count: category=deer,'unidentified animal'"
    )
    with pytest.raises(UsageError, match=message):
        chosen([], SPECIES, seen)
    with pytest.raises(UsageError, match=r"category=animal,deer,'unidentified animal'$"):
        chosen([], SPECIES, seen | {"animal": 1})
    with pytest.raises(UsageError, match=r"the file tells species: deer 0 .*type those that count: category=deer$"):
        chosen([], ["deer"], {})
    with pytest.raises(UsageError, match=r"the file has no category 'animal': no categories"):
        chosen([], [], {})
