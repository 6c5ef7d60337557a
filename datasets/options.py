"""What `datasets.prepare` can be told: a frozen model whose field descriptions are the command line's `--help`."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

import pydantic
from pydantic import Field
from pydantic_core import PydanticCustomError

from ablate.config import RayOptions, TrialConfig
from datasets.raw.masks import Colour, Marks

_FROZEN = pydantic.ConfigDict(frozen=True, extra="forbid")


class Crop(pydantic.BaseModel):
    """Windows round the animals (the paper, section 3.2)."""

    model_config = _FROZEN

    size: Annotated[int, Field(ge=8, le=8192, description="side of the square window, px")] = 480
    min_side: Annotated[
        int, Field(ge=1, description="animals whose box's longer side is shorter get no window, px")
    ] = 100


class Night(pydantic.BaseModel):
    """How night pictures are told by their pixels; levels are means over the picture, 0 to 255."""

    model_config = _FROZEN

    synthetic_luma: Annotated[float, Field(ge=0, description="a synthetic image darker than this is left out")] = 40.0
    synthetic_pattern: Annotated[
        str | None, Field(description="synthetic images whose name matches are night, such as *_night_*")
    ] = None
    synthetic_list: Annotated[
        str | None, Field(description="file of the names of synthetic night images, one a line")
    ] = None
    photo_luma: Annotated[float, Field(ge=0, description="a photograph darker than this is left out")] = 70.0
    # Infrared frames of CCT measured 0.00 to 0.05 (the banner's icon has a colour), colour frames 16 to 67.
    photo_chroma: Annotated[
        float, Field(ge=0, description="a photograph less colourful than this (max - min of RGB) is infrared")
    ] = 1.0


class PrepareConfig(pydantic.BaseModel):
    """Turns synthetic images with masks, and photographs with a COCO Camera Traps JSON, into shards."""

    model_config = _FROZEN

    synthetic: Annotated[str, Field(description="folder of a folder of images and one of masks of the same names")]
    photos: Annotated[str, Field(description="folder of the photographs that the JSON names")]
    annotations: Annotated[
        tuple[str, ...],
        Field(min_length=1, description="COCO Camera Traps JSON, or several of the same photographs"),
    ]
    to: Annotated[str, Field(description="folder to write; a data root there is replaced")]
    synthetic_images: Annotated[str, Field(description="folder of the images below synthetic=")] = "images"
    synthetic_masks: Annotated[str, Field(description="folder of the masks below synthetic=")] = "masks"
    image_prefix: Annotated[str, Field(description="what images' names begin with and masks' do not, as rgba_")] = ""
    image_suffix: Annotated[str, Field(description="what images' names end with and masks' do not, as _rgb")] = ""
    mask_prefix: Annotated[str, Field(description="what masks' names begin with and images' do not, as seg_")] = ""
    mask_suffix: Annotated[str, Field(description="what masks' names end with and images' do not, as _mask")] = ""
    mask_ids: Annotated[
        tuple[int, ...], Field(description="pixel values of the masks that are animal; empty: all that is not 0")
    ] = ()
    mask_colors: Annotated[
        tuple[str, ...],
        Field(description="colours of the masks that are animal, as #rrggbb (#rrggbbaa: with transparency)"),
    ] = ()
    mask_threshold: Annotated[
        float | None,
        Field(ge=0, description="grey value of the masks above which is animal; JPEG masks are then taken; none: not"),
    ] = None
    mask_channel: Annotated[
        Literal["red", "green", "blue", "alpha"] | None, Field(description="the masks' only channel that counts")
    ] = None
    category: Annotated[tuple[str, ...], Field(min_length=1, description="animals to find in the photographs")] = (
        "deer",
    )
    empty_category: Annotated[
        tuple[str, ...],
        Field(description="categories that say that no animal is there; empty: those called empty, blank, ghost, ..."),
    ] = ()
    hours: Annotated[str | None, Field(description="clock hours of the photographs, both included; none: all")] = "7-19"
    locations: Annotated[tuple[str, ...], Field(description="cameras to take; empty: all")] = ()
    exclude: Annotated[str | None, Field(description="file of image ids or file names to leave out, one a line")] = None
    photo_masks: Annotated[
        str | None, Field(description="folder of masks of the photographs, named and marked like the synthetic ones")
    ] = None
    empty_per_location: Annotated[
        int, Field(ge=0, description="photographs without an animal to take from each location, at most")
    ] = 20
    arms: Annotated[
        tuple[str, ...],
        Field(min_length=1, description="training sets to write; a translator's name: the crops that it translated"),
    ] = (
        "full",
        "crop",
        "i2i",
    )
    translator: Annotated[
        str, Field(description="module of datasets/translate, or a .py file, for i2i, i2i_location and reverse")
    ] = "reinhard"
    translator_options: Annotated[
        tuple[str, ...],
        Field(description="its parameters, as key=value,key=value; another translator's as NAME.key=value"),
    ] = ()
    style_photos: Annotated[
        str | None,
        Field(description="folder of the photographs whose look is taken, by location; none: the test photographs"),
    ] = None
    reverse: Annotated[
        bool, Field(description="also write the photographs in the look of the crops, by translator=, to score on")
    ] = False
    crop: Annotated[Crop, Field(description="windows round the animals")] = Crop()
    night: Annotated[Night, Field(description="night by the pixels")] = Night()
    trial_defaults: Annotated[
        dict[str, Any],
        Field(description="training field that suits this data", json_schema_extra={"sparse": TrialConfig.__name__}),
    ] = {}
    max_bad: Annotated[float, Field(ge=0, le=1, description="share of bad inputs above which nothing is written")] = (
        0.01
    )
    val_fraction: Annotated[
        float, Field(gt=0, lt=1, description="share of the synthetic images kept for validation")
    ] = 0.1
    seed: Annotated[int, Field(ge=0, description="of the split, the choice of empty photographs and the styles")] = 0
    images_per_shard: Annotated[int, Field(ge=1, description="images whose samples share a tar file")] = 250
    workers: Annotated[
        int | None, Field(ge=1, description="processes; the result does not depend on it; none: one a core")
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
