"""One burst of the photographs' domain: the same place and animals in up to three pictures."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from datasets.render.camera import Sensor, develop, jpeg, mask_png, stamped
from datasets.render.demo_world import locations
from datasets.render.demo_world.locations import Location
from datasets.render.demo_world.posture import random_pose, walking
from datasets.render.demo_world.shots import Burst
from datasets.render.demo_world.standing import Standing, stand, union
from datasets.render.demo_world.tracing import masks, picture
from datasets.render.demo_world.wildlife import OTHERS, deer
from datasets.render.light import Light
from datasets.render.noise import Array, Mask
from datasets.render.placing import LEAST_VISIBLE, box_of, seen
from datasets.render.scene import animal_shape, compose

SAMPLES = 4
WARMTH, SHADE = 0.10, 0.70
VOXEL, COARSE = 0.015, 0.05  # of the shoulder height: to be seen, to be measured
MOST_ATTEMPTS = 60
# A day-time deer whose box overlaps this one (frame fractions xyxy) by more IoU than that is taken again elsewhere:
# the boxes are to be so scattered that no constant box does well on them.
TYPICAL, MOST_TYPICAL = (0.10, 0.15, 0.90, 1.0), 0.5
EASED, EASE = 1000, 0.3  # attempts from this number on take animals of this share of the size
LEAST_AREA = 0.01  # of the frame
LEAST_FILLED = 0.25  # of the box: legs alone fill less
LEAST_INSIDE = 0.34  # of the animal's surface lies within the frame
NIGHT_KINDS = {"infrared", "infrared_by_day_clock", "excluded"}


@dataclass(frozen=True)
class Photograph:
    """`boxes` are xywh in stored pixels, of the visible animals; `mask` is their union, None without animals."""

    image_id: str
    frame: int
    image: bytes
    mask: bytes | None
    boxes: list[tuple[int, int, int, int]]


@dataclass(frozen=True)
class Exposure:
    """A scene ready to be photographed, its animals' visible masks (n,h,w) and depth (h,w)."""

    scene: Any
    visible: Mask
    depth: Array


def _animals(burst: Burst, place: Location, rng: np.random.Generator, ease: float) -> list[Standing]:
    if burst.species == "empty":
        return []
    count = 2 if burst.kind in {"deer", "infrared"} and rng.random() < 0.10 else 1
    herd: list[Standing] = []
    view = place.view
    for _ in range(count):
        area = float(np.clip(np.exp(rng.normal(np.log(0.23), 0.95)), 0.024, 0.95))
        side = np.sqrt(ease * area * view.width * view.rows)
        if burst.species == "deer":
            build, pose = deer(rng, WARMTH, SHADE), random_pose(rng)
        else:
            build, pose, side = OTHERS[burst.species], walking(rng), side * 0.8
        if burst.kind == "overflow":
            side = 120.0
        left, right = (0.92, 1.05) if burst.kind == "overflow" else (-0.08, 1.08)
        for _ in range(30):
            animal = stand(rng, view, build, pose, side, float(rng.uniform(left, right)))
            apart = all(np.hypot(animal.x - o.x, animal.y - o.y) > 0.9 for o in herd)
            if apart and locations.site(place).free(animal.x, animal.y, 0.3):
                break
        herd.append(animal)
    return herd


def _conditions(burst: Burst, place: Location, rng: np.random.Generator) -> tuple[Light, Sensor]:
    """Light and the camera's answer to it."""
    hour = burst.start.hour + burst.start.minute / 60
    if burst.kind in NIGHT_KINDS:
        dim = burst.kind == "excluded"  # a night picture that passes every test: colour, bright enough, a day clock
        sensor = replace(place.sensor, brightness=0.50 if dim else float(rng.uniform(0.2, 0.34)), infrared=not dim,
                         noise=place.sensor.noise * 1.5, vignette=0.5, haze_distance=1e5)  # fmt: skip
        return locations.lamp(), sensor
    if burst.kind == "dark":
        sensor = replace(place.sensor, brightness=float(rng.uniform(0.07, 0.12)), haze_distance=1e5,
                         noise=place.sensor.noise * 1.3)  # fmt: skip
        return (locations.lamp() if rng.random() < 0.5 else locations.daylight(place, 19.5, 0.9)), sensor
    brightness = place.sensor.brightness * float(np.exp(rng.normal(0, 0.07)))
    return locations.daylight(place, hour, float(rng.random())), replace(place.sensor, brightness=brightness)


def _good(visible: Mask, whole: Mask, ease: float) -> bool:
    """Whether every animal (n,h,w) is seen well enough to be called one, and is more than legs at the frame's top."""
    for mask, entire in zip(visible, whole, strict=True):
        enough = mask.sum() >= ease * LEAST_AREA * mask.size and seen(mask, entire) >= LEAST_VISIBLE
        if not enough or mask.sum() < LEAST_FILLED * np.prod(box_of(mask)[2:]):
            return False
    return True


def _typical(mask: Mask) -> bool:
    """Whether the box of an animal (h,w) is about where a constant guess would put it."""
    rows, columns = mask.shape
    x, y, w, h = box_of(mask)
    left, top, right, bottom = TYPICAL[0] * columns, TYPICAL[1] * rows, TYPICAL[2] * columns, TYPICAL[3] * rows
    shared = max(0.0, min(x + w, right) - max(x, left)) * max(0.0, min(y + h, bottom) - max(y, top))
    return bool(shared > MOST_TYPICAL * (w * h + (right - left) * (bottom - top) - shared))


def render(seed: int, burst: Burst, samples: int = SAMPLES) -> list[Photograph]:
    """The burst's pictures; the same bytes for the same seed and burst."""
    place = locations.location(seed, burst.location)
    site = locations.site(place)
    # A rabbit close to a level camera is below its frame: after many attempts, small and far is good enough.
    for attempt in (*range(MOST_ATTEMPTS), *range(EASED, EASED + MOST_ATTEMPTS)):
        rng, ease = burst.rng(seed, attempt), EASE if attempt >= EASED else 1.0
        light, sensor = _conditions(burst, place, rng)
        herds = [_animals(burst, place, rng, ease)]
        for _ in range(burst.frames - 1):
            herds.append([animal.later(rng) for animal in herds[-1]])
        exposures: list[Exposure] = []
        for herd in herds:
            if any(place.view.inside(a.mesh(site, COARSE).vertices) < LEAST_INSIDE for a in herd):
                break
            shapes = [animal_shape(a.mesh(site, VOXEL, burst.kind in NIGHT_KINDS)) for a in herd]
            scene = compose(site, shapes, place.view, light, burst.index)
            visible, whole, depth = masks(scene, shapes, place.view, burst.index)
            if not _good(visible, whole, ease) or (burst.kind == "deer" and any(map(_typical, visible))):
                break
            exposures.append(Exposure(scene, visible, depth))
        if len(exposures) == burst.frames:
            return [_photograph(seed, burst, k, place, e, sensor, samples) for k, e in enumerate(exposures)]
    raise RuntimeError(f"no place where the camera sees the animal in {2 * MOST_ATTEMPTS} attempts: {burst}")


def _photograph(seed: int, burst: Burst, frame: int, place: Location, taken: Exposure, sensor: Sensor,
                samples: int) -> Photograph:  # fmt: skip
    raw = picture(taken.scene, place.view, 10 * burst.index + frame, samples)
    shot = develop(raw, taken.depth, sensor, burst.rng(seed, MOST_ATTEMPTS + frame))
    when = burst.start + timedelta(seconds=frame)
    shot = stamped(shot, place.banner, when.strftime("%Y-%m-%d %H:%M:%S"), f"{_degrees(when)}°C")
    boxes = [box_of(mask) for mask in taken.visible]
    mask = mask_png(union(taken.visible)) if boxes else None
    return Photograph(burst.image_id(seed, frame), frame, jpeg(shot, sensor.quality), mask, boxes)


def _degrees(when: datetime) -> int:
    """Celsius: warm afternoons, cold nights."""
    warmth = 11 * float(np.sin(np.pi * (when.hour - 8) / 12))
    return round(14 + warmth + when.timetuple().tm_yday % 7)
