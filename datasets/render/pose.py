"""Poses: angles of neck and head, gait, stance; each species takes them as often as `fauna` says."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from datasets.render.fauna import SPECIES
from datasets.render.noise import Array

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
    # What follows does not move the demo's animals.
    motion: str = "stand"  # stand, walk, trot, gallop
    rise: float = 0.0  # height by which the trunk is lifted, shoulder heights
    pitch: float = 0.0  # the trunk's; > 0 lifts the fore end
    stance: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)  # each foot ahead of its place, leg heights
    paw: float = 0.0  # height of a lifted left forefoot
    tail_swing: float = 0.0


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
