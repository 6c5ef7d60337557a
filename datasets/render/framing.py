"""Where the camera looks and where the animals stand, so that boxes are as large and as cut as in real photographs.

Deer in CCT-20 (186 boxes): area median 24 % of the frame, 5 % to 95 %: 4 % to 85 %; 59 % touch the frame's edge.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from datasets.render import fauna, fur
from datasets.render.camera_models import HungCamera
from datasets.render.fauna import Individual
from datasets.render.mesh import Mesh
from datasets.render.noise import Array
from datasets.render.place import Place
from datasets.render.pose import Pose, any_pose
from datasets.render.scene import Site, View
from datasets.render.skeleton import AXES, joints

Rng = np.random.Generator
SPREAD = 1.20  # of the logarithm of the box's share of the frame that is asked for
EDGE = 0.41  # share of the animals that are put on the frame's left or right edge; large ones touch it anyway
DISTANCES = 28  # that are tried: steps of 16 %
ALONG = 0.35  # share of the animals that walk up to the camera or away from it, beside those that go anywhere
TILTS = (-18.0, 12.0)  # degrees to which a camera is aimed
HERDS = {0: 0.24, 1: 0.60, 2: 0.10, 3: 0.04, 4: 0.02}  # the paper's set: 2,264 of 9,252 images without an animal
NEAREST, FARTHEST = 0.55, 60.0  # of an animal, metres
APART = 1.3  # body lengths between two animals


@dataclass(frozen=True)
class Animal:
    """One animal at (x, y) metres, horizontally `away` metres from the lens, looking along `heading` (radians)."""

    one: Individual
    pose: Pose
    posture: str
    x: float
    y: float
    heading: float
    away: float
    fur: int  # seed of the coat

    def mesh(self, site: Site, focal: float) -> Mesh:
        """The animal in the world, as fine as a camera of that focal length (px) sees it."""
        body = fur.furred(self.one, self.pose, np.random.default_rng(self.fur), self.away / focal)
        turn, offset = _stance(site, self.x, self.y, self.heading)
        return body.moved(turn, offset)

    @property
    def room(self) -> float:
        """Metres round its middle that it fills."""
        return 0.55 * self.one.build.trunk * self.one.build.shoulder


def _stance(site: Site, x: float, y: float, heading: float) -> tuple[Array, Array]:
    """Rotation (3,3) and place (3,) of an animal that leans most of the way with the ground."""
    normal = site.land.normal(x, y) * [0.7, 0.7, 1.0]
    up = normal / np.linalg.norm(normal)
    ahead = np.array([np.cos(heading), np.sin(heading), 0.0])
    ahead -= up * float(ahead @ up)
    ahead /= np.linalg.norm(ahead)
    z = float(site.land.height(np.array([[x, y]]))[0])
    return np.stack([ahead, np.cross(up, ahead), up], 1), np.array([x, y, z - 0.01])


def count(rng: Rng) -> int:
    """How many animals a picture has."""
    return int(rng.choice(list(HERDS), p=list(HERDS.values())))


def camera(rng: Rng, site: Site, unit: HungCamera, size: tuple[int, int]) -> View:
    """The place's camera, turned to somewhere and a little to one side of its post."""
    x, y = (float(v) for v in rng.normal(0, 0.5, 2))
    tilt = float({"down": rng.uniform(-14, -7), "level": rng.uniform(-7, 1), "up": rng.uniform(1, 8)}[
        str(rng.choice(["down", "level", "up"], p=[0.35, 0.45, 0.20]))])  # fmt: skip
    return View(unit.height * float(rng.uniform(0.9, 1.1)), unit.fov, tilt, float(rng.normal(0, 2.5)), size[0], size[1],
                float(rng.uniform(0, 2 * np.pi)), x, y,
                float(site.land.height(np.array([[x, y]]))[0]))  # fmt: skip


def herd(rng: Rng, place: Place, view: View, species: tuple[str, ...], count: int,
         box_area: float) -> tuple[list[Animal], View]:  # fmt: skip
    """Up to `count` animals of one species, as many as find room, and the view.

    The camera is aimed at the first one, unless an edge cuts that.

    Args:
        box_area: median share of the frame, in (0, 1], that the first one's box is asked to take.
    """
    kind = species[int(rng.integers(len(species)))]
    area = box_area * float(np.exp(rng.normal(0, SPREAD)))
    found: list[Animal] = []
    for index in range(count):
        for _ in range(6):
            share = area if index == 0 else area * float(np.exp(rng.normal(-0.8, 0.6)))
            animal, aimed = _stood(rng, place.site, view, kind, min(share, 0.97), index == 0)
            if all(np.hypot(animal.x - o.x, animal.y - o.y) > APART * (animal.room + o.room) for o in found):
                found.append(animal)
                view = aimed
                break
    return found, view


def _stood(rng: Rng, site: Site, view: View, species: str, area: float, aim: bool) -> tuple[Animal, View]:
    """An animal whose box within the frame takes the share `area` of it, as nearly as the place allows."""
    one = fauna.individual(rng, species)
    cut = bool(rng.random() < EDGE)
    column = float(rng.choice([rng.uniform(-0.10, 0.08), rng.uniform(0.92, 1.10)]) if cut else rng.uniform(0.2, 0.8))
    bearing, row = view.bearing(column), float(rng.uniform(0.42, 0.62))
    heading = float(rng.uniform(0, 2 * np.pi))
    if rng.random() < ALONG:
        heading = bearing + float(rng.choice([0, np.pi])) + float(rng.normal(0, 0.45))
    pose, posture = any_pose(rng, species, look=bearing + np.pi - heading)
    outline = _outline(one, pose)
    for _ in range(2):  # how far away it stands, and where the camera is aimed, follow from one another
        away = _distance(outline, site, view, (bearing, heading), one.build.shoulder, area)
        if not aim or cut:
            break
        view, column = _aimed(_placed(outline, site, view, bearing, heading, away), view, row, column)
        bearing = view.bearing(column)
    x, y = view.x + away * float(np.cos(bearing)), view.y + away * float(np.sin(bearing))
    return Animal(one, pose, posture, x, y, heading, away, int(rng.integers(2**31))), view


def _distance(outline: Array, site: Site, view: View, way: tuple[float, float], shoulder: float, area: float) -> float:
    """The largest distance at which the outline's box takes the share `area` of the frame, or the most of it.

    Too close, an animal is mostly outside the frame.
    """
    distances = np.geomspace(NEAREST + 0.5 * shoulder, FARTHEST, DISTANCES)
    shares = []
    for away in distances:
        low, high = _box(_placed(outline, site, view, *way, float(away)), view)
        shares.append(float(np.prod(high - low)) / (view.width * view.rows))
    enough = np.flatnonzero(np.array(shares) >= area)
    return float(distances[enough[-1] if len(enough) else int(np.argmax(shares))])


def _aimed(points: Array, view: View, row: float, column: float) -> tuple[View, float]:
    """The view tilted so that the middle of points (n,3) is in a row (a fraction), and a column that frames them."""
    seen = view.project(points)
    middle = (seen.min(0) + seen.max(0)) / 2
    off = float(np.degrees(np.arctan((row * view.rows - middle[1]) / view.focal)))
    half = float(seen[:, 0].max() - seen[:, 0].min()) / 2 / view.width
    if half < 0.48:  # a wider one fills the frame wherever it is
        column = float(np.clip(column, half + 0.02, 0.98 - half))
    return replace(view, tilt=float(np.clip(view.tilt + off, *TILTS))), column


def _outline(one: Individual, pose: Pose) -> Array:
    """Points (n,3) that span about the animal's box: its joints, each with the flesh round it."""
    build = one.build
    found = joints(build, pose)
    points = np.concatenate([np.atleast_2d(where) for name, where in found.items() if name not in AXES])
    spread = 0.05 * np.array([[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]])
    points = (points[:, None] + spread).reshape(-1, 3)
    points[:, 2] = np.maximum(points[:, 2], 0.0)
    outline: Array = points * build.shoulder
    return outline


def _placed(outline: Array, site: Site, view: View, bearing: float, heading: float, away: float) -> Array:
    """The outline (n,3) in the world, `away` metres from the camera."""
    x, y = view.x + away * float(np.cos(bearing)), view.y + away * float(np.sin(bearing))
    turn, offset = _stance(site, x, y, heading)
    placed: Array = outline @ turn.T + offset
    return placed


def _box(points: Array, view: View) -> tuple[Array, Array]:
    """Upper left and lower right corner (2,) in pixels of the box that points (n,3) have within the frame."""
    seen = view.project(points)
    frame = [view.width, view.rows]
    if not len(seen):
        return np.zeros(2), np.array(frame, float)
    return np.clip(seen.min(0), 0, frame), np.clip(seen.max(0), 0, frame)


def in_the_way(rng: Rng, site: Site, view: View, animals: list[Animal]) -> frozenset[str]:
    """Names of the site's objects that a picture does without: on the lens, in an animal, mostly those before it.

    And those far behind the camera, which cost more time than their shadows in a low sun are worth.
    """
    names = list(site.spots)
    x, y, radius = np.array(list(site.spots.values())).reshape(-1, 3).T
    away = np.hypot(x - view.x, y - view.y)
    bearing = np.arctan2(y - view.y, x - view.x) - view.heading
    behind = np.abs((bearing + np.pi) % (2 * np.pi) - np.pi) > np.radians(view.fov / 2 + 22)
    out = (away < 0.75 + radius) | (behind & (away > 7))
    for animal in animals:
        open_view = rng.random() < 0.72
        out |= (radius > 0) & (np.hypot(x - animal.x, y - animal.y) < radius + 0.8 * animal.room)
        ray = np.array([animal.x - view.x, animal.y - view.y])
        length = float(np.linalg.norm(ray))
        along = ((x - view.x) * ray[0] + (y - view.y) * ray[1]) / length
        aside = np.abs((x - view.x) * ray[1] - (y - view.y) * ray[0]) / length
        between = (along > 0) & (along < length) & (aside < radius + 0.8 * animal.room * along / length)
        out |= between & (radius > 0) & (open_view | (along < 0.35 * length))
    return frozenset(name for name, gone in zip(names, out, strict=True) if gone)
