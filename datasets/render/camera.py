"""What a camera makes of light: haze, exposure, colour cast, noise, blur, banner, infrared, JPEG."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from scipy.ndimage import gaussian_filter, median_filter

from datasets.render.noise import Array, Mask, srgb

LUMA = np.array([0.299, 0.587, 0.114])


@dataclass(frozen=True)
class Sensor:
    """One camera's character. `brightness` is the mean luma (0-1) that it exposes for."""

    brightness: float = 0.45
    balance: tuple[float, float, float] = (1.0, 1.0, 1.0)
    contrast: float = 1.0
    saturation: float = 1.0
    noise: float = 0.01
    blur: float = 0.4  # pixels
    vignette: float = 0.1
    haze: tuple[float, float, float] = (0.6, 0.65, 0.7)
    haze_distance: float = 200.0  # metres at which 63 % is haze
    quality: int = 80
    infrared: bool = False
    headroom: float | None = None  # the brightest tenth of the picture is at most so many times what turns white


@dataclass(frozen=True)
class Banner:
    """A strip with the time and the temperature: `place` is top, bottom or none."""

    place: str = "none"
    rows: int = 11
    dark: bool = True

    def covered(self, height: int) -> slice:
        """The rows of a picture of that height that the strip covers."""
        if self.place == "none":
            return slice(0, 0)
        return slice(0, self.rows) if self.place == "top" else slice(height - self.rows, height)


def develop(light: Array, depth: Array, sensor: Sensor, rng: np.random.Generator) -> Array:
    """Linear light (h,w,3) to an sRGB picture (h,w,3) in [0, 1], without banner."""
    level = np.percentile(light, 98)
    far = np.where(depth > 0, depth, 0.0)[..., None]
    veil = 1 - np.exp(-far / sensor.haze_distance)
    light = light * (1 - veil) + veil * np.asarray(sensor.haze) * level
    light = gaussian_filter(light, (sensor.blur, sensor.blur, 0))
    rows, columns = np.meshgrid(np.linspace(-1, 1, light.shape[0]), np.linspace(-1, 1, light.shape[1]), indexing="ij")
    light = light * (1 - sensor.vignette * (rows**2 + columns**2) / 2)[..., None] * np.asarray(sensor.balance)
    if sensor.infrared:
        light = np.repeat((light @ LUMA)[..., None], 3, -1)
    gain = exposure(light, depth > 0, sensor)
    noise = rng.standard_normal(light.shape if not sensor.infrared else (*light.shape[:2], 1))
    coarse = gaussian_filter(rng.standard_normal(noise.shape), (0.7, 0.7, 0))
    picture = toned(light * gain, sensor)
    picture = picture + sensor.noise * (0.6 * noise + 0.8 * coarse) * (1.3 - 0.6 * picture)
    if sensor.infrared:  # exactly grey, whatever was rounded on the way
        picture = np.repeat(picture[..., :1], 3, -1)
    developed: Array = np.clip(picture, 0, 1)
    return developed


def calmed(light: Array, most: float = 1.7) -> Array:
    """Linear light (h,w,3) of few samples without its specks: no pixel is `most` times as bright or dark as its
    neighbours' median.

    In the shade each sample meets the sky or does not, which makes a picture of few samples look sprinkled with salt.
    """
    luma = light @ LUMA
    around = np.maximum(median_filter(luma, 3, mode="nearest"), 1e-6)
    calm: Array = light * (np.clip(luma, around / most, around * most) / np.maximum(luma, 1e-6))[..., None]
    return calm


def toned(light: Array, sensor: Sensor) -> Array:
    """sRGB picture of exposed light: a soft shoulder for highlights, then contrast and saturation."""
    soft = np.where(light > 0.6, 0.6 + 0.4 * np.tanh((light - 0.6) / 0.4 * 0.8), light)
    picture = srgb(soft)
    picture = np.clip(0.45 + (picture - 0.45) * sensor.contrast, 0, 1)
    grey = (picture @ LUMA)[..., None]
    coloured: Array = np.clip(grey + (picture - grey) * sensor.saturation, 0, 1)
    return coloured


def exposure(light: Array, land: Mask, sensor: Sensor) -> float:
    """The gain that gives the land (or, without any, the whole picture) its mean brightness, by bisection.

    The sky is left out: it would turn every picture that shows much of it too dark."""
    thin = light[land if land.any() else ~land]
    thin = thin[::7] if sensor.headroom is None else thin[:: max(len(thin) // 2000, 1)]
    low, high = -12.0, 14.0
    for _ in range(24):
        middle = (low + high) / 2
        mean = float((toned(thin * 2.0**middle, sensor) @ LUMA).mean())
        low, high = (middle, high) if mean < sensor.brightness else (low, middle)
    gain = float(2.0 ** ((low + high) / 2))
    if sensor.headroom is None:
        return gain
    return min(gain, sensor.headroom / max(float(np.percentile((light @ LUMA), 90)), 1e-9))


def stamped(picture: Array, banner: Banner, text: str, temperature: str) -> Array:
    """The picture (h,w,3) with the camera's strip drawn over its edge."""
    if banner.place == "none":
        return picture
    height, width = picture.shape[:2]
    strip = Image.new("L", (width, banner.rows), 12 if banner.dark else 240)
    draw = ImageDraw.Draw(strip)
    ink = 235 if banner.dark else 20
    font = ImageFont.load_default(banner.rows - 2)
    draw.text((4, -1), text, fill=ink, font=font)
    draw.text((min(width - 34, width - 4 - font.getlength(temperature)), -1), temperature, fill=ink, font=font)
    marked = picture.copy()
    marked[banner.covered(height)] = np.asarray(strip, float)[..., None] / 255
    return marked


def jpeg(picture: Array, quality: int) -> bytes:
    """JPEG bytes, 4:2:0, of an sRGB picture (h,w,3) in [0, 1]."""
    image = Image.fromarray(np.round(picture * 255).astype(np.uint8))
    target = io.BytesIO()
    image.save(target, "JPEG", quality=quality, subsampling=2, optimize=True)
    return target.getvalue()


def mask_png(mask: Mask) -> bytes:
    """PNG bytes of a boolean mask (h,w): 0 and 255, 8 bits, one channel."""
    target = io.BytesIO()
    Image.fromarray(np.where(mask, 255, 0).astype(np.uint8)).save(target, "PNG", optimize=True)
    return target.getvalue()
