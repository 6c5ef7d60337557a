"""The ground: a height for every point, and a mesh of it round the camera or before it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from datasets.render.mesh import Mesh, grid_faces, smooth_normals
from datasets.render.noise import Array, Waves

RINGS, SPOKES, SECTOR = 110, 150, 1.25  # the mesh covers +- SECTOR radians round the camera's axis
ALL_SPOKES = 320  # of a mesh that goes all round


@dataclass(frozen=True)
class Bed:
    """A stream's or a track's bed: a straight trough `depth` metres deep, `aside` metres from the origin.

    It runs along the direction `way` (radians) and is about twice `reach` metres wide.
    """

    way: float
    aside: float
    reach: float
    depth: float

    def away(self, points: Array) -> Array:
        """Metres (n,), signed, by which points (n,2) lie to the left of the middle of the bed."""
        across: Array = points @ np.array([-np.sin(self.way), np.cos(self.way)]) - self.aside
        winding: Array = across + 0.35 * self.reach * np.sin(
            (points @ np.array([np.cos(self.way), np.sin(self.way)])) / (2.2 * self.reach)
        )
        return winding

    def sunk(self, points: Array) -> Array:
        """How deep (n,) the ground lies below what it would be."""
        share: Array = self.depth * np.exp(-((self.away(points) / self.reach) ** 4))
        return share


@dataclass(frozen=True)
class Relief:
    """The lie of the land. `slope` is rise per metre ahead and to the left; hills rise from `hill_start` metres on."""

    bumps: Waves
    ridge: Waves
    bump: float = 0.12
    slope: tuple[float, float] = (0.0, 0.0)
    reach: float = 14.0  # the slope flattens out beyond this distance
    hill: float = 20.0
    hill_start: float = 35.0
    hill_end: float = 160.0
    around: bool = False  # the skyline closes behind the camera
    bed: Bed | None = None

    def raw(self, points: Array) -> Array:
        """Height (n,) of points (n,2), not yet zero at the origin."""
        distance = np.linalg.norm(points, axis=1)
        near = points * (np.tanh(distance / self.reach) * self.reach / np.maximum(distance, 1e-6))[:, None]
        turn = np.arctan2(points[:, 1], points[:, 0])
        angle = np.stack([np.cos(turn), np.sin(turn) if self.around else turn], 1)
        rise = np.clip((distance - self.hill_start) / (self.hill_end - self.hill_start), 0, 1) ** 1.4
        hills = rise * self.hill * (0.55 + 0.75 * np.abs(self.ridge(angle)))
        hills += rise * self.hill * 0.10 * self.bumps(points / (40 if self.around else 12))
        rough = 1 + distance / 25
        if self.around:  # far away the mesh is too coarse for bumps: they would line up in rings
            rough = np.minimum(rough, 2.0) * np.exp(-((distance / 45) ** 2))
        height: Array = near @ np.asarray(self.slope) + self.bump * self.bumps(points) * rough + hills
        return height if self.bed is None else height - self.bed.sunk(points)

    def height(self, points: Array) -> Array:
        """Height (n,) of points (n,2) in metres; 0 at the origin."""
        height: Array = self.raw(points) - self.raw(np.zeros((1, 2)))[0]
        return height

    def normal(self, x: float, y: float) -> Array:
        """Unit normal of the ground at one point, over half a metre."""
        step = 0.25
        z = self.height(np.array([[x - step, y], [x + step, y], [x, y - step], [x, y + step]]))
        normal = np.array([(z[0] - z[1]) / (2 * step), (z[2] - z[3]) / (2 * step), 1.0])
        unit: Array = normal / np.linalg.norm(normal)
        return unit


def waves(rng: np.random.Generator) -> tuple[Waves, Waves]:
    """The random functions of a relief: its bumps over metres, its skyline over radians."""
    return Waves(rng, 2, (1.1, 2.6, 7.0, 15.0)), Waves(rng, 2, (0.25, 0.6, 1.2))


def ground_mesh(land: Relief, around: bool = False) -> tuple[Mesh, Array]:
    """The ground before the camera or all `around` it, finer where it is near, and texture coordinates (n,2) in metres.

    All around, the last spoke lies on the first one and has its normals, so that no seam shows.
    """
    spokes = ALL_SPOKES if around else SPOKES
    radius = np.concatenate([[0.02], np.geomspace(0.35, 420.0, RINGS - 1)])
    angle = np.linspace(-np.pi, np.pi, spokes) if around else np.linspace(-SECTOR, SECTOR, spokes)
    r, a = np.meshgrid(radius, angle, indexing="ij")
    points = np.stack([(r * np.cos(a)).ravel(), (r * np.sin(a)).ravel()], 1)
    vertices = np.concatenate([points, land.height(points)[:, None]], 1)
    faces = grid_faces(RINGS, spokes)
    if around:
        faces = faces[:, ::-1]  # so that it is seen from above
    normals = smooth_normals(vertices, faces)
    if around:
        sheet = normals.reshape(RINGS, spokes, 3)
        sheet[:, 0] = sheet[:, -1] = (sheet[:, 0] + sheet[:, -1]) / 2
    return Mesh(vertices, faces, normals=normals), points
