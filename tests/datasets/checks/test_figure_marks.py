"""Words for how far synthetic figures lie from those of photographs."""

import pytest

from datasets.checks.inspection import figure_marks

COAT = ((90.0, 120.0, 160.0), (80.0, 105.0, 140.0), (60.0, 85.0, 120.0))


@pytest.mark.parametrize(
    ("ours", "words"),
    [
        ((0.04, 0.24, 0.85), ("", "", "")),
        ((0.021, 0.161, 0.5), ("", "", "")),
        ((0.019, 0.159, 0.42), ("smaller", "smaller", "smaller")),
        ((0.081, 0.37, 0.85), ("larger", "larger", "")),
    ],
)
def test_areas(ours, words):
    assert figure_marks.of_area(ours, (0.04, 0.24, 0.85)) == words


@pytest.mark.parametrize(("ours", "word"), [(0.88, ""), (1.09, ""), (1.11, "wider"), (0.71, ""), (0.70, "narrower")])
def test_aspects(ours, word):
    assert figure_marks.of_aspect(ours, 0.88) == word


@pytest.mark.parametrize(("ours", "word"), [(0.59, ""), (0.45, ""), (0.43, "less often"), (0.75, "more often")])
def test_edges(ours, word):
    assert figure_marks.of_edge(ours, 0.59) == word


def moved(*shifts):
    return tuple(tuple(level + shift for level in three) for three, shift in zip(COAT, shifts, strict=True))


@pytest.mark.parametrize(
    ("ours", "words"),
    [
        (moved(0, 0, 0), ["", "", ""]),
        (moved(20, -20, 20), ["", "", ""]),
        (moved(-21, -30, -5), ["darker", "darker", ""]),
        (moved(21, 30, 5), ["brighter", "brighter", ""]),
        (moved(38, 15, 3), ["redder", "", ""]),
        (moved(-21, 0, 21), ["less red", "", "bluer"]),
        (moved(21, -21, 0), ["redder", "less green", ""]),
        (((115.0, 121.0, 135.0), *COAT[1:]), ["narrower", "", ""]),
        (((60.0, 121.0, 190.0), *COAT[1:]), ["wider", "", ""]),
        (((95.0, 125.0, 185.0), *COAT[1:]), ["redder", "", ""]),
    ],
)
def test_colours(ours, words):
    assert figure_marks.of_colours(ours, COAT) == words


@pytest.mark.parametrize(
    ("medians", "words"),
    [
        ((120, 140, 130), ["", "", ""]),
        ((141, 148, 155), ["brighter"] * 3),
        ((91, 130, 112), ["darker"] * 3),
        ((91, 140, 155), ["less red", "", "bluer"]),
    ],
)
def test_medians_outside_of_a_range(medians, words):
    ours = tuple((median - 9.0, float(median), median + 9.0) for median in medians)
    assert figure_marks.of_range(ours, ((92.0, 140.0), (131.0, 147.0), (113.0, 154.0))) == words
