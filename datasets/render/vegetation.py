"""Plants, rocks and logs as meshes whose shade points into a palette: 0-0.5 bark or stone, 0.5-1 leaves."""

from __future__ import annotations

import numpy as np

from datasets.render.mesh import Mesh, ball, grid_faces, merge, quads, tube
from datasets.render.noise import Array, Waves

Rng = np.random.Generator


def _unit(vectors: Array) -> Array:
    unit: Array = vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)
    return unit


def _bark(mesh: Mesh, rng: Rng) -> Mesh:
    assert mesh.shade is not None
    return Mesh(mesh.vertices, mesh.faces, shade=rng.uniform(0.02, 0.48, len(mesh.vertices)))


def blades(rng: Rng, roots: Array, height: float, lean: float, width: float) -> Mesh:
    """Grass: one bent, tapering strip per root (n,3)."""
    count = len(roots)
    turn = rng.uniform(0, 2 * np.pi, count)
    outward = np.stack([np.cos(turn), np.sin(turn), np.zeros(count)], 1)
    side = np.stack([-np.sin(turn), np.cos(turn), np.zeros(count)], 1) * width
    tall = height * rng.uniform(0.45, 1.0, count)[:, None]
    bend = lean * rng.uniform(0.3, 1.4, count)[:, None]
    up = np.array([0.0, 0.0, 1.0])
    middle = roots + tall * (0.6 * up + 0.25 * bend * outward)
    tip = roots + tall * (np.clip(1.0 - 0.25 * bend, 0.3, 1) * up + 0.85 * bend * outward)
    vertices = np.stack([roots - side, roots + side, middle + 0.7 * side, middle - 0.7 * side, tip], 1)
    first = 5 * np.arange(count)[:, None]
    faces = np.concatenate([first + np.array(corner) for corner in ([0, 1, 2], [0, 2, 3], [3, 2, 4])])
    tone = rng.uniform(0.55, 0.8, count)[:, None] + np.array([[-0.05, -0.05, 0.06, 0.06, 0.18]])
    return Mesh(vertices.reshape(-1, 3), faces, shade=tone.ravel())


def grass(rng: Rng, size: float = 1.6, tufts: int = 30, each: int = 16, height: float = 0.22, lean: float = 0.6,
          width: float = 0.006) -> Mesh:  # fmt: skip
    """A patch of tufts within `size` metres."""
    centre = rng.uniform(-size / 2, size / 2, (tufts, 1, 2))
    spread = centre + rng.normal(0, 0.035, (tufts, each, 2))
    roots = np.concatenate([spread, np.full((tufts, each, 1), -0.03)], -1).reshape(-1, 3)
    tall = np.repeat(rng.uniform(0.5, 1.0, tufts), each)
    mesh = blades(rng, roots, height, lean, width)
    vertices = mesh.vertices.reshape(-1, 5, 3)
    vertices = roots[:, None] + (vertices - roots[:, None]) * tall[:, None, None]
    return Mesh(vertices.reshape(-1, 3), mesh.faces, shade=mesh.shade)


def leaves(rng: Rng, centres: Array, count: int, radius: Array, size: float, slim: float = 0.55) -> Mesh:
    """`count` leaves in balls of `radius` (n,) round `centres` (n,3); those inside and below are darker."""
    pick = rng.integers(0, len(centres), count)
    offset = _unit(rng.standard_normal((count, 3))) * rng.random((count, 1)) ** 0.45
    along = _unit(rng.standard_normal((count, 3)) + [0, 0, 0.3] + 0.8 * offset)
    across = _unit(np.cross(along, rng.standard_normal((count, 3)))) * slim
    scale = size * rng.uniform(0.6, 1.25, (count, 1)) / 2
    depth = np.linalg.norm(offset, axis=1) * 0.6 + 0.4 * (offset[:, 2] + 1) / 2
    tone = 0.53 + 0.4 * np.clip(depth + rng.normal(0, 0.13, count), 0, 1.1)
    return quads(centres[pick] + offset * radius[pick, None], along * scale, across * scale, tone)


def limbs(rng: Rng, root: Array, way: Array, length: float, thick: float, depth: int, spread: float
          ) -> tuple[list[Mesh], list[Array]]:  # fmt: skip
    """A branching stem: its tubes and the tips of its twigs."""
    steps = np.linspace(0, 1, 5)[:, None]
    curve = rng.normal(0, 0.12, 3) + np.array([0, 0, 0.1])
    points = root + length * (way * steps + curve * steps**2)
    pieces = [_bark(tube(points, np.linspace(thick, thick * 0.6, 5), 7 if depth > 1 else 5), rng)]
    if depth == 0:
        return pieces, [points[-1], points[3]]
    tips: list[Array] = []
    for _ in range(int(rng.integers(2, 5))):
        start = points[int(rng.integers(2, 5))]
        bent = _unit(way + spread * rng.standard_normal(3) + [0, 0, 0.15])
        more, ends = limbs(rng, start, bent, length * rng.uniform(0.5, 0.75), thick * 0.5, depth - 1, spread)
        pieces, tips = pieces + more, tips + ends
    return pieces, tips


def bush(rng: Rng, height: float, leaf: float, count: int, slim: float = 0.55) -> Mesh:
    """Stems from the ground with leaves at their ends; about as wide as it is high."""
    pieces: list[Mesh] = []
    tips: list[Array] = []
    for _ in range(7):
        way = _unit(np.array([*rng.normal(0, 0.6, 2), 0.9]))
        more, ends = limbs(rng, np.array([0, 0, -0.05]), way, height * rng.uniform(0.4, 0.62), 0.012, 1, 0.55)
        pieces, tips = pieces + more, tips + ends
    centres = np.array(tips)
    cloud = leaves(rng, centres, count, np.full(len(centres), height * 0.22), leaf, slim)
    return merge([*pieces, cloud])


def broadleaf(rng: Rng, height: float, count: int = 3500, bare: float = 0.35) -> Mesh:
    """A tree with a trunk free of branches up to `bare` of its height."""
    thick = height * rng.uniform(0.018, 0.03)
    steps = np.linspace(0, 1, 9)[:, None]
    lean = np.array([*rng.normal(0, 0.06, 2), 0.0])
    trunk = np.array([0, 0, -0.2]) + height * 0.8 * (np.array([0, 0, 1.0]) * steps + lean * steps**2)
    flare = thick * (1.0 - 0.65 * steps[:, 0] + 0.5 * np.exp(-steps[:, 0] * 25))
    pieces, tips = [_bark(tube(trunk, flare, 11), rng)], [trunk[-1]]
    for _ in range(11):
        at = rng.uniform(bare, 1.0)
        turn = rng.uniform(0, 2 * np.pi)
        way = _unit(np.array([np.cos(turn), np.sin(turn), rng.uniform(0.1, 0.8)]))
        root = np.array([0, 0, -0.2]) + height * 0.8 * (np.array([0, 0, at]) + lean * at**2)
        reach = height * rng.uniform(0.14, 0.24) * (1.25 - 0.6 * at)
        more, ends = limbs(rng, root, way, reach, thick * 0.38, 1, 0.45)
        pieces, tips = pieces + more, tips + ends
    centres = np.array(tips)
    radius = height * rng.uniform(0.05, 0.10, len(centres))
    return merge([*pieces, leaves(rng, centres, count, radius, height * 0.022 + 0.03)])


def conifer(rng: Rng, height: float, whorls: int = 26, bare: float = 0.12) -> Mesh:
    """A spruce: whorls of drooping branches, each a fan of needle sprays."""
    thick = height * 0.016
    trunk = np.stack([np.zeros(7), np.zeros(7), np.linspace(-0.2, height, 7)], 1)
    pieces = [_bark(tube(trunk, np.linspace(thick, thick * 0.1, 7), 9), rng)]
    level = np.repeat(np.linspace(bare, 0.98, whorls), 9) + rng.normal(0, 0.008, whorls * 9)
    turn = rng.uniform(0, 2 * np.pi, len(level))
    reach = height * 0.19 * (1.03 - level) ** 0.85 * rng.uniform(0.7, 1.15, len(level)) + 0.1
    outward = np.stack([np.cos(turn), np.sin(turn), np.zeros(len(turn))], 1)
    part = np.tile(np.linspace(0.12, 1.0, 9), len(level))
    branch = np.repeat(np.arange(len(level)), 9)
    droop = (0.15 * part - 0.55 * part**2) * reach[branch]
    centres = outward[branch] * (part * reach[branch])[:, None]
    centres[:, 2] = level[branch] * height + droop
    side = np.stack([-outward[:, 1], outward[:, 0], np.zeros(len(turn))], 1)[branch]
    lean = rng.uniform(-1, 1, (len(branch), 1))
    along = _unit(outward[branch] + lean * side + [0, 0, -0.35]) * (0.14 + 0.035 * reach[branch])[:, None]
    across = _unit(np.cross(along, rng.normal(0, 0.5, along.shape) + np.array([0, 0, 1]))) * 0.06
    tone = np.clip(0.53 + 0.36 * part + rng.normal(0, 0.06, len(part)), 0.51, 0.99)
    return merge([*pieces, quads(centres, along, across, tone)])


def fern(rng: Rng, height: float = 0.5) -> Mesh:
    """Arching fronds with leaflets on both sides."""
    pieces = []
    for turn in np.linspace(0, 2 * np.pi, 9, endpoint=False) + rng.uniform(0, 0.5, 9):
        outward = np.array([np.cos(turn), np.sin(turn), 0])
        s = np.linspace(0.08, 1, 16)[:, None]
        size = height * rng.uniform(0.7, 1.15)
        spine = size * (0.95 * s * outward + np.array([0, 0, 1.0]) * (1.25 * s - 0.85 * s**2))
        side = np.array([-np.sin(turn), np.cos(turn), 0])
        for sign in (1, -1):
            along = (sign * side + 0.35 * outward) * (size * 0.17 * np.sin(np.pi * s**0.7) + 0.01)
            across = np.tile(outward * size * 0.028, (16, 1)) + np.array([0, 0, 0.004])
            pieces.append(quads(spine + along, along, across, 0.6 + 0.3 * s[:, 0] + rng.normal(0, 0.04, 16)))
    return merge(pieces)


def dead_branch(rng: Rng, height: float) -> Mesh:
    """A leafless shrub or snag."""
    pieces: list[Mesh] = []
    for _ in range(int(rng.integers(2, 4))):
        way = _unit(np.array([*rng.normal(0, 0.55, 2), 0.8]))
        pieces += limbs(rng, np.array([0, 0, -0.05]), way, height * 0.5, height * 0.02, 2, 0.5)[0]
    return merge(pieces)


def rock(rng: Rng, size: float) -> Mesh:
    """A boulder, half in the ground; shade follows its relief."""
    shape = ball(np.zeros(3), 1.0, 22).vertices
    bumps = Waves(rng, 3, (1.6, 0.7, 0.3))(shape) * 0.28 + 1
    cuts = _unit(rng.standard_normal((7, 3)))
    vertices = shape * bumps[:, None]
    for normal in cuts:  # a few planes cut off: broken faces
        over = np.maximum(vertices @ normal - 0.78, 0)
        vertices = vertices - 0.9 * over[:, None] * normal
    vertices = vertices * rng.uniform([0.8, 0.7, 0.5], [1.2, 1.1, 0.8]) * size
    tone = 0.25 + 0.2 * Waves(rng, 3, (0.5, 0.2, 0.08))(shape) + rng.normal(0, 0.04, len(shape))
    return Mesh(
        vertices + np.array([0, 0, 0.15 * size]), grid_faces(22, 22, wrap=True), shade=np.clip(tone, 0.02, 0.48)
    )


def log(rng: Rng, length: float) -> Mesh:
    """A fallen trunk along x."""
    x = np.linspace(-length / 2, length / 2, 9)
    points = np.stack([x, 0.05 * np.sin(x * 1.3 + rng.uniform(0, 6)), np.full(9, 0.10)], 1)
    return _bark(tube(points, np.linspace(0.17, 0.11, 9) + rng.normal(0, 0.008, 9), 11), rng)


def prickly_pear(rng: Rng, height: float = 0.7) -> Mesh:
    """Flat pads growing from one another."""
    pieces: list[Mesh] = []
    roots = [(np.array([0.0, 0.0, 0.0]), np.array([0.0, 0.0, 1.0]), 0)]
    while roots and len(pieces) < 26:
        start, way, age = roots.pop(0)
        size = height * 0.2 * rng.uniform(0.8, 1.2)
        flat = _unit(np.cross(way, rng.standard_normal(3)))
        across = np.cross(way, flat)
        unit = ball(np.zeros(3), 1.0, 9)
        local = unit.vertices * [0.16 * size, 0.75 * size, size]
        vertices = start + way * size * 0.9 + local @ np.stack([flat, across, way])
        tone = np.clip(0.75 + 0.12 * unit.vertices[:, 2] + rng.normal(0, 0.05, len(vertices)), 0.51, 0.99)
        pieces.append(Mesh(vertices, unit.faces, shade=tone))
        for _ in range(int(rng.integers(1, 4)) if age < 3 else 0):
            side = rng.uniform(-0.8, 0.8)
            more = _unit(way + side * across + 0.3 * rng.standard_normal(3) + [0, 0, 0.2])
            roots.append((start + way * size * 1.7 + across * side * size * 0.5, more, age + 1))
    return merge(pieces)
