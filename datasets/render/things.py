"""What lies and stands about that no plant is: litter, stones, stumps, fences, walls. Shade as in `vegetation`."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from datasets.render.mesh import Mesh, ball, merge, quads, tube
from datasets.render.noise import Array
from datasets.render.vegetation import Rng, blades, leaves, rock


def _wooden(mesh: Mesh, rng: Rng, low: float = 0.02, high: float = 0.48) -> Mesh:
    return Mesh(mesh.vertices, mesh.faces, shade=rng.uniform(low, high, len(mesh.vertices)))


def _capped(points: Array, radii: Array, sides: int) -> Mesh:
    """A tube (n,3) that is closed at both ends."""
    points = np.concatenate([points[:1], points, points[-1:]])
    points[0] += (points[1] - points[2]) * 1e-3
    points[-1] += (points[-2] - points[-3]) * 1e-3
    return tube(points, np.concatenate([[1e-3], radii, [1e-3]]), sides)


def _flat(rng: Rng, count: int, size: float) -> Array:
    """Points (n,3) on the ground, denser in the middle of a patch of `size` metres."""
    away = size / 2 * np.sqrt(rng.random(count))
    turn = rng.uniform(0, 2 * np.pi, count)
    return np.stack([away * np.cos(turn), away * np.sin(turn), rng.uniform(0.004, 0.02, count)], 1)


def litter(rng: Rng, leaf: float = 0.07, count: int = 420, size: float = 2.2) -> Mesh:
    """Fallen leaves, each tilted its own way."""
    turn = rng.uniform(0, 2 * np.pi, count)
    along = np.stack([np.cos(turn), np.sin(turn), rng.normal(0, 0.30, count)], 1)
    across = np.stack([-np.sin(turn), np.cos(turn), rng.normal(0, 0.30, count)], 1)
    length = leaf / 2 * rng.uniform(0.5, 1.3, (count, 1))
    return quads(_flat(rng, count, size), along * length, across * length * 0.6, rng.uniform(0.52, 0.99, count))


def twigs(rng: Rng, count: int = 34, size: float = 2.4) -> Mesh:
    """Thin sticks lying across one another."""
    pieces = []
    for middle, turn, length in zip(
        _flat(rng, count, size), rng.uniform(0, 2 * np.pi, count), rng.uniform(0.08, 0.8, count), strict=True
    ):
        way = np.array([np.cos(turn), np.sin(turn), rng.normal(0, 0.08)])
        bend = np.array([-way[1], way[0], 0.0]) * rng.normal(0, 0.06) * length
        steps = np.linspace(-0.5, 0.5, 4)[:, None]
        thick = 0.003 + 0.010 * length * rng.random()
        points = middle + way * length * steps + bend * (steps**2) * 4
        pieces.append(tube(points, np.linspace(thick, thick * 0.5, 4), 4))
    return _wooden(merge(pieces), rng, 0.1, 0.48)


def pebbles(rng: Rng, count: int = 70, size: float = 2.2, largest: float = 0.09) -> Mesh:
    """Small stones."""
    pieces = []
    for middle in _flat(rng, count, size):
        radius = largest * rng.random() ** 2.5 + 0.008
        stone = ball(np.zeros(3), 1.0, 6)
        shape = stone.vertices * rng.uniform(0.5, 1.0, 3) * radius * (1 + rng.normal(0, 0.10, (36, 1)))
        shade = np.full(36, rng.uniform(0.05, 0.46)) + rng.normal(0, 0.015, 36)
        pieces.append(Mesh(shape + middle * [1, 1, 0.2], stone.faces, shade=np.clip(shade, 0.02, 0.48)))
    return merge(pieces)


def stump(rng: Rng, height: float = 0.5, radius: float = 0.22) -> Mesh:
    """What is left of a felled tree, its cut pale."""
    z = np.array([-0.1, 0.0, 0.08, 0.2, 0.45, 1.0]) * height * rng.uniform(0.6, 1.5)
    lean = rng.normal(0, 0.08, 2)
    points = np.stack([lean[0] * z, lean[1] * z, z], 1)
    flare = radius * rng.uniform(0.7, 1.3) * np.array([1.7, 1.45, 1.2, 1.05, 1.0, 0.96])
    mesh = _capped(points, flare, 13)
    shade = rng.uniform(0.02, 0.25, len(mesh.vertices))
    shade[-26:] = rng.uniform(0.40, 0.48, 26)
    bulge = 1 + 0.10 * np.sin(np.arange(len(mesh.vertices)) * 2.4)[:, None] * [1, 1, 0]
    return Mesh(mesh.vertices * bulge, mesh.faces, shade=shade)


def fallen(rng: Rng, length: float = 3.0, radius: float = 0.17) -> Mesh:
    """A fallen trunk along x with the stubs of its branches."""
    x = np.linspace(-length / 2, length / 2, 11)
    points = np.stack([x, 0.06 * np.sin(x * 1.3 + rng.uniform(0, 6)), np.full(11, radius * 0.7)], 1)
    pieces = [_capped(points, np.linspace(radius, radius * 0.6, 11) * rng.uniform(0.92, 1.08, 11), 12)]
    for _ in range(int(rng.integers(1, 5))):
        start = points[int(rng.integers(2, 9))]
        way = np.array([rng.normal(0, 0.4), rng.choice([-1, 1]) * rng.uniform(0.2, 1), rng.uniform(0.3, 1.0)])
        stub = start + way * np.linspace(0, rng.uniform(0.2, 0.8), 4)[:, None]
        pieces.append(tube(stub, np.linspace(radius * 0.3, radius * 0.12, 4), 6))
    return _wooden(merge(pieces), rng)


def mound(rng: Rng, size: float = 0.55) -> Mesh:
    """A body-sized hump of earth or stone, longer than it is high."""
    mesh = rock(rng, size)
    return Mesh(mesh.vertices * [1.35, 0.8, 0.95], mesh.faces, shade=mesh.shade)


def bale(rng: Rng, radius: float = 0.6) -> Mesh:
    """A round bale of hay, lying."""
    y = np.linspace(-0.6, 0.6, 7)
    mesh = _capped(np.stack([np.zeros(7), y, np.full(7, radius * 0.92)], 1), np.full(7, radius), 28)
    return _wooden(mesh, rng, 0.55, 0.99)


def fence(rng: Rng, length: float = 7.0) -> Mesh:
    """Posts along x, with rails or with wires."""
    pieces = []
    wires, height = bool(rng.random() < 0.5), rng.uniform(0.9, 1.3)
    for x in np.arange(-length / 2, length / 2 + 0.1, rng.uniform(1.7, 2.4)):
        top = height * rng.uniform(0.97, 1.12)
        points = np.stack([np.full(4, x), np.zeros(4), np.linspace(-0.2, top, 4)], 1)
        pieces.append(_capped(points + rng.normal(0, 0.03, 3) * [0, 1, 0], np.full(4, 0.05), 7))
    for share in (0.3, 0.6, 0.9):
        x = np.linspace(-length / 2, length / 2, 6)
        z = share * height + rng.normal(0, 0.01 if wires else 0.03, 6)
        rail = np.stack([x, np.full(6, 0.05), z], 1)
        pieces.append(tube(rail, np.full(6, 0.004 if wires else 0.04), 5))
    return _wooden(merge(pieces), rng)


def wall(rng: Rng, length: float = 4.5) -> Mesh:
    """A dry stone wall along x."""
    pieces = []
    for row in range(4):
        x = -length / 2
        while x < length / 2:
            width = rng.uniform(0.18, 0.5)
            stone = ball(np.zeros(3), 1.0, 8)
            square = np.sign(stone.vertices) * np.abs(stone.vertices) ** 0.55  # blocks, not balls
            shape = square * [width * 0.52, 0.2 + 0.02 * row, 0.135] * rng.uniform(0.9, 1.08, 3)
            shade = np.clip(rng.uniform(0.1, 0.46) + rng.normal(0, 0.02, 64), 0.02, 0.48)
            middle = np.array([x + width / 2, rng.normal(0, 0.03), 0.1 + 0.24 * row + rng.normal(0, 0.015)])
            pieces.append(Mesh(shape + middle, stone.faces, shade=shade))
            x += width
    return merge(pieces)


def pillar(rng: Rng, height: float = 4.5) -> Mesh:
    """A round column of concrete."""
    z = np.linspace(-0.2, height, 12)
    mesh = tube(np.stack([np.zeros(12), np.zeros(12), z], 1), np.full(12, rng.uniform(0.25, 0.45)), 20)
    stains = np.repeat(np.clip(0.30 + rng.normal(0, 0.06, 12), 0.02, 0.48), 20) + rng.normal(0, 0.02, 240)
    return Mesh(mesh.vertices, mesh.faces, shade=np.clip(stains, 0.02, 0.48))


def flowers(rng: Rng, count: int = 26, height: float = 0.4) -> Mesh:
    """Stems with a few petals each."""
    roots = _flat(rng, count, 1.6) * [1, 1, 0]
    stems = blades(rng, np.repeat(roots, 3, 0), height, 0.25, 0.004)
    heads = roots + np.stack([rng.normal(0, 0.03, count), rng.normal(0, 0.03, count),
                              height * rng.uniform(0.7, 1.0, count)], 1)  # fmt: skip
    pick = np.repeat(np.arange(count), 5)
    along = rng.standard_normal((len(pick), 3)) * 0.012
    across = rng.standard_normal((len(pick), 3)) * 0.009
    return merge([stems, quads(heads[pick] + along, along, across, rng.uniform(0.85, 0.99, len(pick)))])


def reeds(rng: Rng, height: float = 1.5, count: int = 90) -> Mesh:
    """A stand of tall, thin blades."""
    return blades(rng, _flat(rng, count, 0.9) * [1, 1, 0], height, 0.35, 0.012)


def capped_with_snow(make: Callable[[Rng], Mesh], steep: float = 0.55) -> Callable[[Rng], Mesh]:
    """The same thing with snow, the light end of the leaves' palette, on what faces up."""

    def made(rng: Rng) -> Mesh:
        mesh = make(rng)
        assert mesh.shade is not None
        corners = mesh.vertices[mesh.faces]
        normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        up = np.abs(normals[:, 2]) > steep * np.maximum(np.linalg.norm(normals, axis=1), 1e-12)
        shade = mesh.shade.copy()
        shade[np.unique(mesh.faces[up])] = 0.985
        return Mesh(mesh.vertices, mesh.faces, shade=shade)

    return made


def canopy(rng: Rng, radius: float = 4.5, count: int = 1500) -> Mesh:
    """Leaves overhead with gaps between their clusters, for the light that falls through them."""
    clusters = rng.normal(0, radius / 2, (26, 3)) * [1, 1, 0.35]
    return leaves(rng, clusters, count, np.full(26, 0.9), 0.24)
