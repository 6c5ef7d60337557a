"""A picture's scene: a camera at its place, animals before it, plants and light, tried until the animals are seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from zlib import crc32

import numpy as np

from datasets.render import framing, place
from datasets.render.framing import Animal
from datasets.render.noise import Array, Mask, generator
from datasets.render.place import Place
from datasets.render.placing import LEAST_VISIBLE, seen, without_specks
from datasets.render.request_options import BOX_AREA
from datasets.render.scene import View, animal_shape, compose, instance, silhouettes
from datasets.render.weather import Weather, weather

ATTEMPTS = 10
LEAST_AREA = 0.002  # of the frame: of an animal's visible pixels
COVERED, BY_THE_LENS = 0.22, 0.18  # share of animals with a plant before them, of pictures with one by the lens


@dataclass(frozen=True)
class Request:
    """All that a picture follows from beside its number.

    Attributes:
        size: width and height, px.
        samples: rays per pixel.
        box_area: median share of the frame that an animal's box is asked to take, in (0, 1].
        distractors: whether things of an animal's size and colour lie about.
        extras: also make amodal masks and depth.
        device: cpu or gpu; they round differently.
    """

    seed: int
    biomes: tuple[str, ...]
    species: tuple[str, ...]
    size: tuple[int, int]
    samples: int
    box_area: float = BOX_AREA
    distractors: bool = True
    extras: tuple[str, ...] = ()  # of amodal, depth
    device: str = "cpu"


@dataclass(frozen=True)
class Composed:
    """A scene in Mitsuba, and what a camera sees of it.

    Attributes:
        visible: what is seen of each animal (n,h,w).
        whole: what would be seen of it alone (n,h,w).
        depth: metres from the lens (h,w), 0 is sky.
    """

    loaded: Any
    visible: Mask
    whole: Mask
    depth: Array


@dataclass(frozen=True)
class Staged:
    """A scene that was tried: what is needed to photograph it and to tell of it. `name` is its weather's."""

    scene: Composed
    view: View
    animals: list[Animal]
    name: str
    weather: Weather
    rng: np.random.Generator


def seed_of(request: Request, number: int) -> int:
    """Of the renderer's own random numbers."""
    return crc32(f"{request.seed} {number}".encode()) & 0x3FFFFFFF


def staged(request: Request, number: int, there: Place) -> Staged:
    """A scene whose animals are seen; after many attempts, one without those that are not."""
    count = framing.count(generator(request.seed, "herd", number))  # whatever fails: hidden herds are not made fewer
    for attempt in range(ATTEMPTS):
        rng = generator(request.seed, "picture", number, there.biome, attempt)
        view = framing.camera(rng, there.site, there.camera, request.size)
        animals, view = framing.herd(rng, there, view, request.species, count, request.box_area)
        name, sky = weather(rng, dict(there.country.skies))
        things = _things(request.seed, rng, there, view, animals, sky)
        without = framing.in_the_way(rng, there.site, view, animals)
        tried = _tried(request, number, there, view, animals, things, without, sky)
        good = [_is_seen(v, w) for v, w in zip(tried.visible, tried.whole, strict=True)]
        if all(good):
            break
    else:
        animals = [animal for animal, shown in zip(animals, good, strict=True) if shown]
        tried = _tried(request, number, there, view, animals, things, without, sky)
    return Staged(tried, view, animals, name, sky, rng)


def _tried(request: Request, number: int, there: Place, view: View, animals: list[Animal], things: dict[str, Any],
           without: frozenset[str], sky: Weather) -> Composed:  # fmt: skip
    meshes = [animal.mesh(there.site, view.focal) for animal in animals]
    shapes = [animal_shape(mesh) for mesh in meshes]
    loaded = compose(there.site, shapes, view, sky.light, seed_of(request, number), without, things, shared=True)
    pairs = list(zip(shapes, meshes, strict=True))
    visible, whole, depth = silhouettes(loaded, pairs, view, seed_of(request, number))
    visible[:, there.camera.banner.covered(view.rows)] = False
    kept = np.array([without_specks(mask) for mask in visible]).reshape(visible.shape)
    return Composed(loaded, kept, whole, depth)


def _is_seen(visible: Mask, whole: Mask) -> bool:
    """Whether an animal (h,w) is seen well enough to be asked for."""
    return seen(visible, whole) >= LEAST_VISIBLE and visible.sum() >= LEAST_AREA * visible.size


def _things(seed: int, rng: np.random.Generator, there: Place, view: View, animals: list[Animal], sky: Weather
            ) -> dict[str, Any]:  # fmt: skip
    """What a picture has beyond its place: plants before animals and close to the lens, leaves that shade."""
    things: dict[str, Any] = {}

    def put(group: Any, where: Array, scale: float) -> None:  # noqa: ANN401 - a Mitsuba object
        if group not in there.site.kinds:
            things[f"extra_kind{len(things)}"] = group
        things[f"extra{len(things)}"] = instance(group, where, float(rng.uniform(0, 360)), scale)

    def grounded(x: float, y: float) -> Array:
        return np.array([x, y, float(there.site.land.height(np.array([[x, y]]))[0])])

    plants = there.near_lens()
    for animal in animals:
        if rng.random() < COVERED:
            name = plants[int(rng.integers(len(plants)))]
            share, aside = float(rng.uniform(0.6, 0.85)), float(rng.normal(0, 0.35)) * animal.room / animal.away
            ahead, left = animal.x - view.x, animal.y - view.y
            x, y = view.x + share * ahead - aside * left, view.y + share * left + aside * ahead
            height = animal.one.build.shoulder / max(there.country.growth[name].height, 0.1)
            put(place.group_of(seed, there.biome, name, rng), grounded(x, y),
                float(np.clip(height * rng.uniform(0.4, 0.9), 0.2, 1.2)))  # fmt: skip
    if rng.random() < BY_THE_LENS:
        name = plants[int(rng.integers(len(plants)))]
        turn = view.bearing(float(rng.choice([rng.uniform(-0.15, 0.15), rng.uniform(0.85, 1.15)])))
        away = float(rng.uniform(0.7, 1.6))
        scale = float(np.clip(rng.uniform(0.5, 1.1) / max(there.country.growth[name].height, 0.1), 0.15, 1.2))
        put(place.group_of(seed, there.biome, name, rng),
            grounded(view.x + away * float(np.cos(turn)), view.y + away * float(np.sin(turn))), scale)  # fmt: skip
    if sky.light.sun > 1 and rng.random() < there.country.canopy:
        away = animals[0].away if animals else 5.0
        middle = view.position + np.array([np.cos(view.heading), np.sin(view.heading), 0.0]) * away
        put(place.canopy(seed, int(rng.integers(4))), middle - sky.light.way * 12.0, 1.0)
    return things
