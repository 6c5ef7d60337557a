"""The masses that a detailed animal's body is blended from, in shoulder heights."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from datasets.render.noise import Array
from datasets.render.pose import LEGS
from datasets.render.species import Anatomy, Build

LATERAL = np.array([0.0, 1.0, 0.0])
BACKWARD = np.array([-0.85, 0.0, -0.45])
DOWNWARD = np.array([-0.25, 0.0, -1.0])
REGIONS = ("trunk", "neck", "mane", "head", "tail", "thigh", "shin", "hoof")
HAIR = {"trunk": 1.0, "neck": 1.15, "mane": 3.0, "head": 0.30, "tail": 1.3, "thigh": 0.75, "shin": 0.28, "hoof": 0.0}
# Radii of shoulder and elbow, elbow and knee, knee and fetlock, fetlock and toe; then the hind leg's.
LIMBS = {
    "hoof": ((0.105, 0.066, 0.058, 0.034, 0.029, 0.022, 0.027, 0.025),
             (0.150, 0.090, 0.078, 0.034, 0.031, 0.023, 0.027, 0.025)),
    "paw": ((0.105, 0.072, 0.058, 0.037, 0.034, 0.032, 0.036, 0.042),
            (0.150, 0.095, 0.080, 0.036, 0.033, 0.032, 0.036, 0.042)),
    "hop": ((0.130, 0.085, 0.070, 0.050, 0.046, 0.042, 0.046, 0.050),
            (0.240, 0.190, 0.160, 0.070, 0.058, 0.054, 0.056, 0.052)),
}  # fmt: skip


@dataclass(frozen=True)
class Muscle:
    """A capsule with two radii.

    Attributes:
        blend: how far it melts into its neighbours.
        width: squeezes it along the unit vector `side`.
        flow: where its hair points.
        hair: length of its hair against the flank's.
    """

    start: Array
    end: Array
    start_radius: float
    end_radius: float
    region: str
    blend: float = 0.03
    width: float = 1.0
    side: Array = field(default_factory=lambda: LATERAL)
    flow: Array = field(default_factory=lambda: BACKWARD)
    hair: float = 1.0

    @property
    def axis(self) -> Array:
        return self.end - self.start


def muscles(build: Build, found: dict[str, Array]) -> list[Muscle]:
    """All parts of an animal with these joints."""
    anatomy = build.anatomy
    parts = [*_trunk(build, anatomy, found), *_neck(build, anatomy, found), *_head(build, anatomy, found)]
    parts += _tail(build, anatomy, found)
    for name in LEGS:
        parts += _leg(build, anatomy, found, name)
    return parts


def _trunk(build: Build, anatomy: Anatomy, found: dict[str, Array]) -> list[Muscle]:
    chest, flank, wide = build.depth / 2, build.depth / 2 * build.tuck, build.width
    bulk = anatomy.shoulders
    sag = np.array([0.0, 0.0, anatomy.sag])
    hump = np.array([0.0, 0.0, anatomy.hump])
    back = found["belly"] + [0.0, 0.0, chest * 0.98 - 0.075]

    def mass(a: Array, b: Array, first: float, last: float, blend: float, width: float) -> Muscle:
        return Muscle(a, b, first, last, "trunk", blend, width)

    parts = [
        mass(found["chest"], found["belly"], chest * 0.96, chest * 0.97, 0.05, wide * (0.6 + 0.4 * bulk)),
        mass(found["belly"] - sag, found["loin"] - 0.5 * sag, chest * 0.97, flank, 0.06, wide * 1.04),
        mass(found["loin"], found["rump"], flank * 0.98, flank * 0.90, 0.05, wide),
        mass(found["brisket"], found["chest"], chest * 0.60, chest * 0.92, 0.07, wide * bulk),
        Muscle(found["neck"][1], found["brisket"], build.neck_base * 0.72, chest * 0.55, "neck", 0.08, wide * bulk),
        mass(found["withers"] + hump * 0.5, back, 0.055 + hump[2] * 0.5, 0.05, 0.08, 0.75),
        mass(found["rump"], found["dock"], flank * 0.80, flank * 0.26, 0.06, wide * 1.02),
    ]
    for side in (1.0, -1.0):
        out = LATERAL * side * chest * wide
        blade = found["withers"] + 0.40 * out + [0.02, 0.0, -0.30 * chest]
        point = found["shoulder"] + 0.52 * out
        parts.append(mass(blade, point, 0.085 * bulk, 0.115 * bulk * chest / 0.21, 0.06, 0.55))
        bone = found["hip"] + [-0.02, 0.0, 0.45 * flank] + 0.42 * out
        parts.append(mass(bone, found["dock"] + 0.4 * out - [0, 0, 0.1], 0.085, 0.06, 0.06, 0.7))
    return parts


def _neck(build: Build, anatomy: Anatomy, found: dict[str, Array]) -> list[Muscle]:
    nodes = found["neck"]
    last = len(nodes) - 1
    share = np.linspace(0, 1, last + 1)
    radii = build.neck_top + (build.neck_base * anatomy.crest - build.neck_top) * (1 - share) ** 1.25
    longer = HAIR["neck"] * (1 + 22 * anatomy.mane * (anatomy.mane_kind == "ruff"))
    parts = []
    for k in range(last):
        along = nodes[k + 1] - nodes[k]
        along = along / np.linalg.norm(along)
        left = np.cross([0.0, 0.0, 1.0], along)
        left = left / max(float(np.linalg.norm(left)), 1e-6)
        flow = -along + [0.0, 0.0, -0.35]
        parts.append(
            Muscle(nodes[k], nodes[k + 1], radii[k], radii[k + 1], "neck", 0.04, 0.70 + 0.12 * share[k], left,
                   flow, longer)
        )  # fmt: skip
        if anatomy.mane and anatomy.mane_kind != "ruff":
            parts.append(_mane(anatomy, nodes[k], nodes[k + 1], radii[k], radii[k + 1], along, left))
        if anatomy.dewlap and k < last - 1:
            under = np.cross(left, along)
            low = [nodes[j] + under * radii[j] * 0.82 for j in (k, k + 1)]
            parts.append(
                Muscle(low[0], low[1], anatomy.dewlap * 1.2, anatomy.dewlap, "neck", 0.05, 0.5, left, flow, 0.8)
            )
    return parts


def _mane(anatomy: Anatomy, a: Array, b: Array, first: float, second: float, along: Array, left: Array) -> Muscle:
    """Hair along the upper edge: a horse's falls to one side, a boar's bristles stand."""
    up = np.cross(along, left)
    if anatomy.mane_kind == "bristles":
        return Muscle(a + up * first * 0.9, b + up * second * 0.9, anatomy.mane, anatomy.mane, "mane", 0.03, 0.45, left,
                      -along + 0.7 * up, 1.5)  # fmt: skip
    over = up * 0.75 + left * 0.52
    return Muscle(a + over * first, b + over * second, anatomy.mane, anatomy.mane * 0.8, "mane", 0.012, 0.30, left,
                  0.5 * left - 1.0 * up - 0.3 * along, 4.0)  # fmt: skip


def _head(build: Build, anatomy: Anatomy, found: dict[str, Array]) -> list[Muscle]:
    """Skull, bridge of the nose, cheeks, jaw and muzzle."""
    ahead, left, crown = found["ahead"], found["left"], found["crown"]
    length, skull, muzzle = build.head, build.skull, build.muzzle_radius
    short = HAIR["head"]

    def mass(at: float, up: float, to: float, rise: float, first: float, second: float, blend: float,
             width: float) -> Muscle:  # fmt: skip
        start = found["poll"] + ahead * at * length + crown * up
        end = found["poll"] + ahead * to * length + crown * rise
        return Muscle(start, end, first, second, "head", blend, width, left, -ahead - 0.2 * crown, short)

    low = -0.42 * skull  # the muzzle lies below the brow
    tip = 1 - 0.9 * muzzle / length
    parts = [
        mass(0.06, 0.05 * skull, 0.34, 0.0, skull * 0.90, skull * 0.98, 0.03, 0.88),
        mass(0.34, 0.05 * skull, 0.72, low * 0.8 + 0.15 * muzzle, skull * 0.80, muzzle * 1.02, 0.02, 0.80),
        mass(0.68, low * 0.8, tip, low, muzzle * 1.02, muzzle * 0.95, 0.02, 0.92),
        mass(0.20, low * 0.95 * anatomy.jaw, 0.46, low * 1.15 * anatomy.jaw, skull * 0.72 * anatomy.jaw,
             skull * 0.50 * anatomy.jaw, 0.03, 0.72),
        mass(0.46, low * 1.3 * anatomy.jaw, tip - 0.06, low - 0.62 * muzzle, skull * 0.36, muzzle * 0.56, 0.015, 0.85),
    ]  # fmt: skip
    if anatomy.snout:
        parts.append(mass(tip, low, 1.0, low, anatomy.snout * 0.95, anatomy.snout, 0.012, 0.95))
    return parts


def _tail(build: Build, anatomy: Anatomy, found: dict[str, Array]) -> list[Muscle]:
    start, end, thick = found["dock"], found["tail"], build.tail_radius
    shapes = {
        "flag": ((0.0, 1.0), (0.55, 1.25), (1.0, 0.55)),
        "brush": ((0.0, 0.45), (0.30, 0.85), (0.72, 1.0), (1.0, 0.40)),
        "switch": ((0.0, 1.3), (0.25, 0.9), (0.72, 0.8), (0.85, 1.5), (1.0, 0.6)),
        "plume": ((0.0, 0.7), (0.2, 1.0), (0.6, 1.0), (1.0, 0.3)),
        "thin": ((0.0, 1.3), (0.75, 0.8), (1.0, 1.4)),
        "stub": ((0.0, 1.0), (1.0, 0.9)),
        "puff": ((0.3, 1.0), (0.7, 0.9)),
    }  # fmt: skip
    long_hair = {"flag": 1.3, "brush": 1.5, "switch": 1.0, "plume": 3.0, "thin": 0.4, "stub": 0.9,
                 "puff": 1.3}[anatomy.tail]  # fmt: skip
    curl = np.array([0.0, 0.0, -0.16 if anatomy.tail == "brush" else -0.05]) * np.linalg.norm(end - start)
    points = []
    for share, size in shapes[anatomy.tail]:
        point = start + (end - start) * share + curl * share * (1 - share) * 4
        point[2] = max(point[2], thick * size * 0.8)
        points.append((point, thick * size))
    flow = (end - start) / max(float(np.linalg.norm(end - start)), 1e-6)
    return [
        Muscle(a, b, first, second, "tail", 0.02, 1.0, LATERAL, flow, long_hair)
        for (a, first), (b, second) in pairwise(points)
    ]


def _leg(build: Build, anatomy: Anatomy, found: dict[str, Array], name: str) -> list[Muscle]:
    front = name.startswith("front")
    points = [found[f"{name}_{index}"] for index in range(5)]
    r = np.array(LIMBS[anatomy.limbs][0 if front else 1])
    bulk = anatomy.shoulders if front else anatomy.haunches
    r[:2] *= bulk * build.depth / (0.76 if anatomy.limbs == "hop" else 0.43)
    r[2:6] *= build.leg / (1.55 if anatomy.limbs == "hop" else 1.0)
    r[6:] *= build.leg**0.5 / (1.25 if anatomy.limbs == "hop" else 1.0)
    hip, bend, knee, fetlock, toe = points
    shank = 0.55 * knee + 0.45 * fetlock
    parts = [
        Muscle(hip, bend, r[0], r[1], "trunk", 0.05, 0.60 if front else 0.66, LATERAL, DOWNWARD, 0.9),
        Muscle(bend, knee, r[2], r[3], "thigh", 0.03, 0.80, LATERAL, DOWNWARD, HAIR["thigh"]),
        Muscle(knee, shank, r[3] * 1.04, r[4] * 0.92, "shin", 0.012, 1.0, LATERAL, DOWNWARD, HAIR["shin"]),
        Muscle(shank, fetlock, r[4] * 0.92, r[5], "shin", 0.012, 1.0, LATERAL, DOWNWARD, HAIR["shin"]),
    ]
    if not front:  # the tendon above the hock, and the back of the thigh
        seat = hip + np.array([-0.10 * build.depth / 0.43, 0, -0.03])
        parts.append(Muscle(seat, 0.45 * bend + 0.55 * knee, r[0] * 0.62, r[3] * 1.15, "thigh", 0.05, 0.6, LATERAL,
                            DOWNWARD, 0.8))  # fmt: skip
    if anatomy.limbs == "hoof":
        sole = toe + (toe - fetlock) * 0.25
        parts.append(Muscle(fetlock, toe, r[6], r[7], "shin", 0.01, 1.0, LATERAL, DOWNWARD, HAIR["shin"]))
        parts.append(Muscle(toe, sole, r[7] * 1.0, r[7] * 1.12, "hoof", 0.008, 0.95))
    else:
        parts.append(Muscle(fetlock, toe, r[6], r[7], "hoof", 0.015, 1.05, LATERAL, np.array([1.0, 0, -0.3]), 0.2))
    return parts
