"""Hair on a detailed animal: thin tapering triangles along the skin, as many and as wide as the camera can tell."""

from __future__ import annotations

import numpy as np

from datasets.render.body import Pelt, body
from datasets.render.fauna import Individual
from datasets.render.mesh import Mesh, merge
from datasets.render.noise import Array
from datasets.render.pelage import ripples
from datasets.render.pose import Pose

MOST_HAIRS = 40_000
COVER, THIN = 1.0, 0.3  # area of the hairs against the skin's, close by and where a pixel is wider than `BLURRED`
BLURRED = 0.007  # metres: hairs are not told apart there, but make the picture grainy
FINEST = 0.0012  # metres
ROOT, TIP = 1.0, 1.17  # brightness against the skin: hairs shade each other
LIFT = 0.09  # tangent of the angle between hair and skin


def furred(one: Individual, pose: Pose, rng: np.random.Generator, pixel: float) -> Mesh:
    """An animal with its fur in metres: feet at z = 0, looking along x; one pixel covers `pixel` metres of it."""
    voxel = float(np.clip(1.4 * pixel / one.build.shoulder, 0.017, 0.026))
    bare = body(one.build, pose, rng, voxel)
    return coat(bare, rng, one.hair, pixel)


def coat(pelt: Pelt, rng: np.random.Generator, hair: float, pixel: float) -> Mesh:
    """The pelt with hairs `hair` metres long on the flank, where one pixel covers `pixel` metres."""
    assert pelt.lay is not None
    assert pelt.length is not None
    assert pelt.normals is not None
    assert pelt.colours is not None
    width = max(0.75 * pixel, FINEST)
    corners = pelt.faces
    length = np.maximum(pelt.length[corners].mean(1) * hair, 0.8 * pixel)
    bald = pelt.length[corners].min(1) < 0.02
    a, b, c = (pelt.vertices[corners[:, k]] for k in range(3))
    area = 0.5 * np.sqrt((_cross(b - a, c - a) ** 2).sum(1))
    cover = float(np.interp(pixel, (FINEST, BLURRED), (COVER, THIN)))
    dense = np.where(bald, 0.0, cover * area / (0.5 * width * length))
    total = float(dense.sum())
    count = min(round(total), MOST_HAIRS)
    if count == 0:
        return _plain(pelt)
    width *= max(1.0, total / MOST_HAIRS) ** 0.5
    edges = np.cumsum(dense)
    face = np.searchsorted(edges, (np.arange(count) + rng.random(count)) / count * edges[-1])
    face = np.minimum(face, len(dense) - 1)
    # Hairs lean and differ in brightness by locks.
    locks = np.stack([ripples(rng, pelt.vertices, (0.22, 0.10, 0.05)) for _ in range(2)], 1)
    known = np.concatenate([pelt.vertices, pelt.normals, pelt.lay, pelt.colours, pelt.length[:, None], locks], 1)
    known = known.astype(np.float32)
    first, second = np.sort(rng.random((2, count), np.float32), axis=0)
    at = (known[corners[face, k]] * w[:, None] for k, w in enumerate((first, second - first, 1 - second)))
    found = sum(at).astype(float)
    long = np.maximum(found[:, 12] * hair, 0.8 * pixel) * rng.uniform(0.6, 1.35, count)
    return merge([_plain(pelt), _hairs(found, long, width, rng)])


def _plain(pelt: Pelt) -> Mesh:
    return Mesh(pelt.vertices, pelt.faces, pelt.colours, None, pelt.normals)


def _unit(vectors: Array) -> Array:
    unit: Array = vectors / np.maximum(np.sqrt(np.einsum("ij,ij->i", vectors, vectors)), 1e-9)[:, None]
    return unit


def _cross(a: Array, b: Array) -> Array:
    ax, ay, az = a.T
    bx, by, bz = b.T
    return np.stack([ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx], 1)


def _hairs(found: Array, long: Array, width: float, rng: np.random.Generator) -> Mesh:
    """One triangle per hair, rooted at `found` (n,15): place, normal, lay, colour, length, two random fields."""
    count = len(found)
    root, normal, lay, colour = found[:, :3], _unit(found[:, 3:6]), found[:, 6:9], found[:, 9:12]
    locks = found[:, 13:]
    flat = _unit(lay - np.einsum("ij,ij->i", lay, normal)[:, None] * normal)
    across = _cross(normal, flat)
    lean = 0.25 * locks[:, 0] + 0.18 * rng.standard_normal(count)
    lift = np.clip(LIFT + 0.06 * locks[:, 1] + 0.06 * rng.standard_normal(count), 0.02, 0.5)
    way = _unit(flat + lean[:, None] * across + lift[:, None] * normal)
    wide = _cross(normal, way) * (0.5 * np.minimum(width, 0.6 * long))[:, None]
    tip = root + way * long[:, None]
    tip[:, 2] = np.maximum(tip[:, 2], 0.002)
    vertices = np.stack([root - wide, root + wide, tip], 1).reshape(-1, 3)
    shading = _unit(normal + 0.04 * rng.standard_normal((count, 3)))
    normals = np.stack([shading, shading, _unit(shading + 0.2 * way)], 1).reshape(-1, 3)
    shade = colour * np.exp(0.055 * rng.standard_normal(count) + 0.06 * locks[:, 0])[:, None]
    colours = np.stack([shade * ROOT, shade * ROOT, shade * TIP], 1).reshape(-1, 3)
    return Mesh(vertices, np.arange(3 * count).reshape(-1, 3), np.clip(colours, 0.01, 0.98), None, normals)
