"""Where the joints of a detailed animal are: trunk, neck as a curve, and legs that reach for their footprints."""

from __future__ import annotations

import numpy as np

from datasets.render.noise import Array
from datasets.render.pose import LEGS, PHASES, Pose, direction
from datasets.render.species import Anatomy, Build

# Turns by which each foot is ahead in its step.
GAITS = {
    "walk": PHASES,
    "trot": {"front_left": 0.0, "front_right": 0.5, "hind_left": 0.5, "hind_right": 0.0},
    "gallop": {"front_left": 0.46, "front_right": 0.58, "hind_left": 0.0, "hind_right": 0.10},
}
# A standing leg below the shoulder or hip, in heights of that joint: (forward, height) of elbow or stifle, knee or
# hock, fetlock, toe.
RESTS = {
    "hoof": (((-0.14, 0.76), (-0.10, 0.425), (-0.115, 0.13), (-0.045, 0.035)),
             ((0.15, 0.70), (-0.17, 0.46), (-0.125, 0.125), (-0.06, 0.035))),
    "paw": (((-0.15, 0.76), (-0.13, 0.26), (-0.10, 0.075), (0.0, 0.05)),
            ((0.20, 0.67), (-0.20, 0.32), (-0.16, 0.075), (-0.05, 0.05))),
    "hop": (((-0.20, 0.62), (-0.02, 0.26), (0.02, 0.09), (0.14, 0.07)),
            ((0.42, 0.50), (-0.10, 0.14), (0.28, 0.075), (0.46, 0.065))),
}  # fmt: skip
NECK_NODES = 6
NOSE_FLOOR = 0.05


AXES = ("ahead", "left", "crown")  # of the head, as unit vectors among the joints


def joints(build: Build, pose: Pose) -> dict[str, Array]:
    """Joint name -> (3,) in shoulder heights, `neck` (NECK_NODES,3), and AXES; z = 0 is the ground, x ahead."""
    anatomy = build.anatomy
    found = _trunk(build, anatomy, pose)
    found |= _neck_and_head(build, anatomy, pose, found)
    for name in LEGS:
        side = 1.0 if name.endswith("left") else -1.0
        solve = _folded if pose.lying else _leg
        for index, point in enumerate(solve(build, anatomy, pose, name, side, found)):
            found[f"{name}_{index}"] = point
    found["tail"] = found["dock"] + _tail_way(build, anatomy, pose, found["dock"]) * build.tail_length
    return found


def _trunk(build: Build, anatomy: Anatomy, pose: Pose) -> dict[str, Array]:
    half, radius = build.trunk / 2, build.depth / 2
    flank = radius * build.tuck
    croup = anatomy.croup
    saddle = 0.5 * (1.0 - anatomy.hump + croup) - 0.025
    places = {
        "withers": (half - 0.27, 0.985 - 0.05),
        "chest": (half - 0.24, 0.99 - radius),
        "brisket": (half - 0.09 - 0.25 * radius, 0.98 - 1.12 * radius),
        "belly": (-0.02, saddle - radius * 0.98),
        "loin": (-half + 0.30, 0.5 * (saddle + croup) - flank),
        "rump": (-half + 0.03 + 0.72 * flank, croup - 0.015 - flank * 0.90),
        "dock": (-half + 0.02, croup - 0.085 - 0.1 * radius),
        "shoulder": (half - 0.13, 0.99 - build.depth * 0.60),
        "hip": (-half + 0.19, croup - build.depth * 0.42),
    }
    if anatomy.limbs == "hop":  # a hunched back that falls to a low tail
        places["loin"] = (-half + 0.42, croup - flank)
        places["rump"] = (-half + 0.40, croup - 1.12 * flank)
        places["dock"] = (-half + 0.06, croup - 1.25 * flank)
    centre = np.array([0.0, 0.7])
    turn = np.array([[np.cos(pose.pitch), -np.sin(pose.pitch)], [np.sin(pose.pitch), np.cos(pose.pitch)]])
    drop = 0.99 - build.depth * 0.99 - 0.01 if pose.lying else -pose.rise
    found: dict[str, Array] = {}
    for name, place in places.items():
        x, z = centre + turn @ (np.asarray(place) - centre)
        found[name] = np.array([x, 0.0, z - drop])
    return found


def _neck_and_head(build: Build, anatomy: Anatomy, pose: Pose, found: dict[str, Array]) -> dict[str, Array]:
    """The neck bends evenly along its length; a muzzle that would touch the ground is raised."""
    base = found["chest"] + np.array([0.10, 0.0, 0.36 * build.depth - 0.5 * build.neck_base])
    down = np.clip(-pose.neck_pitch, 0, 1)
    reach = (build.neck + 0.06) * (1 + 0.25 * down)  # the first part lies within the trunk; a grazing animal stretches
    along = np.linspace(0, 1, NECK_NODES)
    turning = along**1.3
    ahead = direction(pose.head_pitch, pose.neck_yaw + pose.head_yaw)
    neck = np.zeros((NECK_NODES, 3))
    nose = neck[-1]
    pitch = pose.neck_pitch - (anatomy.stoop if pose.neck_pitch > 0 and not pose.lying else 0.0)
    for _ in range(60):
        bend = 0.5 * np.tanh(2.5 * pitch)
        pitches = pitch + bend * (along[1:] - 0.55)
        steps = np.stack([direction(p, pose.neck_yaw * t) for p, t in zip(pitches, turning[1:], strict=True)])
        neck = np.concatenate([base[None], base + np.cumsum(steps, 0) * reach / (NECK_NODES - 1)])
        nose = neck[-1] + ahead * build.head
        if nose[2] >= NOSE_FLOOR + build.muzzle_radius * 0.6:
            break
        pitch += 0.05
    left = np.cross([0.0, 0.0, 1.0], ahead)
    left /= max(float(np.linalg.norm(left)), 1e-6)
    return {"neck": neck, "poll": neck[-1], "nose": nose, "ahead": ahead, "left": left, "crown": np.cross(ahead, left)}


def _tail_way(build: Build, anatomy: Anatomy, pose: Pose, dock: Array) -> Array:
    """Unit vector from the dock to the tail's end."""
    lift = pose.tail_lift * 0.8 + (0.75 if pose.motion == "gallop" else 0.0)
    hang = {"flag": -1.25, "brush": -0.95, "switch": -1.42, "plume": -1.42, "thin": -1.3, "stub": -0.7, "puff": 0.5}[
        anatomy.tail
    ]
    if pose.lying:  # the tail's end lies on the ground
        fall = (dock[2] - build.tail_radius) / build.tail_length
        hang, lift = max(hang, -float(np.arcsin(np.clip(fall, 0, 1)))), 0.0
    way: Array = direction(min(hang + lift, 1.2), pose.tail_swing) * np.array([-1.0, 1.0, 1.0])
    return way


def _footprint(pose: Pose, name: str, height: float) -> tuple[float, float]:
    """How far a foot is ahead of where it rests, and how high it is lifted."""
    index = LEGS.index(name)
    if pose.motion == "stand":
        return height * (0.5 * pose.gait * (1 if index % 2 else -1) + pose.stance[index]), pose.paw * (index == 0)
    turn = 2 * np.pi * (pose.phase + GAITS[pose.motion][name])
    reach = height * (0.95 if pose.motion == "gallop" else 0.8) * float(np.sin(pose.gait))
    high = {"walk": 0.11, "trot": 0.16, "gallop": 0.24}[pose.motion] * height
    return reach * float(np.sin(turn)), high * max(0.0, float(np.cos(turn))) + 0.7 * max(0.0, pose.rise)


def _leg(build: Build, anatomy: Anatomy, pose: Pose, name: str, side: float, found: dict[str, Array]) -> list[Array]:
    """Shoulder or hip, elbow or stifle, knee or hock, fetlock, toe."""
    front = name.startswith("front")
    top = found["shoulder" if front else "hip"]
    tall = 0.99 - build.depth * 0.60 if front else anatomy.croup - build.depth * 0.42
    rest = np.array([(0.0, 1.0), *RESTS[anatomy.limbs][0 if front else 1]]) * tall
    bones = np.linalg.norm(np.diff(rest, axis=0), axis=1)
    ahead, lift = _footprint(pose, name, tall)
    # The toe stays where the trunk rests, however the trunk is pitched.
    home = (build.trunk / 2 - 0.13) if front else (-build.trunk / 2 + 0.19)
    toe = np.array([home + rest[4, 0] + ahead, rest[4, 1] + lift])
    fold = -min(1.5, 6.0 * lift / tall) if lift > 0 else 0.0
    fetlock = toe - _turned(rest[4] - rest[3], fold * (1.0 if front else 0.8))
    hip = np.array([top[0], top[2]])
    swing = 0.55 * ahead / tall + (0.9 if front else 0.7) * lift / tall
    bend = hip + _turned(rest[1] - rest[0], swing)
    knee = _between(bend, fetlock, bones[1], bones[2], 1.0 if front else -1.0)
    wide = build.depth / 2 * build.width
    across = np.linspace(0.60, 0.50, 5) * wide * side
    if anatomy.limbs == "hop":
        across = np.linspace(0.55, 0.62, 5) * wide * side * (0.55 if front else 1.1)
    return [np.array([p[0], y, p[1]]) for p, y in zip((hip, bend, knee, fetlock, toe), across, strict=True)]


def _turned(vector: Array, angle: float) -> Array:
    """A vector (2,) in the plane of x and z, turned so that what hangs down swings forward for angle > 0."""
    c, s = np.cos(angle), np.sin(angle)
    return np.array([c * vector[0] - s * vector[1], s * vector[0] + c * vector[1]], float)


def _between(start: Array, end: Array, first: float, second: float, bend: float) -> Array:
    """The joint between two bones that reach from start to end (2,); `bend` 1 is ahead, -1 behind."""
    way = end - start
    gap = max(float(np.linalg.norm(way)), 1e-6)
    stretch = max(1.0, gap / (first + second) * 1.0005)
    first, second = first * stretch, second * stretch
    way = way / gap
    cosine = np.clip((first**2 + gap**2 - second**2) / (2 * first * gap), -1, 1)
    across = np.array([-way[1], way[0]])
    joint: Array = start + first * (cosine * way + bend * np.sqrt(1 - cosine**2) * across)
    return joint


def _folded(build: Build, anatomy: Anatomy, pose: Pose, name: str, side: float, found: dict[str, Array]) -> list[Array]:
    """A leg folded under a lying animal."""
    front = name.startswith("front")
    top = found["shoulder" if front else "hip"]
    wide = build.depth / 2 * build.width
    low = 0.035 if anatomy.limbs == "hoof" else 0.05
    size = (0.99 - build.depth * 0.60) / 0.73
    if front:
        steps = ((0, None), (-0.12, 0.12), (0.15, low + 0.03), (-0.10, low), (-0.17, low))
        across = np.array([0.6, 0.75, 0.85, 0.80, 0.75])
        if anatomy.limbs != "hoof":  # a dog or cat lies with its forearms ahead
            steps = ((0, None), (-0.08, 0.10), (0.20, low), (0.30, low), (0.36, low))
    else:
        steps = ((0, None), (0.20, 0.20), (-0.10, low + 0.02), (0.20, low), (0.27, low))
        across = np.array([0.55, 0.95, 1.05, 1.05, 1.0])
    points = []
    for (ahead, height), out in zip(steps, across, strict=True):
        points.append(np.array([top[0] + ahead * size, out * wide * side, top[2] if height is None else height * size]))
    return points
