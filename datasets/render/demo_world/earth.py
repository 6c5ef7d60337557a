"""The demo's ground: two mixed textures."""

from __future__ import annotations

from typing import Any

import mitsuba as mi
import numpy as np

from datasets.render.mesh import Plugin
from datasets.render.noise import Array, blend, linear, spectral


def ground_texture(rng: np.random.Generator, colours: Array, size: int = 512, grain: float = 0.25) -> Array:
    """A tileable sRGB picture (size,size,3) of soil, sand or short grass: patches, grain and pebbles."""
    tone = 0.6 * spectral(rng, size, 1.7) + 0.4 * spectral(rng, size, 0.9)
    picture = blend(colours, np.clip((tone - 0.5) * 1.35 + 0.5, 0, 1))
    picture *= (1 + grain * (spectral(rng, size, 0.55) - 0.5))[..., None]
    pebbles = np.clip((spectral(rng, size, 1.05) - 0.955) * 40, 0, 1)[..., None]
    picture += pebbles * rng.choice([-0.12, 0.10])
    return np.clip(picture, 0.02, 0.95)


def _bitmap(values: Array, metres: float, degrees: float) -> dict[str, Any]:
    """A texture of linear values (h,w,c) that repeats every `metres`, turned so that repeats do not line up."""
    scale = mi.ScalarTransform4f().rotate([0, 0, 1], degrees).scale([1 / metres, 1 / metres, 1])
    data = mi.Bitmap(np.ascontiguousarray(values, np.float32))
    return {"type": "bitmap", "bitmap": data, "raw": True, "to_uv": scale}


def ground_bsdf(rng: np.random.Generator, first: Array, second: Array, patch: float = 9.0) -> Plugin:
    """Two ground covers, sRGB colours (k,3) each, mixed in patches of about `patch` / 3 metres."""
    weight = np.clip((spectral(rng, 256, 2.1) - 0.5) * 2.6 + 0.45, 0, 1)[..., None]
    turns = rng.uniform(10, 80, 3)
    covers = [
        {"type": "diffuse", "reflectance": _bitmap(linear(ground_texture(rng, colours)), metres, turn)}
        for colours, metres, turn in ((first, 2.7, turns[0]), (second, 3.9, turns[1]))
    ]
    mix = {"type": "blendbsdf", "weight": _bitmap(weight, patch, turns[2]), "a": covers[0], "b": covers[1]}
    return mi.load_dict({"type": "twosided", "mix": mix})
