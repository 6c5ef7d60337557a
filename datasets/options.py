"""The options of `datasets.prepare`: a frozen model whose field descriptions are the command line's `--help`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import pydantic
from pydantic import Field
from pydantic_core import PydanticCustomError

from ablate.config import RayOptions, TrialConfig

_FROZEN = pydantic.ConfigDict(frozen=True, extra="forbid")


@dataclass(frozen=True)
class Colour:
    """A colour that marks the animal: red, green, blue, and alpha where that counts, of 8 or 16 bits a channel."""

    channels: tuple[int, ...]
    bits: int = 8


@dataclass(frozen=True)
class Marks:
    """What marks the animal in a mask: ids, or colours, or a grey value that is exceeded; none: all that is not 0.

    Attributes:
        channel: the only one that is looked at: red, green, blue or alpha; None: all.
    """

    ids: frozenset[int] = frozenset()
    colours: frozenset[Colour] = frozenset()
    threshold: float | None = None
    channel: str | None = None

    @property
    def values(self) -> bool:
        """Whether single values mark it."""
        return bool(self.ids or self.colours)


class Crop(pydantic.BaseModel):
    """Windows around the animals (the paper, section 3.2)."""

    model_config = _FROZEN

    size: Annotated[int, Field(ge=8, le=8192, description="side of the square windows, px")] = 480
    min_side: Annotated[
        int, Field(ge=1, description="smallest longer side of an animal's box that gets a window, px")
    ] = 100


class Night(pydantic.BaseModel):
    """How night pictures are recognised; levels are means over the pixels, 0 to 255."""

    model_config = _FROZEN

    synthetic_luma: Annotated[float, Field(ge=0, description="synthetic images darker than this are left out")] = 40.0
    synthetic_pattern: Annotated[
        str | None, Field(description="pattern of the names of synthetic night images, such as *_night_*")
    ] = None
    synthetic_list: Annotated[
        str | None, Field(description="file of the names of synthetic night images, one per line")
    ] = None
    photo_luma: Annotated[float, Field(ge=0, description="photographs darker than this are left out")] = 70.0
    # Infrared frames of CCT measured 0.00 to 0.05 (the banner's icon has a colour), colour frames 16 to 67.
    photo_chroma: Annotated[
        float, Field(ge=0, description="photographs less colourful than this (max - min of RGB) count as infrared")
    ] = 1.0


class PrepareConfig(pydantic.BaseModel):
    """Turns synthetic images with masks, and photographs with a COCO Camera Traps JSON, into shards."""

    model_config = _FROZEN

    synthetic: Annotated[str, Field(description="folder with a subfolder of images and one of masks of the same names")]
    photos: Annotated[str, Field(description="folder of the photographs that annotations= lists")]
    annotations: Annotated[
        tuple[str, ...],
        Field(min_length=1, description="COCO Camera Traps JSON file, or several about the same photographs"),
    ]
    to: Annotated[str, Field(description="data root to write; an existing one is replaced")]
    synthetic_images: Annotated[str, Field(description="subfolder of synthetic= that holds the images")] = "images"
    synthetic_masks: Annotated[str, Field(description="subfolder of synthetic= that holds the masks")] = "masks"
    image_prefix: Annotated[str, Field(description="prefix of the image names alone, such as rgba_")] = ""
    image_suffix: Annotated[str, Field(description="suffix of the image names alone, such as _rgb")] = ""
    mask_prefix: Annotated[str, Field(description="prefix of the mask names alone, such as seg_")] = ""
    mask_suffix: Annotated[str, Field(description="suffix of the mask names alone, such as _mask")] = ""
    mask_ids: Annotated[
        tuple[int, ...], Field(description="mask values that mark the animal; empty: all values but 0")
    ] = ()
    mask_colors: Annotated[
        tuple[str, ...],
        Field(description="mask colours that mark the animal, as #rrggbb, or #rrggbbaa with transparency"),
    ] = ()
    mask_threshold: Annotated[
        float | None,
        Field(
            ge=0, description="grey value above which a mask pixel is animal; JPEG masks need it; none: no threshold"
        ),
    ] = None
    mask_channel: Annotated[
        Literal["red", "green", "blue", "alpha"] | None, Field(description="the only channel of the masks to read")
    ] = None
    category: Annotated[
        tuple[str, ...], Field(min_length=1, description="categories of the animals to find in the photographs")
    ] = ("deer",)
    empty_category: Annotated[
        tuple[str, ...],
        Field(description="categories that mean that there is no animal; empty: those named empty, blank, ghost, ..."),
    ] = ()
    hours: Annotated[str | None, Field(description="hours of the day to keep, both included; none: all")] = "7-19"
    locations: Annotated[tuple[str, ...], Field(description="camera locations to keep; empty: all")] = ()
    exclude: Annotated[str | None, Field(description="file of image ids or file names to leave out, one per line")] = (
        None
    )
    photo_masks: Annotated[
        str | None, Field(description="folder of masks for the photographs, in the same form as the synthetic masks")
    ] = None
    empty_per_location: Annotated[
        int, Field(ge=0, description="maximum number of photographs without an animal per location")
    ] = 20
    arms: Annotated[
        tuple[str, ...],
        Field(
            min_length=1,
            description="training sets to write; the name of a translator stands for crops translated by it",
        ),
    ] = (
        "full",
        "crop",
        "i2i",
    )
    translator: Annotated[
        str,
        Field(description="translator of i2i, i2i_location and reverse: a module of datasets/translate, or a .py file"),
    ] = "reinhard"
    translator_options: Annotated[
        tuple[str, ...],
        Field(description="its parameters, as key=value,key=value; for other translators NAME.key=value"),
    ] = ()
    style_photos: Annotated[
        str | None,
        Field(description="folder of photographs that define the style, a subfolder per location; none: the test set"),
    ] = None
    adapt_photos: Annotated[
        str | None,
        Field(
            description="folder of photographs without labels, a subfolder per location, that self-training and "
            "trial.fda= may look at; none: none"
        ),
    ] = None
    reverse: Annotated[
        bool, Field(description="also write the photographs translated to the style of the crops, for scoring")
    ] = False
    crop: Annotated[Crop, Field(description="windows around the animals")] = Crop()
    night: Annotated[Night, Field(description="how night pictures are recognised")] = Night()
    trial_defaults: Annotated[
        dict[str, Any],
        Field(description="training field that suits this data", json_schema_extra={"sparse": TrialConfig.__name__}),
    ] = {}
    max_bad: Annotated[float, Field(ge=0, le=1, description="largest share of bad inputs that is accepted")] = 0.01
    val_fraction: Annotated[
        float, Field(gt=0, lt=1, description="share of the synthetic images used for validation")
    ] = 0.1
    place: Annotated[
        str | None,
        Field(
            description="regular expression whose first group, in a synthetic image's name (its path without suffix), "
            "is the place that it shows; no place is on both sides of the split; none: each image is a place of its own"
        ),
    ] = None
    seed: Annotated[
        int, Field(ge=0, description="seed of the split, of the choice of empty photographs and of the styles")
    ] = 0
    images_per_shard: Annotated[int, Field(ge=1, description="number of input images per tar file")] = 250
    workers: Annotated[
        int | None, Field(ge=1, description="number of processes, without effect on the result; none: one per core")
    ] = None
    ray: Annotated[RayOptions, Field(description="where Ray runs")] = RayOptions()

    @pydantic.model_validator(mode="after")
    def _one_way_to_mark(self) -> PrepareConfig:
        if (bool(self.mask_ids), bool(self.mask_colors), self.mask_threshold is not None).count(True) > 1:
            raise PydanticCustomError(
                "mask", "mask_ids=, mask_colors= and mask_threshold= exclude each other; give one of them"
            )
        if self.mask_colors and self.mask_channel:
            raise PydanticCustomError("mask", "mask_colors= and mask_channel= exclude each other; give mask_ids=")
        return self

    @pydantic.field_validator("mask_colors")
    @classmethod
    def _known_colors(cls, colors: tuple[str, ...]) -> tuple[str, ...]:
        for color in colors:
            _color(color)
        return colors

    @pydantic.field_validator("image_prefix", "image_suffix", "mask_prefix", "mask_suffix")
    @classmethod
    def _part_of_a_name(cls, affix: str) -> str:
        if "/" in affix or "\0" in affix:
            raise PydanticCustomError(
                "affix", "not part of a file's name; name the folder with synthetic_masks= or synthetic_images="
            )
        return affix

    @pydantic.field_validator("place")
    @classmethod
    def _finds_a_group(cls, place: str | None) -> str | None:
        if place is not None:
            require_group(place, "place", "what is the place", "^(scene[0-9]+)_")
        return place

    @property
    def marks(self) -> Marks:
        """What marks the animal in a mask."""
        colours = frozenset(map(_color, self.mask_colors))
        return Marks(frozenset(self.mask_ids), colours, self.mask_threshold, self.mask_channel)

    @property
    def marked_by(self) -> str:
        """The same, as it was typed; empty where nothing was."""
        threshold = "" if self.mask_threshold is None else f"{self.mask_threshold:g}"
        given = {
            "mask_ids": ",".join(map(str, self.mask_ids)),
            "mask_colors": ",".join(self.mask_colors),
            "mask_threshold": threshold,
            "mask_channel": self.mask_channel or "",
        }
        return " ".join(f"{key}={value}" for key, value in given.items() if value)

    @pydantic.field_validator("hours")
    @classmethod
    def _ordered(cls, hours: str | None) -> str | None:
        if hours is not None:
            _hours(hours)
        return hours

    @property
    def hour_range(self) -> range | None:
        """The clock hours whose photographs are taken; None: all."""
        return None if self.hours is None else _hours(self.hours)


def require_group(pattern: str, kind: str, what: str, example: str) -> None:
    """Raises what pydantic shows of a wrong value where an expression is none, or has no group for `what` it finds."""
    try:
        groups = re.compile(pattern).groups
    except (re.error, OverflowError, RecursionError) as error:
        about = {"said": str(error), "example": example}
        raise PydanticCustomError(kind, "not a regular expression ({said}), as {example} is", about) from error
    if not groups:
        about = {"what": what, "example": example}
        raise PydanticCustomError(kind, "it has no group; put {what} into round brackets, as in {example}", about)


def _hours(text: str) -> range:
    found = re.fullmatch(r"([0-9]{1,2})-([0-9]{1,2})", text)
    if not found or not int(found[1]) <= int(found[2]) <= 23:
        raise PydanticCustomError(
            "hours", "not two hours of a day, the earlier first, such as 7-19 (07:00 to 19:59), nor none"
        )
    return range(int(found[1]), int(found[2]) + 1)


def _color(text: str) -> Colour:
    digits = {7: 2, 9: 2, 13: 4, 17: 4}.get(len(text))  # a channel: of 8 bits, or of 16
    if digits is None or not re.fullmatch("#[0-9a-fA-F]+", text):
        raise PydanticCustomError("color", "not a colour such as #ff0000")
    return Colour(tuple(int(text[at : at + digits], 16) for at in range(1, len(text), digits)), 4 * digits)
