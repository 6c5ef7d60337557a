"""Camera traps of several kinds: field of view, colours, noise, and the strip that they print on their pictures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from datasets.render.camera import Banner, Sensor

Rng = np.random.Generator
REFERENCE_ROWS = 192  # blur is given in pixels of a picture of so many rows, and grows with it slowly

CASTS = {
    "none": (1.0, 1.0, 1.0),
    "cyan": (0.72, 1.02, 1.10),
    "blue": (0.88, 0.98, 1.14),
    "warm": (1.12, 1.0, 0.84),
    "green": (0.94, 1.06, 0.92),
}


@dataclass(frozen=True)
class Maker:
    """What the cameras of one maker have in common.

    Attributes:
        fov: degrees, from and to.
        casts: shares of `CASTS`.
        banner: where the strip is, and whether it is dark; share of the picture's rows that it covers.
    """

    fov: tuple[float, float]
    casts: dict[str, float]
    place: str
    dark: bool
    strip: float
    contrast: tuple[float, float]
    saturation: tuple[float, float]
    noise: tuple[float, float]
    quality: tuple[int, int]


MAKERS: dict[str, Maker] = {
    "black_top": Maker((38, 46), {"none": 0.5, "cyan": 0.4, "warm": 0.1}, "top", True, 0.042, (0.95, 1.25), (0.65, 1.0),
                       (0.006, 0.014), (78, 95)),
    "black_bottom": Maker((42, 52), {"none": 0.7, "cyan": 0.15, "warm": 0.15}, "bottom", True, 0.05, (0.92, 1.15),
                          (0.6, 0.95), (0.008, 0.02), (70, 92)),
    "white_bottom": Maker((45, 55), {"none": 0.5, "blue": 0.3, "green": 0.2}, "bottom", False, 0.045, (0.9, 1.15),
                          (0.55, 0.9), (0.01, 0.024), (60, 88)),
    "thin_top": Maker((50, 62), {"none": 0.7, "warm": 0.2, "cyan": 0.1}, "top", True, 0.032, (1.0, 1.3), (0.75, 1.1),
                      (0.004, 0.010), (85, 96)),
    "plain": Maker((40, 60), {"none": 0.6, "warm": 0.15, "blue": 0.15, "green": 0.1}, "none", True, 0.0, (0.9, 1.3),
                   (0.65, 1.1), (0.004, 0.02), (65, 95)),
}  # fmt: skip


@dataclass(frozen=True)
class Unit:
    """One camera as it hangs at a place."""

    maker: str
    fov: float
    height: float
    cast: str
    sensor: Sensor
    banner: Banner


def unit(rng: Rng, rows: int, haze: tuple[float, float]) -> Unit:
    """A camera for a place; `rows` of its pictures; `haze` is the range of the place's haze distance in metres."""
    name = str(rng.choice(list(MAKERS)))
    maker = MAKERS[name]
    casts = list(maker.casts)
    cast = str(rng.choice(casts, p=list(maker.casts.values())))
    strength = float(rng.uniform(0.4, 1.1))
    balance = 1 + (np.asarray(CASTS[cast]) - 1) * strength + rng.normal(0, 0.015, 3)
    sensor = Sensor(
        brightness=float(rng.uniform(0.44, 0.62)),
        balance=(float(balance[0]), float(balance[1]), float(balance[2])),
        contrast=float(rng.uniform(*maker.contrast)),
        saturation=float(rng.uniform(*maker.saturation)),
        noise=float(rng.uniform(*maker.noise)),
        blur=float(rng.uniform(0.25, 0.65)) * (rows / REFERENCE_ROWS) ** 0.6,
        vignette=float(rng.uniform(0.0, 0.35)),
        haze=(0.74, 0.78, 0.82),
        haze_distance=float(np.exp(rng.uniform(np.log(haze[0]), np.log(haze[1])))),
        quality=int(rng.integers(maker.quality[0], maker.quality[1] + 1)),
        headroom=float(rng.uniform(1.0, 1.8)),
    )
    banner = Banner(maker.place, max(round(maker.strip * rows), 8) if maker.strip else 0, maker.dark)
    height = float(rng.uniform(0.45, 1.1) if rng.random() < 0.85 else rng.uniform(1.1, 2.2))
    return Unit(name, float(rng.uniform(*maker.fov)), height, cast, sensor, banner)
