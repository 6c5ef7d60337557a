"""The options of `datasets.render`: a frozen model whose field descriptions are the command line's `--help`.

Nothing here needs the renderer's libraries.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterable
from typing import Annotated, Literal

import pydantic
from pydantic import Field
from pydantic_core import PydanticCustomError

from ablate import plugins
from ablate.config import RayOptions
from ablate.errors import suggest

BIOMES = "datasets.render.biomes"
PAPER, ALL = "paper", "all"  # what may be said instead of names: of biomes; of biomes and species
PLACE = r"(.+_\d+)_\d+"  # for `place=` of datasets.prepare: in a picture's name, its place
BOX_AREA = 0.24  # of photographed deer
_PAPERS = ("forest",)
_SMALLEST, _LARGEST = 32, 8192  # px


class RenderConfig(pydantic.BaseModel):
    """Renders pictures of animals with their masks: a folder for datasets.prepare synthetic=."""

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid", validate_default=True)

    to: Annotated[str, Field(min_length=1, description="folder to write; pictures of the same request in it are kept")]
    n: Annotated[
        int, Field(ge=1, description="number of pictures; at the other defaults each takes about a minute of a core")
    ] = 9252
    seed: Annotated[int, Field(ge=0, lt=2**63, description="seed of all that is drawn")] = 0
    biomes: Annotated[
        tuple[str, ...],
        Field(min_length=1, description="landscapes, taken in turn by the places; paper: the paper's; all: every one"),
    ] = (PAPER,)
    species: Annotated[
        tuple[str, ...], Field(min_length=1, description="animals, drawn equally often; all: every one")
    ] = ("deer",)
    size: Annotated[str, Field(description=f"width and height as WIDTHxHEIGHT, {_SMALLEST} to {_LARGEST} px each")] = (
        "1024x768"
    )
    samples: Annotated[int, Field(ge=1, description="rays per pixel; fewer are faster and noisier")] = 16
    box_area: Annotated[
        float,
        Field(gt=0, le=1, description="median share of the picture that an animal's box is asked to take"),
    ] = BOX_AREA
    distractors: Annotated[bool, Field(description="whether things of an animal's size and colour lie about")] = True
    extras: Annotated[
        tuple[Literal["amodal", "depth"], ...],
        Field(description="amodal: also write masks of whole animals; depth: also distances in cm; amodal,depth: both"),
    ] = ()
    device: Annotated[
        Literal["cpu", "gpu"], Field(description="what renders; a GPU rounds differently, and was not measured")
    ] = "cpu"
    workers: Annotated[
        int | None,
        Field(
            ge=1,
            description="processes, at most one per core, without effect on the result; none: one per core",
        ),
    ] = None
    ray: Annotated[RayOptions, Field(description="where Ray runs")] = RayOptions()

    @pydantic.field_validator("size")
    @classmethod
    def _two_sides(cls, size: str) -> str:
        _sides(size)
        return size

    @pydantic.field_validator("samples")
    @classmethod
    def _fills_a_grid(cls, samples: int) -> int:
        if samples % math.isqrt(samples):  # the sampler would take more: it divides a pixel into rows and columns
            more = next(n for n in itertools.count(samples) if n % math.isqrt(n) == 0)
            raise PydanticCustomError(
                "samples", "not a number of rows and columns of nearly equal length; type {n}", {"n": more}
            )
        return samples

    @pydantic.field_validator("biomes")
    @classmethod
    def _known_biomes(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        known = biomes()
        _require_known(given, {*known, PAPER, ALL})
        spelt_out = {PAPER: _PAPERS, ALL: known}
        return _distinct(name for word in given for name in spelt_out.get(word, (word,)))

    @pydantic.field_validator("species")
    @classmethod
    def _known_species(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        known = species()
        _require_known(given, {*known, ALL})
        return _distinct(name for word in given for name in (known if word == ALL else (word,)))

    @pydantic.field_validator("extras")
    @classmethod
    def _once(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        return _distinct(given)

    @property
    def sides(self) -> tuple[int, int]:
        """Width and height, px."""
        return _sides(self.size)


def biomes() -> tuple[str, ...]:
    """The biomes that there are, sorted."""
    return plugins.names(BIOMES)


def species() -> tuple[str, ...]:
    """The species that there are, sorted."""
    from datasets.render.fauna import SPECIES  # numpy: not before it is asked for

    return tuple(sorted(SPECIES))


def category(name: str) -> str:
    """What annotations call the animals of a species."""
    from datasets.render.fauna import SPECIES

    return SPECIES[name].category


def _sides(size: str) -> tuple[int, int]:
    found = re.fullmatch("([0-9]{1,5})x([0-9]{1,5})", size)
    if not found or not all(_SMALLEST <= int(side) <= _LARGEST for side in found.groups()):
        allowed = {"smallest": _SMALLEST, "largest": _LARGEST}
        raise PydanticCustomError(
            "size", "not a width and a height of {smallest} to {largest} px, such as 1024x768", allowed
        )
    return int(found[1]), int(found[2])


def _require_known(given: Iterable[str], known: Iterable[str]) -> None:
    choices = set(known)
    for name in given:
        if name not in choices:
            about = {"name": name, "advice": suggest(name, choices)}
            raise PydanticCustomError("name", "there is no {name}; {advice}", about)


def _distinct(given: Iterable[str]) -> tuple[str, ...]:
    """Sorted, since no picture may depend on the order in which they were typed."""
    names = sorted(given)
    for name, following in itertools.pairwise(names):
        if name == following:
            raise PydanticCustomError("twice", "{name} is named twice", {"name": name})
    return tuple(names)
