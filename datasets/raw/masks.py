"""Masks: files to where the animal is.

A mask marks the animal by values (ids or colours), by a grey value above which a pixel is animal, or else by all that
is not 0. A lossy mask has no values that mean anything, so that it needs the grey value; neither has one whose edges
were smoothed or that was compressed once, whatever its format is now.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from datasets.options import Colour, Marks
from datasets.raw import mask_values, pixel_values
from datasets.raw.images import BrokenPictureError, Mask
from datasets.raw.mask_values import Shares, Variety
from datasets.raw.pixel_values import PixelValues, Values

_LUMA = np.array([0.299, 0.587, 0.114])  # of ITU-R BT.601
_CHANNELS = ("red", "green", "blue", "alpha")
_GREY = 128  # what is said where a mask holds nothing that tells more
_DARK = 64  # grey values below are rather ids


NOT_ZERO = Marks()


@dataclass(frozen=True, eq=False)
class DecodedMask:
    """A decoded mask.

    Attributes:
        mask_hw: True where the animal is.
        planes_hwc: the channels that its values were looked for in.
        held_hwc: all channels that differ from pixel to pixel.
    """

    mask_hw: Mask
    planes_hwc: Values
    held_hwc: Values

    @cached_property
    def variety(self) -> Variety:
        return mask_values.variety(self.planes_hwc)

    @property
    def shares(self) -> Shares:
        """The commonest values that it holds."""
        return mask_values.shares(self.held_hwc)

    @property
    def brightest(self) -> float:
        """Its highest grey value, in its own numbers."""
        return float(_grey(self.planes_hwc).max())


def may_be_ids(brightest: float) -> bool:
    """Whether values up to this one are ids rather than grey values."""
    return 1 < brightest < _DARK and brightest.is_integer()


def half(brightest: float) -> str:
    """What `mask_threshold=` might be: half of the brightest grey value."""
    if brightest <= 0:
        return str(_GREY)
    return f"{brightest / 2:.3g}" if brightest < 2 * _GREY - 1 else str(round(brightest / 2))


def decode(data: bytes, marks: Marks = NOT_ZERO) -> Mask:
    """Decodes a mask: True where the animal is, shape (h, w).

    Raises:
        BrokenPictureError: as `read` does.
    """
    return read(data, marks).mask_hw


def read(data: bytes, marks: Marks = NOT_ZERO) -> DecodedMask:
    """Decodes a mask, and keeps what it held.

    Raises:
        BrokenPictureError: it is broken, truncated, too large or no picture, or what it marks cannot be told from its
            values: it is lossy, its edges are smoothed, or its colours say another thing than its transparency.
    """
    found = pixel_values.read(data)
    if found.lossy and marks.threshold is None:
        raise BrokenPictureError(
            f"a lossy {found.lossy} mask has no exact values; say above which grey value is animal: "
            f"mask_threshold={half(float(_grey(found.colours_hwc).max()))}, or save it as PNG where it is made"
        )
    if marks.channel is not None:
        found = PixelValues(_rgba(found.colours_hwc)[..., [_CHANNELS.index(marks.channel)]])
    values_hwc = found.colours_hwc if marks.colours else found.values_hwc
    held_hwc = _without_even_alpha(values_hwc)
    if marks.values:
        return DecodedMask(_of_values(found, marks), held_hwc, held_hwc)
    planes_hwc = _telling(found, marks)
    if marks.threshold is not None:
        return DecodedMask(_grey(planes_hwc) > marks.threshold, planes_hwc, held_hwc)
    marked = DecodedMask(np.asarray(planes_hwc.any(axis=2)), planes_hwc, held_hwc)
    if marked.variety.noisy:
        advice = f"above which grey value is animal: mask_threshold={half(marked.brightest)}"
        if held_hwc.shape[2] > planes_hwc.shape[2]:
            advice = "whether its transparency tells the animal: mask_channel=alpha"
        elif may_be_ids(marked.brightest):
            advice = "which of them are animal: mask_ids=1,2,..."
        raise BrokenPictureError(
            f"its mask has {marked.variety.values} values, most of them on edges alone (it was compressed, smoothed or "
            f"scaled once); say {advice}"
        )
    return marked


def _of_values(found: PixelValues, marks: Marks) -> Mask:
    values_hwc = found.values_hwc
    mask_hw = np.zeros(values_hwc.shape[:2], dtype=bool)
    plain_hwc = values_hwc[..., : 1 if values_hwc.shape[2] < 3 else 3]  # transparency is no id
    for one in marks.ids:
        mask_hw |= (plain_hwc == one).all(axis=2)
    if marks.colours:
        colours_hwc = _rgba(found.colours_hwc)
        for colour in marks.colours:
            mask_hw |= _is_colour(colours_hwc, colour)
    return mask_hw


def _is_colour(colours_hwc: Values, colour: Colour) -> Mask:
    """The pixels of a colour; the picture and the colour may have 8 or 16 bits a channel."""
    wide = colours_hwc.dtype.itemsize > 1
    factors = (1,) if colour.bits == (16 if wide else 8) else ((257, 256) if wide else ())
    found_hw = np.zeros(colours_hwc.shape[:2], dtype=bool)
    for factor in factors:
        wanted = [channel * factor for channel in colour.channels]
        found_hw |= (colours_hwc[..., : len(wanted)] == wanted).all(axis=2)
    return found_hw


def _telling(found: PixelValues, marks: Marks) -> Values:
    """The channels that tell where the animal is: the colours, or the transparency where all is of one colour."""
    palette = marks.threshold is not None and found.palette_n4 is not None  # an index is no brightness
    values_hwc = found.colours_hwc if palette else found.values_hwc
    if values_hwc.shape[2] in {1, 3}:
        return values_hwc
    colour_hwc, alpha_hw = values_hwc[..., :-1], values_hwc[..., -1]
    if alpha_hw.all() or not alpha_hw.any() or not colour_hwc.any():
        return colour_hwc
    if (colour_hwc == colour_hwc[0, 0]).all():
        return alpha_hw[..., None]
    if (colour_hwc.any(axis=2) & (alpha_hw == 0)).any():
        raise BrokenPictureError(
            "its mask has colours where it is transparent: which of both tells the animal? Type mask_channel=alpha for "
            "the transparency, or mask_colors= (#rrggbb, whatever the transparency)"
        )
    return colour_hwc


def _without_even_alpha(values_hwc: Values) -> Values:
    alpha_hw = values_hwc[..., -1]
    even = values_hwc.shape[2] in {2, 4} and (alpha_hw == alpha_hw[0, 0]).all()
    return values_hwc[..., :-1] if even else values_hwc


def _grey(planes_hwc: Values) -> Values:
    """Brightness in the picture's own numbers."""
    if planes_hwc.shape[2] < 3:
        return planes_hwc[..., 0]
    red_hw = planes_hwc[..., 0]
    if all((planes_hwc[..., channel] == red_hw).all() for channel in (1, 2)):
        return red_hw
    grey_hw: Values = planes_hwc[..., :3] @ _LUMA
    return grey_hw


def _rgba(colours_hwc: Values) -> Values:
    """Red, green, blue and alpha, of a picture of any number of channels; opaque where it has no alpha."""
    channels = colours_hwc.shape[2]
    if colours_hwc.dtype.kind == "f":
        raise BrokenPictureError("its values are fractions, not colours; say above which is animal: mask_threshold=0.5")
    if colours_hwc.dtype not in (np.uint8, np.uint16):
        raise BrokenPictureError(
            f"its values have {8 * colours_hwc.dtype.itemsize} bits, which are no colours; say which are animal: "
            "mask_ids= or mask_threshold="
        )
    opaque_hw1 = np.full_like(colours_hwc[..., :1], np.iinfo(colours_hwc.dtype).max)
    colour_hw3 = colours_hwc[..., :3] if channels >= 3 else np.repeat(colours_hwc[..., :1], 3, axis=2)
    alpha_hw1 = colours_hwc[..., -1:] if channels in {2, 4} else opaque_hw1
    return np.concatenate([colour_hw3, alpha_hw1], axis=2)
