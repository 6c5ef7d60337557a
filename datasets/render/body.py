"""A detailed animal's bare body: muscles, neck and head as blended parts on a grid, coloured, with the lay of its hair.

Distances of a part are computed in its own box only and from terms of one axis each, in single precision.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from skimage.measure import marching_cubes

from datasets.render.mesh import Index, Mesh, merge
from datasets.render.muscles import Muscle, muscles
from datasets.render.noise import Array
from datasets.render.ornaments import ornaments
from datasets.render.pelage import colours, ripples
from datasets.render.pose import Pose
from datasets.render.skeleton import joints
from datasets.render.species import Build

Single = NDArray[np.float32]
REACH = 0.045  # beyond it a part has no say in a point's colour


@dataclass(frozen=True)
class Pelt(Mesh):
    """A coloured mesh with, per vertex, where its hair points (n,3) and how long it is against the flank's (n,)."""

    lay: Array | None = None
    length: Array | None = None


def body(build: Build, pose: Pose, rng: np.random.Generator, voxel: float = 0.018) -> Pelt:
    """The animal in metres: feet at z = 0, looking along x. `voxel` is the grid's step in shoulder heights."""
    found = joints(build, pose)
    flesh = muscles(build, found)
    vertices, faces, normals = surface(flesh, voxel)
    weights = shares(flesh, vertices)
    painted = colours(build, found, flesh, weights, vertices, normals, rng)
    # Small dents keep the skin from looking turned on a lathe.
    vertices = vertices + normals * (0.006 * ripples(rng, vertices, (0.22, 0.12)))[:, None]
    lay = weights @ np.array([part.flow for part in flesh])
    length = weights @ np.array([part.hair for part in flesh])
    eye = (0.035, 0.03, 0.03)
    whole = merge([Mesh(vertices, faces, painted, None, normals), *ornaments(build, pose, found, eye)])
    rest = len(whole.vertices) - len(vertices)
    return Pelt(
        whole.vertices * build.shoulder,
        whole.faces,
        whole.colours,
        None,
        whole.normals,
        np.concatenate([lay, np.zeros((rest, 3))]),
        np.concatenate([length, np.zeros(rest)]),
    )


def surface(flesh: list[Muscle], voxel: float) -> tuple[Array, Index, Array]:
    """Vertices (n,3), faces (m,3) and unit normals (n,3), outward, of the parts melted together; flat at z = 0."""
    reach = np.array([part.blend + 2 * voxel for part in flesh])[:, None]
    starts, ends = np.array([p.start for p in flesh]), np.array([p.end for p in flesh])
    first_radius = np.array([p.start_radius for p in flesh])[:, None]
    last_radius = np.array([p.end_radius for p in flesh])[:, None]
    low = np.minimum(starts - first_radius, ends - last_radius) - reach
    high = np.maximum(starts + first_radius, ends + last_radius) + reach
    low[:, 2] = np.maximum(low[:, 2], -2 * voxel)
    origin = low.min(0)
    shape = np.ceil((high.max(0) - origin) / voxel).astype(int) + 1
    field = np.full(shape, 0.5, np.float32)
    lines = [(origin[k] + voxel * np.arange(shape[k])).astype(np.float32) for k in range(3)]
    firsts = np.maximum(np.floor((low - origin) / voxel).astype(int), 0)
    lasts = np.ceil((high - origin) / voxel).astype(int) + 1
    for part, first, last in zip(flesh, firsts, lasts, strict=True):
        box = tuple(slice(a, b) for a, b in zip(first, last, strict=True))
        gap = _on_grid(part, [line[b] for line, b in zip(lines, box, strict=True)])
        old = field[box]
        melt = np.abs(old - gap)
        np.subtract(np.float32(part.blend), melt, out=melt)
        np.maximum(melt, 0, out=melt)
        np.minimum(old, gap, out=gap)
        melt *= melt
        melt *= np.float32(0.25 / part.blend)
        np.subtract(gap, melt, out=old)
    np.maximum(field, -lines[2], out=field)
    vertices, faces, normals, _ = marching_cubes(field, 0.0, spacing=(voxel,) * 3)
    return vertices.astype(float) + origin, faces.astype(np.int64), -normals.astype(float)


def _on_grid(part: Muscle, lines: list[Single]) -> Single:
    """Signed distances of a part at the points of a grid, given its three axes."""
    x, y, z = (line - np.float32(s) for line, s in zip(lines, part.start, strict=True))
    axis = part.axis
    metric = np.eye(3) + (part.width**-2 - 1) * np.outer(part.side, part.side)
    pulled = metric @ axis
    squared = float(axis @ pulled) + 1e-9

    def plane(vector: Array) -> Single:
        a, b, c = (np.float32(v) for v in vector)
        total: Single = (a * x)[:, None, None] + (b * y)[:, None] + c * z
        return total

    along = plane(pulled)
    along *= np.float32(1 / squared)
    near = np.clip(along, 0, 1)
    gap: Single = (x * x)[:, None, None] + (y * y)[:, None] + z * z
    if part.width != 1.0:
        across = plane(part.side)
        across *= across
        across *= np.float32(part.width**-2 - 1)
        gap += across
    along *= -2
    along += near
    along *= near
    along *= np.float32(squared)
    gap += along
    np.maximum(gap, 0, out=gap)
    np.sqrt(gap, out=gap)
    near *= np.float32(part.end_radius - part.start_radius)
    near += np.float32(part.start_radius)
    gap -= near
    return gap


def shares(flesh: list[Muscle], points: Array) -> Array:
    """How much each point (n,3) on the surface belongs to each part: (n,parts), rows sum to one."""
    place = np.ascontiguousarray(points.T, np.float32)
    weights = np.zeros((len(points), len(flesh)), np.float32)
    weights[:, 0] = 1e-6
    for k, part in enumerate(flesh):
        low = np.minimum(part.start - part.start_radius, part.end - part.end_radius) - REACH
        high = np.maximum(part.start + part.start_radius, part.end + part.end_radius) + REACH
        near = np.ones(len(points), bool)
        for line, lowest, highest in zip(place, low, high, strict=True):
            near &= line > lowest
            near &= line < highest
        index = np.flatnonzero(near)
        gap = _at_points(part, place[:, index])
        weights[index, k] = np.exp(np.float32(-100) * np.maximum(gap, np.float32(-0.012)))
    weights /= weights.sum(1, keepdims=True)
    return weights.astype(float)


def _at_points(part: Muscle, place: Single) -> Single:
    """Signed distances of a part at points (3,n)."""
    offset = place - part.start.astype(np.float32)[:, None]
    across = part.side.astype(np.float32) @ offset
    pinch = np.float32(part.width**-2 - 1)
    axis = part.axis
    pulled = axis + float(pinch) * float(axis @ part.side) * part.side
    squared = np.float32(axis @ pulled + 1e-9)
    along = pulled.astype(np.float32) @ offset / squared
    near = np.clip(along, 0, 1)
    gap = np.einsum("kn,kn->n", offset, offset) + pinch * across * across + squared * near * (near - 2 * along)
    found: Single = np.sqrt(np.maximum(gap, 0)) - np.float32(part.start_radius)
    found -= near * np.float32(part.end_radius - part.start_radius)
    return found
