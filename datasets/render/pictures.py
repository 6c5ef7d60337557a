"""Synthetic pictures by number: picture k of a request is the same bytes, whatever else is rendered, where and when."""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import mitsuba as mi
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from datasets.render import place, scene
from datasets.render.camera import Sensor, calmed, develop, jpeg, stamped
from datasets.render.fauna import SPECIES
from datasets.render.framing import Animal
from datasets.render.noise import Mask
from datasets.render.place import Place
from datasets.render.placing import box_of, seen
from datasets.render.scene import daylit
from datasets.render.staging import Request, Staged, seed_of, staged
from datasets.render.weather import Weather

PER_PLACE = 8  # pictures that share one place: its ground, plants and things


@dataclass(frozen=True)
class Rendered:
    """One picture.

    Attributes:
        name: its file's name without suffix, such as `forest_00012_3`: biome, place, picture of that place.
        image: JPEG bytes; mask: PNG bytes, 8 bits, an animal's species id where it is visible, else 0.
        extras: by name: `amodal`, PNG as the mask but of whole animals; `depth`, 16-bit PNG, centimetres
            from the lens along a pixel's ray, 0 is sky.
        row: the scene's parameters, a row of `scenes.parquet`.
    """

    name: str
    image: bytes
    mask: bytes
    extras: dict[str, bytes]
    row: dict[str, Any]


def name_of(request: Request, number: int) -> str:
    """The name of picture `number` (from 0); places take the biomes in turn."""
    where, shot = divmod(number, PER_PLACE)
    return f"{_biome(request, where)}_{where:05d}_{shot}"


def render(request: Request, number: int) -> Rendered:
    """Picture `number`; the pictures of one place are best asked for one after the other, by one process."""
    _start(request.device)
    where = number // PER_PLACE
    biome = _biome(request, where)
    there = place.place(request.seed, biome, where, request.size[1], request.distractors)
    chosen = staged(request, number, there)
    rng, sensor, lamp = chosen.rng, _sensor(chosen.rng, there.camera.sensor, chosen.weather), chosen.weather.light.lamp
    light = daylit(chosen.scene.loaded, chosen.view, seed_of(request, number), request.samples, not lamp)
    taken = _clock(rng, chosen.weather)
    shown = develop(calmed(light), chosen.scene.depth, sensor, rng)
    shown = stamped(shown, there.camera.banner, taken.strftime("%Y-%m-%d %H:%M:%S"), f"{int(rng.integers(-4, 34))}°C")
    return Rendered(
        name=name_of(request, number),
        image=jpeg(shown, sensor.quality),
        mask=_png(_painted(chosen.animals, chosen.scene.visible)),
        extras=_extras(request, chosen),
        row=_row(request, number, there, chosen, sensor, taken),
    )


@lru_cache(maxsize=1)
def _start(device: str) -> None:
    scene.start(device)
    for made in (place.place, place.group, place.canopy):
        made.cache_clear()  # nothing that was made for another device can be used


def _biome(request: Request, where: int) -> str:
    return request.biomes[where % len(request.biomes)]


def _sensor(rng: np.random.Generator, sensor: Sensor, sky: Weather) -> Sensor:
    """The place's camera in this light: exposure and white balance miss a little."""
    balance = np.asarray(sensor.balance) * (1 + rng.normal(0, 0.02, 3))
    dark = sky.light.flash > 0
    return replace(
        sensor,
        brightness=float(np.clip(sensor.brightness * sky.brightness * np.exp(rng.normal(0, 0.11)), 0.17, 0.72)),
        balance=(float(balance[0]), float(balance[1]), float(balance[2])),
        noise=sensor.noise * (1.0 + 0.7 * (sky.brightness < 0.85)),
        vignette=sensor.vignette + 0.3 * dark,
        haze_distance=1e5 if dark else sensor.haze_distance / sky.thick,
    )


def _clock(rng: np.random.Generator, sky: Weather) -> datetime:
    """When the picture was taken."""
    return datetime(2010, 1, 1) + timedelta(days=int(rng.integers(0, 1800)), hours=float(rng.uniform(*sky.hours)))


def _painted(animals: list[Animal], shown: Mask) -> NDArray[np.uint8]:
    """Species ids (h,w) of masks (n,h,w), the nearest animal on top; 0 elsewhere."""
    ids = np.zeros(shown.shape[1:], np.uint8)
    for index in sorted(range(len(animals)), key=lambda i: -animals[i].away):
        ids[shown[index]] = SPECIES[animals[index].one.species].id
    return ids


def _extras(request: Request, chosen: Staged) -> dict[str, bytes]:
    made = {}
    if "amodal" in request.extras:
        made["amodal"] = _png(_painted(chosen.animals, chosen.scene.whole))
    if "depth" in request.extras:
        made["depth"] = _png(np.clip(np.round(chosen.scene.depth * 100), 0, 65535).astype(np.uint16))
    return made


def _png(values: NDArray[Any]) -> bytes:
    target = io.BytesIO()
    Image.fromarray(values).save(target, "PNG", optimize=True)
    return target.getvalue()


def _row(request: Request, number: int, there: Place, chosen: Staged, sensor: Sensor, taken: datetime
         ) -> dict[str, Any]:  # fmt: skip
    """The row of `scenes.parquet`; its columns and units are told in `scene_rows`."""
    view, sun = chosen.view, chosen.weather.light
    shown = chosen.scene
    boxes = [_box(mask) for mask in shown.visible]
    herd: list[dict[str, Any]] = [
        {
            "species": animal.one.species,
            "sex": animal.one.sex,
            "coat": animal.one.coat,
            "pose": animal.posture,
            "distance_m": animal.away,
            "visible_share": seen(visible, whole),
            "box": box,
        }
        for animal, visible, whole, box in zip(chosen.animals, shown.visible, shown.whole, boxes, strict=True)
    ]
    areas = [(x1 - x0) * (y1 - y0) for x0, y0, x1, y1 in boxes]
    first = int(np.argmax(areas)) if areas else None
    largest = {} if first is None else herd[first]
    width, height = request.size
    told = ("species", "sex", "coat", "pose", "distance_m", "visible_share")
    return {
        "name": name_of(request, number),
        "number": number,
        "biome": there.biome,
        "place": number // PER_PLACE,
        "seed": request.seed,
        "light": chosen.name,
        "sun_elevation": float(np.degrees(sun.elevation)) if sun.sun > 0 else None,
        "sun_azimuth": float(np.degrees(view.heading - sun.azimuth) % 360) if sun.sun > 0 else None,
        "brightness": sensor.brightness,
        "camera": there.camera.model,
        "camera_height": view.height,
        "fov": view.fov,
        "tilt": view.tilt,
        "cast": there.camera.cast,
        "blur": sensor.blur,
        "noise": sensor.noise,
        "jpeg_quality": sensor.quality,
        "banner": there.camera.banner.place,
        "samples": request.samples,
        "device": mi.variant(),
        "width": width,
        "height": height,
        "animals": len(boxes),
        "distractors": there.distractors,
        "captured_at": taken.strftime("%Y-%m-%d %H:%M:%S"),
        **{key: largest.get(key) for key in told},
        "box_area": None if first is None else areas[first] / (width * height),
        "touches_edge": None if first is None else _touches_edge(shown.visible[first]),
        "herd": herd,
    }


def _box(mask: Mask) -> list[float]:
    """x0, y0, x1, y1 in pixels, half-open, of a mask (h,w) that holds something."""
    x, y, w, h = box_of(mask)
    return [float(x), float(y), float(x + w), float(y + h)]


def _touches_edge(mask: Mask) -> bool:
    return bool(mask[0].any() or mask[-1].any() or mask[:, 0].any() or mask[:, -1].any())
