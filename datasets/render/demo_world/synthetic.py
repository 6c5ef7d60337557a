"""One picture and mask of the synthetic domain: small deer scattered over a forest view."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from datasets.render.camera import Sensor, develop, jpeg, mask_png
from datasets.render.demo_world import clearing
from datasets.render.demo_world.posture import random_pose
from datasets.render.demo_world.standing import Standing, stand, union
from datasets.render.demo_world.tracing import masks, picture
from datasets.render.demo_world.wildlife import deer
from datasets.render.noise import generator
from datasets.render.placing import LEAST_VISIBLE, seen
from datasets.render.scene import View, animal_shape, compose

WIDTH, ROWS = 256, 192
COUNT = 376
SAMPLES = 6
NIGHT_EVERY, NIGHT_AT = 31, 17  # which indices are night pictures
WARMTH, SHADE = 0.12, 0.74
FEWEST_PIXELS = 24


@dataclass(frozen=True)
class Synthetic:
    """JPEG bytes and the PNG bytes of its mask."""

    image: bytes
    mask: bytes


def is_night(index: int) -> bool:
    return index % NIGHT_EVERY == NIGHT_AT


def _herd(rng: np.random.Generator, view: View) -> list[Standing]:
    """No deer in a fifth of the pictures, several in a quarter."""
    count = int(rng.choice([0, 1, 2, 3, 4], p=[0.16, 0.58, 0.14, 0.08, 0.04]))
    herd: list[Standing] = []
    for _ in range(count):
        side = (
            float(np.exp(rng.uniform(np.log(24), np.log(110)))) if rng.random() > 0.05 else float(rng.uniform(12, 18))
        )
        for _ in range(20):
            animal = stand(rng, view, deer(rng, WARMTH, SHADE), random_pose(rng), side, float(rng.uniform(0.02, 0.98)))
            if all(np.hypot(animal.x - o.x, animal.y - o.y) > 1.6 for o in herd):
                herd.append(animal)
                break
    return herd


def _voxel(animal: Standing) -> float:
    """Far animals need less detail."""
    return 0.015 if animal.x < 9 else 0.018


def render(seed: int, index: int, samples: int = SAMPLES) -> Synthetic:
    """Picture number `index`; the same bytes for the same seed and index."""
    for attempt in range(12):
        rng = generator(seed, "synthetic", index, attempt)
        view = clearing.view(rng, WIDTH, ROWS)
        herd = _herd(rng if attempt == 0 else generator(seed, "synthetic", index, 0, attempt), view)
        place = clearing.site(seed, rng, [(a.x, a.y, 0.75) for a in herd])
        for animal in herd:
            if rng.random() < 0.22:
                clearing.cover(place, seed, rng, animal.x, animal.y)
        shapes = [animal_shape(a.mesh(place, _voxel(a))) for a in herd]
        scene = compose(place, shapes, view, clearing.noon(rng), index)
        visible, whole, depth = masks(scene, shapes, view, index)
        good = [seen(v, w) >= LEAST_VISIBLE and v.sum() >= FEWEST_PIXELS for v, w in zip(visible, whole, strict=True)]
        if all(good):
            break
    light = picture(scene, view, index, samples, depth=2)
    shot = develop(light, depth, _sensor(rng, is_night(index)), rng)
    return Synthetic(jpeg(shot, int(rng.integers(58, 70))), mask_png(union(visible)))


def _sensor(rng: np.random.Generator, night: bool) -> Sensor:
    """A game engine's clean camera; its night is dim and blue."""
    if night:
        return Sensor(brightness=float(rng.uniform(0.06, 0.11)), balance=(0.55, 0.75, 1.25), noise=0.012, blur=0.3)
    return Sensor(
        brightness=float(rng.uniform(0.36, 0.47)),
        contrast=float(rng.uniform(0.95, 1.15)),
        saturation=float(rng.uniform(0.85, 1.15)),
        noise=0.006,
        blur=0.38,
        vignette=0.0,
        haze=(0.82, 0.88, 0.92),
        haze_distance=float(np.exp(rng.uniform(np.log(110), np.log(500)))),
    )
