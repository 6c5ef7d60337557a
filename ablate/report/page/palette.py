"""Colours that the colour-blind can tell apart: Okabe and Ito's for categories, cividis for amounts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

# Without jitter light, with jitter dark, of one hue each.
_OF_SETTING = {
    "full": "#009e73",
    "crop": "#56b4e9",
    "i2i": "#e69f00",
    "crop + jitter": "#0072b2",
    "i2i + jitter": "#d55e00",
}
_OTHERS = ("#cc79a7", "#b8a800", "#7f5fc4", "#5a7d2b", "#a0522d")
_DASHES: tuple[list[int], ...] = ([], [6, 3], [2, 2], [8, 3, 2, 3])

# Every eighth of cividis (Nunez, Anderton, Renslow 2018).
_CIVIDIS = np.array([*bytes.fromhex("00204c00306f39486b575d6d7071738a8678a79c73c9b664ffe945")]).reshape(-1, 3)


def of_settings(settings: Sequence[str]) -> dict[str, str]:
    """A colour for each setting; the paper's always have the same."""
    others = [setting for setting in settings if setting not in _OF_SETTING]
    fresh = {setting: _OTHERS[number % len(_OTHERS)] for number, setting in enumerate(others)}
    return {setting: (_OF_SETTING | fresh)[setting] for setting in settings}


def dashes_of(settings: Sequence[str]) -> list[list[int]]:
    """A dash pattern for each setting: with the colour, a second way to tell lines apart."""
    return [_DASHES[number % len(_DASHES)] for number in range(len(settings))]


def heat(share: float) -> tuple[str, str]:
    """Background and text colour of an amount in [0, 1]."""
    at = min(max(share, 0.0), 1.0) * (len(_CIVIDIS) - 1)
    low = min(int(at), len(_CIVIDIS) - 2)
    red, green, blue = _CIVIDIS[low] + (at - low) * (_CIVIDIS[low + 1] - _CIVIDIS[low])
    bright = 0.299 * red + 0.587 * green + 0.114 * blue > 118
    return f"rgb({red:.0f},{green:.0f},{blue:.0f})", "#000" if bright else "#fff"
