"""Sky and sun: an environment picture and a directional light, by day, in haze, at dusk, or a flash at night."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import mitsuba as mi
import numpy as np

from datasets.render.noise import Array, spectral

SKY_ROWS, SKY_COLUMNS = 128, 256


@dataclass(frozen=True)
class Light:
    """Linear colours. `sun` is the sun's strength against the sky's; azimuth from the x axis to the left, radians."""

    zenith: tuple[float, float, float]
    horizon: tuple[float, float, float]
    sun: float
    elevation: float
    azimuth: float
    sun_colour: tuple[float, float, float] = (1.0, 0.94, 0.84)
    clouds: float = 0.0
    ground: tuple[float, float, float] = (0.2, 0.18, 0.15)
    flash: float = 0.0  # a lamp at the camera; with it the sky is dark

    @property
    def lamp(self) -> bool:
        """Whether there is more than the sky: a sun or a flash."""
        return self.sun > 0 or self.flash > 0

    @property
    def way(self) -> Array:
        """The direction in which the sun's rays travel."""
        flat = np.cos(self.elevation)
        return -np.array([flat * np.cos(self.azimuth), flat * np.sin(self.azimuth), np.sin(self.elevation)])


def sky_picture(light: Light, rng: np.random.Generator) -> Array:
    """Linear light (SKY_ROWS, SKY_COLUMNS, 3): zenith in the first row, ground below the middle."""
    height = np.cos(np.linspace(0, np.pi, SKY_ROWS))[:, None, None]
    fade = np.clip(height, 0, 1) ** 0.45
    sky = np.asarray(light.horizon) * (1 - fade) + np.asarray(light.zenith) * fade
    sky = np.repeat(sky, SKY_COLUMNS, 1)
    field = spectral(rng, SKY_COLUMNS, 1.6)[:SKY_ROWS]
    cover = np.clip((field - 1 + light.clouds) * 3.0, 0, 1)[..., None] * np.clip(height * 6, 0, 1)
    white = max(light.horizon) * np.array([1.05, 1.05, 1.06])
    sky = sky * (1 - 0.8 * cover) + white * 0.8 * cover
    return np.where(height > -0.02, sky, np.asarray(light.ground))


def emitters(light: Light, rng: np.random.Generator, camera: Array, shared: bool = False) -> dict[str, Any]:
    """The scene's lights as Mitsuba dictionaries.

    Args:
        shared: all shadow rays go to sun or flash, and the sky is left to the rays that are reflected: each sample has
            both then, without which shadows are grainy.
    """
    upright = mi.ScalarTransform4f().rotate([1, 0, 0], 90)
    picture = np.ascontiguousarray(sky_picture(light, rng), np.float32)
    lights: dict[str, Any] = {
        "sky": {"type": "envmap", "bitmap": mi.Bitmap(picture), "to_world": upright},
    }
    if light.sun > 0:
        beam = {"type": "rgb", "value": [light.sun * c for c in light.sun_colour]}
        lights["sun"] = {"type": "directional", "direction": light.way.tolist(), "irradiance": beam}
    if light.flash > 0:
        glow = {"type": "rgb", "value": [light.flash] * 3}
        lights["flash"] = {
            "type": "point",
            "position": (camera + np.array([0.0, 0.03, 0.08])).tolist(),
            "intensity": glow,
        }
    if shared and light.lamp:
        lights["sky"]["sampling_weight"] = 0.0
    return lights
