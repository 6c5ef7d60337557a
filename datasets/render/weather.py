"""Kinds of light by name: what a camera trap sees between dawn and dusk, and by its flash."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from datasets.render.light import Light

Rng = np.random.Generator


@dataclass(frozen=True)
class Weather:
    """Light and air.

    Attributes:
        thick: by how much the air is thicker than the place's own: 1 is not at all.
        brightness: by how much the pictures are brighter than the camera's aim.
        hours: of the day, from and to, decimal.
    """

    light: Light
    thick: float = 1.0
    brightness: float = 1.0
    hours: tuple[float, float] = (8.0, 17.5)


def _turn(rng: Rng) -> float:
    return float(rng.uniform(0, 2 * np.pi))


def _white(rng: Rng) -> Weather:
    white = float(rng.uniform(0.9, 1.05))
    light = Light((0.86 * white, 0.92 * white, white), (white, white, 1.02 * white), float(rng.uniform(0.0, 1.6)),
                  float(rng.uniform(0.7, 1.4)), _turn(rng), ground=(0.12, 0.13, 0.09))  # fmt: skip
    return Weather(light, hours=(9.0, 16.0))


def _blue(rng: Rng) -> Weather:
    height = float(rng.uniform(0.45, 1.35))
    light = Light((0.15, 0.33, 0.78), (0.62, 0.75, 0.95), float(rng.uniform(2.6, 4.6)), height, _turn(rng),
                  (1.0, 0.93, 0.83), float(rng.choice([0.0, 0.0, 0.3])), (0.28, 0.24, 0.18))  # fmt: skip
    return Weather(light)


def _hazy(rng: Rng) -> Weather:
    light = Light((0.55, 0.66, 0.80), (0.90, 0.92, 0.92), float(rng.uniform(1.2, 2.4)), float(rng.uniform(0.4, 1.2)),
                  _turn(rng), (1.0, 0.92, 0.80), 0.4, (0.26, 0.23, 0.18))  # fmt: skip
    return Weather(light, thick=1.8)


def _cloudy(rng: Rng) -> Weather:
    light = Light((0.42, 0.50, 0.62), (0.85, 0.87, 0.90), float(rng.uniform(0.0, 0.7)), float(rng.uniform(0.5, 1.3)),
                  _turn(rng), clouds=float(rng.uniform(0.5, 0.9)), ground=(0.2, 0.18, 0.15))  # fmt: skip
    return Weather(light, brightness=0.95)


def _low_sun(rng: Rng) -> Weather:
    light = Light((0.22, 0.36, 0.68), (0.95, 0.80, 0.62), float(rng.uniform(2.2, 4.0)), float(rng.uniform(0.10, 0.35)),
                  _turn(rng), (1.0, 0.76, 0.48), 0.2, (0.25, 0.2, 0.15))  # fmt: skip
    return Weather(light, thick=1.3, brightness=0.95, hours=(6.2, 8.0) if rng.random() < 0.5 else (17.2, 19.2))


def _fog(rng: Rng) -> Weather:
    grey = float(rng.uniform(0.75, 1.0))
    light = Light((grey, grey, 1.02 * grey), (grey, 1.01 * grey, 1.03 * grey), 0.0, 1.0, 0.0, ground=(0.2, 0.2, 0.2))
    return Weather(light, thick=float(np.exp(rng.uniform(np.log(5), np.log(22)))), hours=(7.0, 11.0))


def _dusk(rng: Rng) -> Weather:
    light = Light((0.10, 0.16, 0.34), (0.55, 0.46, 0.44), 0.0, 0.1, _turn(rng), clouds=0.3, ground=(0.05, 0.05, 0.05))
    return Weather(light, brightness=float(rng.uniform(0.5, 0.8)), hours=(18.3, 19.8))


def _flash(rng: Rng) -> Weather:
    light = Light((0.01, 0.012, 0.02), (0.03, 0.03, 0.035), 0.0, 1.0, 0.0, ground=(0.004,) * 3, flash=10.0)
    return Weather(light, brightness=float(rng.uniform(0.55, 0.8)), hours=(19.0, 19.9))


KINDS: dict[str, Callable[[Rng], Weather]] = {
    "white": _white, "blue": _blue, "hazy": _hazy, "cloudy": _cloudy, "low_sun": _low_sun, "fog": _fog,
    "dusk": _dusk, "flash": _flash,
}  # fmt: skip
FLASH_SHARE = 0.02  # against all daylight: cameras whose flash is white take coloured pictures in the dark


def weather(rng: Rng, skies: dict[str, float]) -> tuple[str, Weather]:
    """A kind of light, drawn by the shares that a biome gives."""
    shares = {**skies, "flash": FLASH_SHARE * sum(skies.values())}
    names = list(shares)
    weights = np.array([shares[name] for name in names])
    name = names[int(rng.choice(len(names), p=weights / weights.sum()))]
    return name, KINDS[name](rng)
