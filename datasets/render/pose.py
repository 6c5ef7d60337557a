"""Where an animal's joints are: poses, and the skeleton that they give."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from datasets.render.fauna import SPECIES
from datasets.render.noise import Array
from datasets.render.species import Build

# In a walk the feet follow each other at quarter turns.
PHASES = {"front_left": 0.0, "front_right": 0.5, "hind_left": 0.25, "hind_right": 0.75}
LEGS = tuple(PHASES)


@dataclass(frozen=True)
class Pose:
    """Angles in radians; `gait` is the leg swing, `phase` where in the step the animal is (turns)."""

    neck_pitch: float = 0.95
    neck_yaw: float = 0.0
    head_pitch: float = -0.45
    head_yaw: float = 0.0
    gait: float = 0.08
    phase: float = 0.0
    ear_turn: float = 0.0
    tail_lift: float = 0.0
    lying: bool = False
    # What follows moves only animals with an anatomy.
    motion: str = "stand"  # stand, walk, trot, gallop
    rise: float = 0.0  # height by which the trunk is lifted, shoulder heights
    pitch: float = 0.0  # the trunk's; > 0 lifts the fore end
    stance: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)  # each foot ahead of its place, leg heights
    paw: float = 0.0  # height of a lifted left forefoot
    tail_swing: float = 0.0


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


def _signed(rng: np.random.Generator, low: float, high: float) -> float:
    return float(rng.choice([-1, 1]) * rng.uniform(low, high))


def _at_rest(rng: np.random.Generator, pose: Pose) -> Pose:
    """Feet as a standing animal sets them: square, or one pair apart."""
    stance = rng.normal(0, 0.05, 4)
    if rng.random() < 0.35:  # the forefeet or the hind feet together, the others apart
        pair = 2 * int(rng.random() < 0.5)
        stance[pair : pair + 2] = stance[pair] + rng.normal(0, 0.01, 2)
        stance[2 - pair : 4 - pair] += [0.16, -0.12]
    first, second, third, fourth = (float(s) for s in stance)
    return replace(pose, motion="stand", gait=float(rng.uniform(0, 0.15)), stance=(first, second, third, fourth))


def _standing(rng: np.random.Generator) -> Pose:
    return _at_rest(rng, Pose(rng.uniform(0.55, 0.9), rng.normal(0, 0.25), rng.uniform(-0.6, -0.3), rng.normal(0, 0.2)))


def _walking(rng: np.random.Generator) -> Pose:
    pose = Pose(rng.uniform(0.2, 0.65), rng.normal(0, 0.12), rng.uniform(-0.6, -0.3), gait=rng.uniform(0.3, 0.42))
    return replace(pose, motion="walk")


def _trotting(rng: np.random.Generator) -> Pose:
    pose = Pose(rng.uniform(0.35, 0.75), rng.normal(0, 0.1), rng.uniform(-0.45, -0.2), gait=rng.uniform(0.42, 0.55))
    return replace(pose, motion="trot", rise=float(rng.uniform(0, 0.03)))


def _running(rng: np.random.Generator) -> Pose:
    pose = Pose(rng.uniform(0.2, 0.5), rng.normal(0, 0.08), rng.uniform(-0.4, -0.15), gait=rng.uniform(0.55, 0.8))
    return replace(pose, motion="gallop", rise=float(rng.uniform(0, 0.08)), pitch=float(rng.normal(0, 0.08)))


def _grazing(rng: np.random.Generator) -> Pose:
    pose = Pose(rng.uniform(-1.15, -0.85), rng.normal(0, 0.25), rng.uniform(-1.3, -1.0), rng.normal(0, 0.2))
    pose = _at_rest(rng, pose)
    return replace(pose, gait=float(rng.uniform(0.15, 0.4)), pitch=-float(rng.uniform(0.0, 0.05)))


def _browsing(rng: np.random.Generator) -> Pose:
    return _at_rest(rng, Pose(rng.uniform(-0.1, 0.9), rng.normal(0, 0.35), rng.uniform(-0.2, 0.35)))


def _alert(rng: np.random.Generator) -> Pose:
    yaw = _signed(rng, 0.1, 1.0)
    pose = Pose(rng.uniform(0.95, 1.2), 0.5 * yaw, rng.uniform(-0.4, -0.15), 0.5 * yaw)
    return replace(_at_rest(rng, pose), paw=float(rng.choice([0, 0.16], p=[0.85, 0.15])))


def _facing(rng: np.random.Generator, look: float) -> Pose:
    """The head points to the bearing `look`, as far as a neck can turn."""
    yaw = float(np.clip((look + np.pi) % (2 * np.pi) - np.pi, -2.3, 2.3)) + float(rng.normal(0, 0.12))
    pose = Pose(rng.uniform(0.7, 1.1), 0.68 * yaw, rng.uniform(-0.45, -0.15), 0.32 * yaw)
    return _at_rest(rng, pose)


def _looking_back(rng: np.random.Generator) -> Pose:
    yaw = _signed(rng, 1.7, 2.3)
    return _at_rest(rng, Pose(rng.uniform(0.6, 0.95), 0.68 * yaw, rng.uniform(-0.5, -0.2), 0.32 * yaw))


def _grooming(rng: np.random.Generator) -> Pose:
    """The muzzle at the flank."""
    yaw = _signed(rng, 2.4, 2.7)
    return _at_rest(rng, Pose(rng.uniform(0.0, 0.25), 0.72 * yaw, rng.uniform(-0.7, -0.3), 0.28 * yaw))


def _lying(rng: np.random.Generator) -> Pose:
    yaw = float(rng.normal(0, 0.6))
    return Pose(rng.uniform(0.7, 1.05), 0.6 * yaw, rng.uniform(-0.45, -0.2), 0.4 * yaw, gait=0.0, lying=True)


def _resting(rng: np.random.Generator) -> Pose:
    yaw = _signed(rng, 0.3, 1.2)
    return Pose(rng.uniform(-0.35, -0.15), yaw, rng.uniform(-0.25, -0.05), 0.5 * yaw, gait=0.0, lying=True)


POSES = {
    "standing": _standing, "walking": _walking, "trotting": _trotting, "running": _running, "grazing": _grazing,
    "browsing": _browsing, "alert": _alert, "looking_back": _looking_back, "grooming": _grooming, "lying": _lying,
    "resting": _resting,
}  # fmt: skip


def named_pose(rng: np.random.Generator, name: str, look: float = 0.0) -> Pose:
    """A pose of `POSES`, or `facing`: the head then points to `look`, radians from the animal's heading."""
    pose = _facing(rng, look) if name == "facing" else POSES[name](rng)
    return replace(
        pose,
        phase=rng.random(),
        tail_lift=float(np.clip(rng.normal(0.05, 0.25), 0.0, 0.9)),
        tail_swing=float(rng.normal(0, 0.15)),
        ear_turn=float(rng.normal(0, 0.25)),
    )


def any_pose(rng: np.random.Generator, species: str, look: float | None = None) -> tuple[Pose, str]:
    """A pose that the species takes, and its name; `facing` only where `look` is given."""
    weights = {name: w for name, w in SPECIES[species].poses.items() if look is not None or name != "facing"}
    total = sum(weights.values())
    name = str(rng.choice(list(weights), p=[w / total for w in weights.values()]))
    return named_pose(rng, name, look or 0.0), name


def direction(pitch: float, yaw: float) -> Array:
    """Unit vector: x forward, y left, z up."""
    return np.array([np.cos(pitch) * np.cos(yaw), np.cos(pitch) * np.sin(yaw), np.sin(pitch)])


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
