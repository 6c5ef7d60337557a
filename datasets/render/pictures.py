"""Synthetic pictures by number: picture k of a request is the same bytes, whatever else is rendered, where and when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

PER_PLACE = 8  # pictures that share one place: its ground, plants and things


@dataclass(frozen=True)
class Request:
    """All that a picture follows from beside its number.

    Attributes:
        size: width and height, px.
        samples: rays per pixel.
        distractors: whether things of an animal's size and colour lie about.
        extras: also make amodal masks and depth.
    """

    seed: int
    biomes: tuple[str, ...]
    species: tuple[str, ...]
    size: tuple[int, int]
    samples: int
    distractors: bool = True
    extras: tuple[str, ...] = ()  # of amodal, depth


@dataclass(frozen=True)
class Rendered:
    """One picture.

    Attributes:
        name: its file's name without suffix, such as `forest_00012_3`: biome, place, picture of that place.
        image: JPEG bytes; mask: PNG bytes, 8 bits, an animal's species id where it is visible, else 0.
        extras: by name: `amodal`, PNG as the mask but of whole animals; `depth`, 16-bit PNG, centimetres, 0 is sky.
        row: the scene's parameters, a row of `scenes.parquet`.
    """

    name: str
    image: bytes
    mask: bytes
    extras: dict[str, bytes]
    row: dict[str, Any]


def name_of(request: Request, number: int) -> str:
    """The name of picture `number` (from 0); places take the biomes in turn."""
    place, shot = divmod(number, PER_PLACE)
    return f"{request.biomes[place % len(request.biomes)]}_{place:05d}_{shot}"


def render(request: Request, number: int) -> Rendered:
    """Picture `number`; the pictures of one place are best asked for one after the other, by one process."""
    raise NotImplementedError
