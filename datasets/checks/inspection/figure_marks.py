"""One word for a figure of synthetic animals that lies too far from that of photographed ones; "" where it does not.

The tolerances are wide: sets of a few hundred photographs differ by less, whatever they show.
"""

from __future__ import annotations

from collections.abc import Sequence

from datasets.checks.inspection.animal_figures import Channels, Three

MEDIAN_AREA, TAIL_AREA = 1.5, 2.0  # factors
ASPECT = 1.25  # a factor
EDGE = 0.15  # a difference of shares
COLOUR = 20.0  # levels
_MORE = ("redder", "greener", "bluer")
_LESS = ("less red", "less green", "less blue")


def of_area(ours: Three, theirs: Three) -> tuple[str, str, str]:
    """Words for 5 %, median and 95 % of the boxes' areas."""
    words = [
        _of_ratio(one, other, factor, ("smaller", "larger"))
        for one, other, factor in zip(ours, theirs, (TAIL_AREA, MEDIAN_AREA, TAIL_AREA), strict=True)
    ]
    return words[0], words[1], words[2]


def of_aspect(ours: float, theirs: float) -> str:
    """A word for the width of boxes by their height."""
    return _of_ratio(ours, theirs, ASPECT, ("narrower", "wider"))


def of_edge(ours: float, theirs: float) -> str:
    """A word for the share of boxes that touch the frame's edge."""
    return "" if abs(ours - theirs) <= EDGE else "less often" if ours < theirs else "more often"


def of_colours(ours: Channels, theirs: Channels) -> list[str]:
    """Words for the quartiles of red, green and blue."""
    middles = [one[1] - other[1] for one, other in zip(ours, theirs, strict=True)]
    return [_of_quartiles(ours[index], theirs[index], _hue(index, middles)) for index in range(3)]


def of_range(ours: Channels, ranges: Sequence[tuple[float, float]]) -> list[str]:
    """Words for the medians of red, green and blue that lie outside of a range."""
    middles = [one[1] - (low + high) / 2 for one, (low, high) in zip(ours, ranges, strict=True)]
    words = []
    for index, (low, high) in enumerate(ranges):
        less, more = _hue(index, middles)
        words.append(less if ours[index][1] < low else more if ours[index][1] > high else "")
    return words


def _of_ratio(ours: float, theirs: float, factor: float, words: tuple[str, str]) -> str:
    if ours * factor < theirs:
        return words[0]
    return words[1] if ours > theirs * factor else ""


def _of_quartiles(ours: Three, theirs: Three, words: tuple[str, str]) -> str:
    """A direction where the median is off, or all quartiles lie on one side; else how far they lie apart."""
    apart = [one - other for one, other in zip(ours, theirs, strict=True)]
    if max(map(abs, apart)) <= COLOUR:
        return ""
    if abs(apart[1]) > COLOUR or max(apart) < 0 or min(apart) > 0:
        return words[apart[1] > 0]
    return "narrower" if ours[2] - ours[0] < theirs[2] - theirs[0] else "wider"


def _hue(index: int, middles: Sequence[float]) -> tuple[str, str]:
    """What less and more of a channel is called: dark and bright where all three differ by half as much on average."""
    own, together = middles[index], sum(middles) / len(middles)
    if own * together > 0 and 2 * abs(together) >= abs(own):
        return "darker", "brighter"
    return _LESS[index], _MORE[index]
