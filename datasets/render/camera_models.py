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
class CameraModel:
    """What the cameras of one model have in common.

    Attributes:
        fov: degrees, from and to.
        casts: shares of `CASTS`.
        place, dark: where the strip is (top, bottom, none), and whether it is dark.
        strip: share of the picture's rows that it covers.
        contrast, saturation: factors, from and to.
        noise: standard deviation of a colour in [0, 1], from and to.
        quality: of the JPEG, from and to.
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


MODELS: dict[str, CameraModel] = {
    "black_top": CameraModel(
        fov=(38, 46), casts={"none": 0.5, "cyan": 0.4, "warm": 0.1}, place="top", dark=True, strip=0.042,
        contrast=(0.95, 1.25), saturation=(0.65, 1.0), noise=(0.006, 0.014), quality=(78, 95),
    ),
    "black_bottom": CameraModel(
        fov=(42, 52), casts={"none": 0.7, "cyan": 0.15, "warm": 0.15}, place="bottom", dark=True, strip=0.05,
        contrast=(0.92, 1.15), saturation=(0.6, 0.95), noise=(0.008, 0.02), quality=(70, 92),
    ),
    "white_bottom": CameraModel(
        fov=(45, 55), casts={"none": 0.5, "blue": 0.3, "green": 0.2}, place="bottom", dark=False, strip=0.045,
        contrast=(0.9, 1.15), saturation=(0.55, 0.9), noise=(0.01, 0.024), quality=(60, 88),
    ),
    "thin_top": CameraModel(
        fov=(50, 62), casts={"none": 0.7, "warm": 0.2, "cyan": 0.1}, place="top", dark=True, strip=0.032,
        contrast=(1.0, 1.3), saturation=(0.75, 1.1), noise=(0.004, 0.010), quality=(85, 96),
    ),
    "plain": CameraModel(
        fov=(40, 60), casts={"none": 0.6, "warm": 0.15, "blue": 0.15, "green": 0.1}, place="none", dark=True, strip=0.0,
        contrast=(0.9, 1.3), saturation=(0.65, 1.1), noise=(0.004, 0.02), quality=(65, 95),
    ),
}  # fmt: skip


@dataclass(frozen=True)
class HungCamera:
    """One camera, as it hangs at a place.

    Attributes:
        model: its name in `MODELS`.
        fov: degrees.
        height: metres above the ground.
        cast: its name in `CASTS`.
    """

    model: str
    fov: float
    height: float
    cast: str
    sensor: Sensor
    banner: Banner


def hung(rng: Rng, rows: int, haze: tuple[float, float]) -> HungCamera:
    """A camera for a place; `rows` of its pictures; `haze` is the range of the place's haze distance in metres."""
    name = str(rng.choice(list(MODELS)))
    model = MODELS[name]
    casts = list(model.casts)
    cast = str(rng.choice(casts, p=list(model.casts.values())))
    strength = float(rng.uniform(0.4, 1.1))
    balance = 1 + (np.asarray(CASTS[cast]) - 1) * strength + rng.normal(0, 0.015, 3)
    sensor = Sensor(
        brightness=float(rng.uniform(0.44, 0.62)),
        balance=(float(balance[0]), float(balance[1]), float(balance[2])),
        contrast=float(rng.uniform(*model.contrast)),
        saturation=float(rng.uniform(*model.saturation)),
        noise=float(rng.uniform(*model.noise)),
        blur=float(rng.uniform(0.25, 0.65)) * (rows / REFERENCE_ROWS) ** 0.6,
        vignette=float(rng.uniform(0.0, 0.35)),
        haze=(0.74, 0.78, 0.82),
        haze_distance=float(np.exp(rng.uniform(np.log(haze[0]), np.log(haze[1])))),
        quality=int(rng.integers(model.quality[0], model.quality[1] + 1)),
        headroom=float(rng.uniform(1.0, 1.8)),
    )
    banner = Banner(model.place, max(round(model.strip * rows), 8) if model.strip else 0, model.dark)
    height = float(rng.uniform(0.45, 1.1) if rng.random() < 0.85 else rng.uniform(1.1, 2.2))
    return HungCamera(name, float(rng.uniform(*model.fov)), height, cast, sensor, banner)
