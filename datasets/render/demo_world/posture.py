"""The demo's poses, and where the joints of its animals are in them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from datasets.render.noise import Array
from datasets.render.pose import LEGS, PHASES, Pose, direction
from datasets.render.species import Build


def standing(rng: np.random.Generator) -> Pose:
    return Pose(rng.uniform(0.75, 1.0), rng.normal(0, 0.25), rng.uniform(-0.6, -0.3), rng.normal(0, 0.3))


def walking(rng: np.random.Generator) -> Pose:
    return Pose(rng.uniform(0.45, 0.85), rng.normal(0, 0.12), rng.uniform(-0.6, -0.25), gait=rng.uniform(0.3, 0.45))


def grazing(rng: np.random.Generator) -> Pose:
    return Pose(rng.uniform(-1.0, -0.75), rng.normal(0, 0.3), rng.uniform(-1.35, -1.1), gait=rng.uniform(0.1, 0.28))


def alert(rng: np.random.Generator) -> Pose:
    yaw = rng.choice([-1, 1]) * rng.uniform(0.3, 1.1)
    return Pose(rng.uniform(1.0, 1.25), yaw, rng.uniform(-0.35, -0.1), 0.5 * yaw, ear_turn=rng.uniform(-0.2, 0.3))


def looking_back(rng: np.random.Generator) -> Pose:
    yaw = rng.choice([-1, 1]) * rng.uniform(1.2, 1.6)
    return Pose(rng.uniform(0.7, 1.0), yaw, rng.uniform(-0.5, -0.2), 0.55 * yaw)


def lying(rng: np.random.Generator) -> Pose:
    return replace(alert(rng), lying=True, gait=0.0)


def random_pose(rng: np.random.Generator) -> Pose:
    """Any pose, walking and grazing most often, as at a camera trap."""
    kinds = (standing, walking, grazing, alert, looking_back, lying)
    kind = kinds[rng.choice(len(kinds), p=(0.2, 0.28, 0.25, 0.14, 0.09, 0.04))]
    pose = kind(rng)
    return replace(pose, phase=rng.random(), tail_lift=max(0.0, rng.normal(0.1, 0.4)), ear_turn=rng.normal(0, 0.25))


def skeleton(build: Build, pose: Pose) -> dict[str, Array]:
    """Joint name -> (3,) in shoulder heights; hooves at z = 0, x forward, the middle of the trunk at x = 0."""
    half = build.trunk / 2
    radius = build.depth / 2
    drop = (1 - build.depth) * 0.93 if pose.lying else 0.0  # a lying animal's belly touches the ground
    top = 0.985 - drop
    joints = {
        "withers": np.array([half - 0.22, 0.0, top - 0.06]),
        "chest": np.array([half - 0.17, 0.0, top - radius]),
        "brisket": np.array([half - 0.05, 0.0, top - radius * 1.1]),
        "belly": np.array([0.0, 0.0, top - 0.012 - radius * 0.97]),
        "loin": np.array([-half + 0.26, 0.0, top - radius * build.tuck]),
        "rump": np.array([-half + 0.12, 0.0, top - radius * build.tuck * 0.98]),
        "dock": np.array([-half + 0.02, 0.0, top - 0.09]),
    }
    joints |= _neck_and_head(build, pose, joints["brisket"], top)
    for name in LEGS:
        side = 1 if name.endswith("left") else -1
        points = _folded_leg(build, name, side) if pose.lying else _leg(build, pose, name, side, top)
        joints |= {f"{name}_{index}": point for index, point in enumerate(points)}
    fall = direction(-1.25 + pose.tail_lift, 0.0) * [-1, 1, 1]
    joints["tail"] = joints["dock"] + fall * build.tail_length
    return joints


def _neck_and_head(build: Build, pose: Pose, brisket: Array, top: float) -> dict[str, Array]:
    base = np.array([brisket[0] - 0.05, 0.0, top - build.depth * 0.38])
    reach = build.neck * (1.12 if pose.neck_pitch < 0 else 1.0)  # a grazing animal stretches
    middle = base + direction(pose.neck_pitch - 0.22 * np.sign(pose.neck_pitch), 0.55 * pose.neck_yaw) * reach * 0.5
    poll = middle + direction(pose.neck_pitch + 0.1, pose.neck_yaw) * reach * 0.5
    ahead = direction(pose.head_pitch, pose.neck_yaw + pose.head_yaw)
    nose = poll + ahead * build.head
    if nose[2] < 0.07:  # grazing: the muzzle stays above the ground
        lift = np.array([0.0, 0.0, 0.07 - nose[2]])
        middle, poll, nose = middle + 0.5 * lift, poll + lift, nose + lift
    return {"neck": base, "nape": middle, "poll": poll, "nose": nose}


def _leg(build: Build, pose: Pose, name: str, side: int, top: float) -> list[Array]:
    """Shoulder or hip, elbow or stifle, knee or hock, fetlock, toe."""
    front = name.startswith("front")
    turn = 2 * np.pi * (pose.phase + PHASES[name])
    swing, flex = pose.gait * np.sin(turn), pose.gait * max(0.0, np.cos(turn))
    half, lateral = build.trunk / 2, side * build.depth * build.width * 0.33
    if front:
        hip, lengths = np.array([half - 0.16, lateral, top - build.depth * 0.55]), (0.22, 0.27, 0.235, 0.075)
        angles = (-1.95 + swing, -1.52 + swing - 0.2 * flex, -1.58 + swing - 2.4 * flex, -1.1 + swing - 1.6 * flex)
    else:
        hip, lengths = np.array([-half + 0.15, lateral, top - build.depth * 0.42]), (0.26, 0.29, 0.30, 0.075)
        angles = (-1.22 + swing + 0.5 * flex, -2.22 + swing, -1.44 + swing - 1.1 * flex, -1.0 + swing - 1.2 * flex)
    points = [hip]
    for length, angle in zip(lengths, angles, strict=True):
        points.append(points[-1] + length * np.array([np.cos(angle), 0.0, np.sin(angle)]))
    # Leg lengths differ between builds and angles: stretch the leg vertically so that the toe is where it must be.
    toe = 0.16 * flex
    stretch = (hip[2] - toe) / (hip[2] - points[-1][2])
    return [np.array([p[0], p[1], hip[2] + (p[2] - hip[2]) * stretch]) for p in points]


def _folded_leg(build: Build, name: str, side: int) -> list[Array]:
    half, out = build.trunk / 2, side * build.depth * build.width * 0.45
    if name.startswith("front"):
        xs, zs = (half - 0.16, half - 0.28, half + 0.02, half - 0.20, half - 0.27), (0.2, 0.1, 0.06, 0.03, 0.03)
    else:
        xs, zs = (-half + 0.15, -half + 0.40, -half + 0.1, -half + 0.36, -half + 0.43), (0.2, 0.14, 0.06, 0.03, 0.03)
    return [np.array([x, out * (1 + 0.12 * i), z]) for i, (x, z) in enumerate(zip(xs, zs, strict=True))]
