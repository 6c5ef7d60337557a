"""Colours of ground, wood, leaves and stone: sRGB ramps (k,3) in [0, 1] from shade to light."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np

from datasets.render.noise import Array

Palette: TypeAlias = tuple[tuple[float, float, float], ...]

# Ground
SAND: Palette = ((0.60, 0.54, 0.42), (0.72, 0.66, 0.52), (0.82, 0.77, 0.64))
OCHRE: Palette = ((0.50, 0.40, 0.27), (0.62, 0.52, 0.37), (0.73, 0.64, 0.48))
RED_EARTH: Palette = ((0.40, 0.26, 0.19), (0.53, 0.37, 0.28), (0.64, 0.48, 0.38))
GRAVEL: Palette = ((0.42, 0.41, 0.38), (0.56, 0.55, 0.51), (0.70, 0.69, 0.64))
LOAM: Palette = ((0.17, 0.13, 0.10), (0.27, 0.21, 0.16), (0.37, 0.30, 0.24))
LEAF_LITTER: Palette = ((0.20, 0.14, 0.09), (0.33, 0.24, 0.15), (0.47, 0.36, 0.24))
NEEDLES: Palette = ((0.21, 0.14, 0.09), (0.32, 0.22, 0.14), (0.43, 0.32, 0.21))
MOSS: Palette = ((0.13, 0.17, 0.06), (0.22, 0.29, 0.10), (0.33, 0.41, 0.17))
TURF: Palette = ((0.20, 0.27, 0.09), (0.31, 0.41, 0.14), (0.43, 0.52, 0.21))
DRY_TURF: Palette = ((0.42, 0.39, 0.21), (0.55, 0.51, 0.31), (0.68, 0.63, 0.43))
STUBBLE: Palette = ((0.50, 0.43, 0.26), (0.63, 0.56, 0.36), (0.75, 0.68, 0.47))
MUD: Palette = ((0.22, 0.19, 0.15), (0.33, 0.29, 0.24), (0.45, 0.41, 0.35))
SNOW: Palette = ((0.78, 0.82, 0.88), (0.90, 0.92, 0.95), (0.97, 0.97, 0.98))
SCREE: Palette = ((0.36, 0.35, 0.34), (0.50, 0.49, 0.47), (0.64, 0.63, 0.60))

# Wood and stone
BARK: Palette = ((0.18, 0.14, 0.10), (0.36, 0.29, 0.23))
GREY_BARK: Palette = ((0.27, 0.25, 0.22), (0.50, 0.47, 0.42))
PALE_BARK: Palette = ((0.42, 0.39, 0.35), (0.72, 0.69, 0.64))
WEATHERED: Palette = ((0.38, 0.35, 0.31), (0.62, 0.58, 0.52))
TIMBER: Palette = ((0.34, 0.28, 0.21), (0.55, 0.47, 0.37))
STONE: Palette = ((0.28, 0.28, 0.27), (0.56, 0.55, 0.52))
WARM_STONE: Palette = ((0.42, 0.36, 0.29), (0.70, 0.62, 0.52))
CONCRETE: Palette = ((0.50, 0.50, 0.48), (0.70, 0.70, 0.67))
COAT_LIKE: Palette = ((0.34, 0.26, 0.19), (0.55, 0.45, 0.34))  # as a deer is coloured

# Leaves and blades
LEAF: Palette = ((0.10, 0.18, 0.05), (0.25, 0.38, 0.12), (0.43, 0.56, 0.21))
SPRUCE: Palette = ((0.06, 0.11, 0.06), (0.15, 0.24, 0.12), (0.27, 0.37, 0.19))
PINE: Palette = ((0.10, 0.15, 0.08), (0.22, 0.30, 0.15), (0.37, 0.44, 0.24))
OLIVE: Palette = ((0.14, 0.17, 0.09), (0.29, 0.32, 0.18), (0.44, 0.46, 0.29))
SAGE: Palette = ((0.24, 0.26, 0.20), (0.43, 0.45, 0.36), (0.60, 0.61, 0.51))
CREOSOTE: Palette = ((0.17, 0.20, 0.08), (0.35, 0.37, 0.17), (0.53, 0.52, 0.30))
STRAW: Palette = ((0.50, 0.44, 0.27), (0.66, 0.60, 0.40), (0.79, 0.74, 0.55))
GRASS: Palette = ((0.15, 0.22, 0.07), (0.29, 0.40, 0.13), (0.45, 0.55, 0.24))
HAY_GRASS: Palette = ((0.30, 0.32, 0.14), (0.48, 0.49, 0.25), (0.65, 0.64, 0.39))
DEAD_LEAF: Palette = ((0.24, 0.16, 0.10), (0.42, 0.30, 0.19), (0.60, 0.47, 0.32))
RUSSET: Palette = ((0.33, 0.13, 0.06), (0.58, 0.26, 0.10), (0.77, 0.45, 0.17))
GOLD: Palette = ((0.42, 0.27, 0.07), (0.69, 0.50, 0.14), (0.86, 0.70, 0.28))
FROSTED: Palette = ((0.12, 0.17, 0.12), (0.55, 0.60, 0.60), (0.93, 0.95, 0.97))
REED: Palette = ((0.30, 0.33, 0.16), (0.47, 0.49, 0.27), (0.66, 0.63, 0.41))
PETAL: Palette = ((0.35, 0.42, 0.18), (0.75, 0.70, 0.40), (0.93, 0.90, 0.80))


def tinted(palette: Palette, rng: np.random.Generator, spread: float = 1.0) -> Array:
    """A palette (k,3) as one plant or one place has it: lighter or darker, yellower or bluer by a little."""
    brightness = float(np.exp(rng.normal(0, 0.10 * spread)))
    yellow = float(rng.normal(0.0, 0.045 * spread))
    gains = brightness * np.array([1 + yellow, 1 + 0.3 * yellow, 1 - 1.2 * yellow])
    colours: Array = np.clip(np.asarray(palette) * gains, 0.02, 0.97)
    return colours
