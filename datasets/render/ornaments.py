"""What stands on a detailed animal's head: ears, eyes, antlers, horns, tusks."""

from __future__ import annotations

import numpy as np

from datasets.render.mesh import Mesh, ball, grid_faces, painted, tube
from datasets.render.noise import Array
from datasets.render.pose import Pose
from datasets.render.species import Anatomy, Build, Colour

ANTLER = (0.43, 0.35, 0.265)
HORN = (0.55, 0.49, 0.40)
IVORY = (0.80, 0.76, 0.66)


def ornaments(build: Build, pose: Pose, found: dict[str, Array], eye: Colour) -> list[Mesh]:
    """Meshes with colours and normals, in shoulder heights."""
    anatomy = build.anatomy
    ahead, left, crown, poll = found["ahead"], found["left"], found["crown"], found["poll"]
    skull = build.skull
    pieces: list[Mesh] = []
    for sign in (1.0, -1.0):
        side = sign * left
        up = crown * 0.88 - ahead * 0.42
        way = np.cos(build.ear_spread) * up + np.sin(build.ear_spread) * side
        root = poll + ahead * 0.05 * build.head + crown * skull * 0.62 + side * skull * 0.56
        turn = 0.55 + pose.ear_turn * sign
        pieces += _ear(build, anatomy, root, way / np.linalg.norm(way), ahead * np.cos(turn) + side * np.sin(turn))
        forward = 0.37 + 0.10 * (0.72 - anatomy.eyes)
        socket = poll + ahead * build.head * forward + side * skull * anatomy.eyes + crown * skull * 0.26
        pieces.append(painted(ball(socket, skull * 0.17), eye))
        if build.antlers and anatomy.palms:
            pieces += _elk_antler(build.antlers, poll + crown * skull * 0.8 + 0.35 * skull * side, crown, ahead, side)
        elif build.antlers:
            pieces += _deer_antler(build.antlers, poll + crown * skull * 0.8 + 0.40 * skull * side, crown, ahead, side)
        if anatomy.horns:
            root = poll + crown * skull * 0.55 + side * skull * 0.5
            pieces.append(_spike(root, side, 0.9 * crown + 0.5 * ahead, anatomy.horns, 0.028, HORN))
        if anatomy.tusks:
            root = poll + ahead * build.head * 0.80 + side * build.muzzle_radius * 0.8 - crown * skull * 0.75
            pieces.append(_spike(root, 0.8 * side + 0.4 * crown, 1.2 * crown, anatomy.tusks, 0.013, IVORY))
    return pieces


def _ear(build: Build, anatomy: Anatomy, root: Array, along: Array, front: Array) -> list[Mesh]:
    """A cupped leaf: dark back and rim, pale inside, round or pointed."""
    across = np.cross(along, front)
    across /= max(float(np.linalg.norm(across)), 1e-6)
    facing = np.cross(across, along)
    rows, columns = 9, 7
    length, width = np.meshgrid(np.linspace(0, 1, rows), np.linspace(-1, 1, columns), indexing="ij")
    pointed = 1.0 - anatomy.ear_tip * 0.35
    leaf = (0.55 + 0.75 * np.sin(np.pi * np.clip(length, 0, 1) ** 0.85) ** 0.8) * np.clip(1 - length**2.6, 0, 1) ** (
        0.5 / pointed
    )
    profile = build.ear_width * leaf
    sheet = (
        root
        + (length * build.ear - 0.08 * build.ear)[..., None] * along
        + (width * profile)[..., None] * across
        + (profile * (0.75 - 0.35 * length) * width**2 - 0.10 * build.ear * np.sin(np.pi * length))[..., None] * facing
    )
    faces = grid_faces(rows, columns)
    rim = np.clip(np.abs(width.reshape(-1, 1)) * 2.2 - 1.2, 0, 1)
    tip = np.clip(length.reshape(-1, 1) * 3 - 2.2, 0, 1)
    pale, dark = np.asarray(build.coat.ear_inside), np.asarray(build.coat.ear)
    edge = np.maximum(rim, tip)
    inside = painted(Mesh(sheet.reshape(-1, 3) + 0.003 * facing, faces), (0, 0, 0))
    depth = 0.72 + 0.28 * np.clip(length.reshape(-1, 1) * 1.5, 0, 1)
    outside = painted(Mesh(sheet.reshape(-1, 3) - 0.004 * facing, faces), tuple(dark))
    shade = np.broadcast_to(pale * depth * (1 - edge) + dark * 0.8 * edge, (len(inside.vertices), 3))
    return [
        Mesh(inside.vertices, faces, np.array(shade), None, inside.normals),
        Mesh(outside.vertices, faces, dark * (1 - 0.4 * tip), None, outside.normals),
    ]


def _spike(root: Array, way: Array, bend: Array, size: float, thick: float, colour: Colour) -> Mesh:
    """A tapering, bent horn, tusk or tine."""
    steps = np.linspace(0, 1, 7)[:, None]
    points = root + size * (way * steps + 0.5 * bend * steps**2)
    return painted(tube(points, thick * (1.02 - np.linspace(0, 1, 7) ** 1.5), 6), colour)


def _beam(points: Array, thick: float) -> Mesh:
    return painted(tube(points, np.linspace(thick, thick * 0.55, len(points)), 7), ANTLER)


def _deer_antler(size: float, root: Array, up: Array, ahead: Array, out: Array) -> list[Mesh]:
    """A beam out and up that forks twice, and a short brow tine."""
    t = np.linspace(0, 1, 7)[:, None]
    stem = root + size * 0.52 * (t * (0.62 * up - 0.42 * ahead + 0.62 * out) + t**2 * (0.40 * up + 0.25 * ahead))
    pieces = [_beam(stem, 0.022), _spike(stem[1], 0.9 * up + 0.35 * ahead, 0.3 * up, size * 0.13, 0.010, ANTLER)]
    for lean, long in ((0.62, 0.44), (-0.42, 0.40)):
        arm = stem[-1] + size * long * 0.6 * (
            t * (0.75 * up + lean * ahead + 0.32 * out) + t**2 * (0.3 * up - 0.30 * out)
        )
        pieces.append(_beam(arm, 0.0155))
        for twist in (0.55, -0.40):
            way = 0.9 * up + (0.4 * lean + twist) * ahead - 0.05 * out
            pieces.append(_spike(arm[-1], way, 0.3 * up, size * long * 0.62, 0.0095, ANTLER))
    return pieces


def _elk_antler(size: float, root: Array, up: Array, ahead: Array, out: Array) -> list[Mesh]:
    """A long beam swept back, with brow tines ahead and points along its front."""
    t = np.linspace(0, 1, 12)[:, None]
    beam = root + size * (t * (0.55 * up - 0.55 * ahead + 0.55 * out) + t**2 * (0.25 * up - 0.25 * ahead - 0.25 * out))
    pieces = [_beam(beam, 0.022)]
    for node, long, lean in ((0, 0.30, 1.0), (1, 0.30, 0.9), (4, 0.26, 0.55), (7, 0.30, 0.25), (9, 0.22, 0.0)):
        way = (0.55 - 0.25 * lean) * up + lean * ahead + 0.25 * out
        pieces.append(_spike(beam[node], way + 0.35 * up, 0.9 * up, size * long * 0.8, 0.014, ANTLER))
    return pieces
