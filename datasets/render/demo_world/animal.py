"""A four-legged animal as one coloured mesh: signed-distance parts blended, marching cubes, ears and antlers added."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from skimage.measure import marching_cubes

from datasets.render.demo_world.posture import skeleton
from datasets.render.mesh import Index, Mesh, ball, grid_faces, merge, painted, smooth_normals, tube
from datasets.render.noise import Array, Waves
from datasets.render.pose import LEGS, Pose
from datasets.render.species import Build, Coat


@dataclass(frozen=True)
class Part:
    """A capsule with two radii; `width` squeezes it sideways, `blend` is how far it melts into its neighbours."""

    start: Array
    end: Array
    start_radius: float
    end_radius: float
    region: str
    blend: float = 0.03
    width: float = 1.0

    def distance(self, points: Array) -> Array:
        """Signed distance of points (...,3), negative inside."""
        squeeze = np.array([1.0, 1.0 / self.width, 1.0])
        axis = (self.end - self.start) * squeeze
        offset = (points - self.start) * squeeze
        along = np.clip(offset @ axis / max(float(axis @ axis), 1e-9), 0, 1)
        radius = self.start_radius + along * (self.end_radius - self.start_radius)
        gap: Array = np.linalg.norm(offset - along[..., None] * axis, axis=-1) - radius
        return gap


def parts(build: Build, joints: dict[str, Array]) -> list[Part]:
    """The body of an animal, trunk first, in shoulder heights."""
    chest, flank = build.depth / 2, build.depth / 2 * build.tuck
    wide = build.width
    body = [
        Part(joints["chest"], joints["belly"], chest, chest * 0.97, "trunk", 0.05, wide),
        Part(joints["belly"], joints["loin"], chest * 0.95, flank, "trunk", 0.06, wide),
        Part(joints["loin"], joints["rump"], flank, flank * 0.94, "trunk", 0.05, wide * 1.05),
        Part(joints["brisket"], joints["chest"], chest * 0.66, chest * 0.9, "trunk", 0.05, wide),
        Part(joints["withers"], joints["belly"] + [0, 0, chest * 0.75], 0.05, 0.04, "trunk", 0.06, 0.8),
        Part(joints["dock"], joints["rump"], flank * 0.42, flank * 0.9, "trunk", 0.05, wide),
        Part(joints["dock"], joints["tail"], build.tail_radius * 1.1, build.tail_radius * 0.8, "tail", 0.015),
        *_neck_and_head(build, joints),
    ]
    for name in LEGS:
        body += _leg(build, [joints[f"{name}_{i}"] for i in range(5)], name.startswith("front"))
    return body


def _neck_and_head(build: Build, joints: dict[str, Array]) -> list[Part]:
    poll, nose = joints["poll"], joints["nose"]
    middle = (build.neck_base + build.neck_top) / 2 * 0.94
    ahead = (nose - poll) / np.linalg.norm(nose - poll)
    brow = poll + ahead * build.skull * 1.05
    chin = nose - ahead * build.head * 0.35 - np.array([0, 0, 0.3 * build.muzzle_radius])
    return [
        Part(joints["neck"], joints["nape"], build.neck_base, middle, "neck", 0.06, 0.82),
        Part(joints["nape"], poll, middle, build.neck_top, "neck", 0.03, 0.85),
        Part(poll, brow, build.skull * 0.92, build.skull, "head", 0.025, 0.9),
        Part(brow, nose - ahead * build.muzzle_radius, build.skull * 0.85, build.muzzle_radius, "head", 0.02, 0.92),
        Part(chin, nose - ahead * build.muzzle_radius, build.muzzle_radius, build.muzzle_radius * 0.95, "head", 0.01),
    ]


def _leg(build: Build, points: list[Array], front: bool) -> list[Part]:
    thick = build.leg
    top, upper, knee, shank, fetlock = (
        (0.115, 0.062, 0.034, 0.022, 0.026) if front else (0.15, 0.082, 0.036, 0.024, 0.028)
    )
    top *= build.depth / 0.4
    hip, bend, joint, ankle, toe = points
    foot = (0.030, 0.034) if build.paws else (0.024, 0.030)
    return [
        Part(hip, bend, top, upper * thick, "trunk", 0.045, 0.62),
        Part(bend, joint, upper * thick, knee * thick, "thigh", 0.03, 0.8),
        Part(joint, joint * 0.5 + ankle * 0.5, knee * thick * 1.02, shank * thick, "shin", 0.012),
        Part(joint * 0.5 + ankle * 0.5, ankle, shank * thick, fetlock * thick, "shin", 0.01),
        Part(ankle, toe, foot[0] * thick, foot[1] * thick, "hoof", 0.008),
    ]


def blended(body: list[Part], voxel: float) -> tuple[Array, Index]:
    """The surface of the blended parts: vertices (n,3) and faces (m,3), normals outward."""
    reach = np.array([max(p.start_radius, p.end_radius) for p in body])[:, None] + 0.06
    low = np.minimum([p.start for p in body], [p.end for p in body]) - reach
    high = np.maximum([p.start for p in body], [p.end for p in body]) + reach
    origin = low.min(0)
    shape = np.ceil((high.max(0) - origin) / voxel).astype(int) + 1
    field = np.full(shape, 0.5)
    for part, lowest, highest in zip(body, low, high, strict=True):
        first = np.floor((lowest - origin) / voxel).astype(int)
        last = np.ceil((highest - origin) / voxel).astype(int) + 1
        box = tuple(slice(a, b) for a, b in zip(first, last, strict=True))
        axes = [origin[k] + voxel * np.arange(first[k], min(last[k], shape[k])) for k in range(3)]
        gap = part.distance(np.stack(np.meshgrid(*axes, indexing="ij"), -1))
        old = field[box]
        melt = np.maximum(part.blend - np.abs(old - gap), 0.0) / part.blend
        field[box] = np.minimum(old, gap) - melt * melt * part.blend / 4
    vertices, faces, _, _ = marching_cubes(field, 0.0, spacing=(voxel,) * 3)
    return vertices.astype(float) + origin, faces.astype(np.int64)


def coloured(vertices: Array, normals: Array, body: list[Part], joints: dict[str, Array], coat: Coat, build: Build,
             rng: np.random.Generator) -> Array:  # fmt: skip
    """sRGB colours (n,3): each region's own, melting into its neighbours, darker on the back, pale below and behind."""
    regions = ["trunk", "neck", "head", "tail", "thigh", "shin", "hoof"]
    base = np.array([coat.body, coat.body, coat.face, coat.tail, coat.body, coat.legs, coat.hoof])
    weights = np.zeros((len(vertices), len(regions)))
    for part in body:
        column = regions.index(part.region)
        weights[:, column] = np.maximum(weights[:, column], np.exp(-np.maximum(part.distance(vertices), -0.01) / 0.008))
    weights /= weights.sum(1, keepdims=True)
    colours = weights @ base
    torso = weights[:, 0] + weights[:, 1]
    colours = _over(colours, coat.back, torso * np.clip(normals[:, 2], 0, 1) ** 2 * 0.8)
    colours = _over(
        colours, coat.belly, (weights[:, 0] + 0.6 * weights[:, 4]) * np.clip(-normals[:, 2] * 1.6 - 0.3, 0, 1)
    )
    behind = np.linalg.norm((vertices - joints["dock"] + [0.03, 0, 0.07]) / [0.10, 0.11, 0.14], axis=1)
    colours = _over(
        colours, coat.rump, np.clip(1.6 - 1.3 * behind, 0, 1) * (weights[:, 3] < 0.5) * (normals[:, 0] < 0.2)
    )
    colours = _face(colours, vertices, normals, weights[:, 2], weights[:, 1], joints, coat, build)
    tip = np.linalg.norm(vertices - joints["tail"], axis=1) < max(0.045, 0.25 * build.tail_length)
    colours = _over(colours, coat.tail_tip, tip * (weights[:, 3] > 0.4))
    fur = Waves(rng, 3, (0.3, 0.08, 0.04))(vertices * [0.7, 1, 1]) + 0.5 * rng.standard_normal(len(vertices))
    return np.clip(colours * (1 + coat.mottle * fur[:, None]), 0.02, 0.98)


def _over(colours: Array, colour: tuple[float, float, float], amount: Array) -> Array:
    return colours + (np.asarray(colour) - colours) * np.clip(amount, 0, 1)[:, None]


def _face(colours: Array, vertices: Array, normals: Array, head: Array, neck: Array, joints: dict[str, Array],
          coat: Coat, build: Build) -> Array:  # fmt: skip
    poll, nose = joints["poll"], joints["nose"]
    axis = (nose - poll) / build.head
    along = (vertices - poll) @ axis / build.head
    upper = np.array([0.0, 0.0, 1.0]) - axis[2] * axis
    facing = normals @ (upper / max(np.linalg.norm(upper), 1e-6))
    colours = _over(colours, coat.crown, head * np.clip(facing * 1.5, 0, 1) * np.clip(1.2 - 2.2 * along, 0, 1))
    colours = _over(colours, coat.muzzle, head * np.clip((along - 0.52) * 5, 0, 1) * (1 - 0.7 * np.clip(facing, 0, 1)))
    throat = np.exp(-(((np.linalg.norm(vertices - poll, axis=1) - 0.06) / 0.16) ** 2)) * np.clip(-facing * 1.4, 0, 1)
    colours = _over(colours, coat.throat, np.minimum(neck + head, 1) * throat)
    return _over(colours, (0.05, 0.045, 0.04), head * np.clip((along - 0.93) * 16, 0, 1))


def head_ornaments(build: Build, pose: Pose, joints: dict[str, Array], eye: tuple[float, float, float]) -> list[Mesh]:
    """Ears, eyes and antlers."""
    poll, nose = joints["poll"], joints["nose"]
    ahead = (nose - poll) / np.linalg.norm(nose - poll)
    left = np.cross([0.0, 0.0, 1.0], ahead)
    left /= max(float(np.linalg.norm(left)), 1e-6)
    crown = np.cross(ahead, left)
    pieces: list[Mesh] = []
    for side in (1.0, -1.0):
        up = crown * 0.85 - ahead * 0.5
        outward = np.cos(build.ear_spread) * up + np.sin(build.ear_spread) * side * left
        root = poll + crown * build.skull * 0.65 + side * left * build.skull * 0.6
        front = ahead * np.cos(pose.ear_turn) + side * left * np.sin(pose.ear_turn)
        pieces += _ear(build, root, outward / np.linalg.norm(outward), front)
        socket = poll + ahead * build.head * 0.38 + side * left * build.skull * 0.66 + crown * build.skull * 0.32
        pieces.append(painted(ball(socket, build.skull * 0.24), eye))
        if build.antlers:
            pieces += _antler(build.antlers, poll + crown * build.skull * 0.7, crown, -ahead, side * left)
    return pieces


def _ear(build: Build, root: Array, along: Array, front: Array) -> list[Mesh]:
    """A cupped leaf with a dark back and a pale inside."""
    across = np.cross(along, front)
    across /= max(float(np.linalg.norm(across)), 1e-6)
    facing = np.cross(across, along)
    length, width = np.meshgrid(np.linspace(0, 1, 9), np.linspace(-1, 1, 7), indexing="ij")
    profile = (
        build.ear_width * (0.35 + 1.1 * np.sin(np.pi * length**0.9) ** 0.8) * np.sqrt(np.clip(1.02 - length**3, 0, 1))
    )
    inner = (
        root
        + (length * build.ear)[..., None] * along
        + (width * profile)[..., None] * across
        + (profile * 0.6 * width**2)[..., None] * facing
    )
    faces = grid_faces(9, 7)
    inside = Mesh(inner.reshape(-1, 3) + 0.006 * facing, faces)
    rim = np.abs(width.reshape(-1, 1)) > 0.8
    pale, dark = np.asarray(build.coat.ear_inside), np.asarray(build.coat.ear)
    outside = Mesh(inner.reshape(-1, 3) - 0.008 * facing, faces)
    inside = painted(inside, (0, 0, 0))
    return [
        Mesh(inside.vertices, inside.faces, np.where(rim, dark * 0.7, pale), None, inside.normals),
        painted(outside, tuple(dark)),
    ]


def _antler(length: float, root: Array, up: Array, back: Array, out: Array) -> list[Mesh]:
    """A beam that forks twice, as a mule deer's."""

    def beam(start: Array, direction: Array, bend: Array, size: float, thick: float) -> tuple[Mesh, Array]:
        steps = np.linspace(0, 1, 6)[:, None]
        points = start + size * (direction * steps + bend * steps**2)
        return painted(tube(points, np.linspace(thick, thick * 0.55, 6), 6), (0.50, 0.41, 0.31)), points[-1]

    stem, fork = beam(root, 0.55 * up + 0.45 * back + 0.6 * out, 0.35 * up - 0.2 * back, length * 0.55, 0.020)
    pieces = [stem]
    for lean in (-0.55, 0.35):
        tine, tip = beam(fork, 0.8 * up + lean * back + 0.25 * out, 0.2 * up - 0.15 * out, length * 0.40, 0.014)
        pieces.append(tine)
        for twist in (-0.5, 0.4):
            pieces.append(beam(tip, 0.9 * up + (twist + 0.3 * lean) * back, 0.1 * up, length * 0.27, 0.009)[0])
    return pieces


def animal(build: Build, pose: Pose, rng: np.random.Generator, voxel: float = 0.018, eyeshine: bool = False) -> Mesh:
    """The animal in metres: feet at z = 0, looking along x.

    `voxel` is the grid's step in shoulder heights; `eyeshine` gives the eyes the glow that a flash does.
    """
    joints = skeleton(build, pose)
    body = parts(build, joints)
    vertices, faces = blended(body, voxel)
    normals = smooth_normals(vertices, faces)
    colours = coloured(vertices, normals, body, joints, build.coat, build, rng)
    eye = (1.0, 1.0, 1.0) if eyeshine else (0.04, 0.03, 0.03)
    whole = merge([Mesh(vertices, faces, colours, None, normals), *head_ornaments(build, pose, joints, eye)])
    return Mesh(whole.vertices * build.shoulder, whole.faces, whole.colours, None, whole.normals)
