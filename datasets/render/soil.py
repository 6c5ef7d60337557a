"""The ground's look: two covers in patches, and a third one along the bed of a stream or a track."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import mitsuba as mi
import numpy as np

from datasets.render.mesh import Plugin
from datasets.render.noise import Array, blend, generator, linear, spectral
from datasets.render.terrain import Bed

SIZE = 512  # px, a side of a cover's texture
BED_METRES, BED_SIZE = 90.0, 600  # a side of the square round the origin in which a bed is drawn, and its pixels
_ROUGHNESS = (1.7, 0.9, 0.55, 1.05)  # of patches, tone, grain, pebbles


@lru_cache(maxsize=1)
def _fields() -> list[list[Array]]:
    """Random fields, three of each roughness. Every place shifts and turns them: new ones are slow."""
    return [[spectral(generator(0, "soil", k, n), SIZE, rough) for n in range(3)] for k, rough in enumerate(_ROUGHNESS)]


def _field(rng: np.random.Generator, kind: int) -> Array:
    field = _fields()[kind][int(rng.integers(3))]
    field = np.roll(field, tuple(rng.integers(SIZE, size=2)), (0, 1))
    return np.rot90(field.T if rng.random() < 0.5 else field, int(rng.integers(4)))


def cover_texture(rng: np.random.Generator, colours: Array) -> Array:
    """A tileable sRGB picture (SIZE,SIZE,3) of one cover: patches, grain and pebbles."""
    tone = 0.12 * _field(rng, 0) + 0.50 * _field(rng, 1) + 0.38 * _field(rng, 2)  # large patches would show repeats
    picture = blend(colours, np.clip((tone - 0.5) * 1.6 + 0.5, 0, 1))
    picture *= (1 + float(rng.uniform(0.2, 0.5)) * (_field(rng, 2) - 0.5))[..., None]
    stones = np.clip((_field(rng, 3) - float(rng.uniform(0.93, 0.985))) * 40, 0, 1)[..., None]
    picture += stones * float(rng.choice([-0.12, 0.10]))
    return np.clip(picture, 0.02, 0.97)


def _bitmap(values: Array, metres: float, degrees: float = 0.0, shift: float = 0.0, wrap: str = "repeat") -> Plugin:
    """A texture of linear values (h,w,c), `metres` wide, turned so that its repeats do not line up with others'."""
    scale = mi.ScalarTransform4f().translate([shift, shift, 0]).rotate([0, 0, 1], degrees)
    data = mi.Bitmap(np.ascontiguousarray(values, np.float32))
    where = scale.scale([1 / metres, 1 / metres, 1])
    return {"type": "bitmap", "bitmap": data, "raw": True, "to_uv": where, "wrap_mode": wrap}


def _cover(rng: np.random.Generator, colours: Array, metres: float) -> dict[str, Any]:
    texture = linear(cover_texture(rng, colours))
    return {"type": "diffuse", "reflectance": _bitmap(texture, metres, float(rng.uniform(10, 80)))}


def bed_weight(bed: Bed, ruts: bool, rng: np.random.Generator) -> Array:
    """How much (BED_SIZE,BED_SIZE) of the ground round the origin is the bed's bottom, in [0, 1]; rows run along y."""
    metres = (np.arange(BED_SIZE) + 0.5) / BED_SIZE * BED_METRES - BED_METRES / 2
    x, y = np.meshgrid(metres, metres)
    away = np.abs(bed.away(np.stack([x.ravel(), y.ravel()], 1))).reshape(x.shape)
    ragged = away + 0.35 * bed.reach * (np.kron(_field(rng, 1), np.ones((2, 2)))[:BED_SIZE, :BED_SIZE] - 0.5)
    if ruts and rng.random() < 0.6:
        bare: Array = np.exp(-(((ragged - 0.72) / 0.36) ** 4)) * 0.95
    else:
        bare = np.clip((bed.reach - ragged) / (0.3 * bed.reach) + 0.5, 0, 1)
    return bare


def ground(rng: np.random.Generator, covers: tuple[Array, Array], bed: tuple[Bed, bool, Array] | None) -> Plugin:
    """The ground's material.

    Args:
        covers: sRGB ramps (k,3) of the two covers.
        bed: a bed, whether only ruts of it are bare, and the ramp of its bottom.
    """
    sharp, share = float(rng.uniform(1.2, 3.5)), float(rng.uniform(0.25, 0.75))
    weight = np.clip((_field(rng, 0)[::2, ::2] - share) * sharp + 0.5, 0, 1)[..., None]
    first, second = (_cover(rng, colours, metres) for colours, metres in zip(covers, (2.7, 3.9), strict=True))
    patches = _bitmap(weight, float(rng.uniform(30, 110)), float(rng.uniform(10, 80)))
    mix: dict[str, Any] = {"type": "blendbsdf", "weight": patches, "a": first, "b": second}
    if bed is not None:
        where, ruts, bottom = bed
        # The library's rows run upwards, ours along y.
        bare = _bitmap(bed_weight(where, ruts, rng)[::-1, :, None], BED_METRES, shift=0.5, wrap="clamp")
        mix = {"type": "blendbsdf", "weight": bare, "a": mix, "b": _cover(rng, bottom, 2.3)}
    return mi.load_dict(mix)  # seen from above alone


def water(level: float, tint: Array) -> Plugin:
    """A still sheet of water at a height: dark, with the sky in it."""
    surface = {"type": "twosided", "mix": {
        "type": "blendbsdf", "weight": 0.45,
        "a": {"type": "diffuse", "reflectance": {"type": "rgb", "value": linear(tint).tolist()}},
        "b": {"type": "conductor", "material": "none",
              "specular_reflectance": {"type": "rgb", "value": [0.75, 0.8, 0.8]}},
    }}  # fmt: skip
    where = mi.ScalarTransform4f().translate([0, 0, level]).scale([140, 140, 1])
    return mi.load_dict({"type": "rectangle", "to_world": where, "bsdf": surface})
