"""Colours of a detailed animal's skin: regions, countershading, face, markings, and unevenness at large scales."""

from __future__ import annotations

import numpy as np

from datasets.render.muscles import REGIONS, Muscle
from datasets.render.noise import Array, Waves
from datasets.render.species import Build, Colour

NOSE = (0.05, 0.045, 0.045)
NOSES = {"rabbit": 0.42, "bobcat": 0.55, "horse": 0.3, "deer": 0.9}  # size against the muzzle


def ripples(rng: np.random.Generator, points: Array, wavelengths: tuple[float, ...]) -> Array:
    """A smooth random function of points (n,3), roughly in [-1, 1]: `Waves` in single precision."""
    waves = Waves(rng, 3, wavelengths, 4)
    angles = points.astype(np.float32) @ waves.vectors.T.astype(np.float32) + waves.phases.astype(np.float32)
    values: Array = (np.sin(angles, out=angles) @ waves.weights.astype(np.float32)).astype(float) * 1.4
    return values


def colours(build: Build, found: dict[str, Array], flesh: list[Muscle], weights: Array, vertices: Array,
            normals: Array, rng: np.random.Generator) -> Array:  # fmt: skip
    """sRGB (n,3) of vertices that belong to the parts by `weights` (n,parts)."""
    coat = build.coat
    region = {
        name: weights[:, [k for k, part in enumerate(flesh) if part.region == name]].sum(1)
        for name in REGIONS
    }  # fmt: skip
    base = {
        "trunk": coat.body, "neck": coat.neck or coat.body, "mane": coat.mane or coat.neck or coat.back,
        "head": coat.face, "tail": coat.tail, "thigh": coat.body, "shin": coat.socks or coat.legs, "hoof": coat.hoof,
    }  # fmt: skip
    painted = sum(region[name][:, None] * np.asarray(base[name]) for name in REGIONS)
    painted = np.asarray(painted, float)
    rough = ripples(rng, vertices, (0.16, 0.07))  # ragged borders between the colours
    legs = region["thigh"] + region["shin"]
    low = np.clip(1.5 - vertices[:, 2] / (0.30 + 0.06 * rough), 0, 1)
    painted = _over(painted, coat.legs, region["thigh"] * np.clip(1.9 - vertices[:, 2] / 0.34, 0, 1))
    if coat.socks:
        painted = _over(painted, coat.socks, legs * low)
    torso = region["trunk"] + 0.7 * region["neck"] * (coat.neck is None)
    spine = np.clip(normals[:, 2] + 0.12 * rough, 0, 1) ** 1.6
    painted = _over(painted, coat.back, torso * spine * 0.9)
    painted *= 1 - 0.10 * (torso * spine * np.exp(-((vertices[:, 1] / 0.03) ** 2)))[:, None]
    painted = _markings(build, painted, region, vertices, normals, rng)
    below = np.clip(-normals[:, 2] * 1.5 - 0.35 + 0.18 * rough, 0, 1)
    inner = np.clip(-normals[:, 1] * np.sign(vertices[:, 1]) * 1.2 - 0.2, 0, 1)
    painted = _over(painted, coat.belly, region["trunk"] * below + 0.7 * region["thigh"] * inner * (1 - low))
    painted = _rear(build, painted, region, vertices, normals, rough, found)
    painted = _face(build, painted, region, vertices, normals, rough, found)
    # Light and dark patches, and dust on the legs.
    cloud = ripples(rng, vertices, (0.55, 0.25, 0.11))
    painted *= 1 + (0.05 + 0.5 * coat.mottle) * cloud[:, None]
    dust = np.clip(ripples(rng, vertices, (0.3, 0.12)) - 0.1, 0, 1) * np.clip(1.1 - vertices[:, 2] * 1.6, 0, 1)
    painted = _over(painted, (0.46, 0.40, 0.32), dust * rng.uniform(0.0, 0.6) * (1 - region["hoof"]))
    shadow = np.clip(1.0 - 0.10 * np.clip(-normals[:, 2], 0, 1), 0, 1)
    return np.clip(painted * shadow[:, None], 0.02, 0.97)


def _over(painted: Array, colour: Colour, amount: Array) -> Array:
    return painted + (np.asarray(colour) - painted) * np.clip(amount, 0, 1)[:, None]


def _markings(build: Build, painted: Array, region: dict[str, Array], vertices: Array, normals: Array,
              rng: np.random.Generator) -> Array:  # fmt: skip
    coat = build.coat
    torso = region["trunk"] + region["neck"] + region["thigh"]
    if coat.pattern == "patches":
        field = ripples(rng, vertices * [1, 0.7, 1], (0.9, 0.55, 0.2))
        amount = np.clip((field - rng.uniform(-0.1, 0.25)) * 14, 0, 1)
        return _over(painted, coat.marks, amount * (torso + 0.5 * region["shin"] + region["tail"]))
    if coat.pattern in ("fawn", "spots"):
        fawn = coat.pattern == "fawn"
        step, radius = (0.105, 0.021) if fawn else (0.075, 0.022)
        # A grid over the flank, its rows wavering, each spot moved and sized on its own.
        across = vertices[:, 2] + 0.02 * np.sin(9 * vertices[:, 0] + rng.uniform(0, 6))
        cell = np.stack([vertices[:, 0], across], 1) / step
        cell[:, 0] += 0.5 * (np.floor(cell[:, 1]) % 2)
        index = np.floor(cell).astype(int)
        table = rng.random((2, 64, 64, 3))
        side = (vertices[:, 1] > 0).astype(int)
        moved = table[side, index[:, 0] % 64, index[:, 1] % 64]
        gap = np.hypot(*((cell - index - 0.28 - 0.44 * moved[:, :2]) * step).T)
        size = radius * (0.6 + 0.7 * moved[:, 2])
        spot = np.clip(1.5 - gap / size, 0, 1)
        where = torso if fawn else torso + 0.7 * region["shin"]
        fade = np.clip((vertices[:, 2] - 0.5) * 8, 0, 1) if fawn else np.full(len(vertices), 0.5)
        return _over(painted, coat.marks, spot * where * fade)
    return painted


def _rear(build: Build, painted: Array, region: dict[str, Array], vertices: Array, normals: Array, rough: Array,
          found: dict[str, Array]) -> Array:  # fmt: skip
    """The patch round the tail, the tail's darker upper side and its tip."""
    coat = build.coat
    gap = (vertices - found["dock"] + [0.02, 0, 0.06]) / [0.13, 0.115, 0.15]
    behind = np.sqrt((gap**2).sum(1)) + 0.12 * rough
    amount = np.clip(4.0 - 3.6 * behind, 0, 1) * (region["tail"] < 0.5) * np.clip(0.6 - normals[:, 0] * 2, 0, 1)
    painted = _over(painted, coat.rump, amount)
    way = found["tail"] - found["dock"]
    along = (vertices - found["dock"]) @ way / float(way @ way) + 0.06 * rough
    start = 0.62 if build.tail_length < 0.3 else 0.80
    tip: Array = np.clip((along - start) * 12, 0, 1) * (region["tail"] > 0.3)
    return _over(painted, coat.tail_tip, tip)


def _face(build: Build, painted: Array, region: dict[str, Array], vertices: Array, normals: Array, rough: Array,
          found: dict[str, Array]) -> Array:  # fmt: skip
    coat, anatomy = build.coat, build.anatomy
    head, ahead, crown, left = region["head"], found["ahead"], found["crown"], found["left"]
    place = vertices - found["poll"]
    along = place @ ahead / build.head
    facing = normals @ crown
    painted = _over(painted, coat.crown, head * np.clip(facing * 1.6, 0, 1) * np.clip(1.5 - 2.4 * along, 0, 1))
    muzzle = np.clip((along - 0.62 + 0.05 * rough) * 7, 0, 1) * (1 - 0.75 * np.clip(facing * 1.5, 0, 1))
    painted = _over(painted, coat.muzzle, head * muzzle)
    # A pale ring round the eyes, and the throat.
    for side in (1.0, -1.0):
        eye = ahead * build.head * 0.37 + left * side * build.skull * anatomy.eyes + crown * build.skull * 0.25
        gap = np.sqrt(((place - eye) ** 2).sum(1)) / (build.skull * 0.62)
        painted = _over(painted, coat.muzzle, 0.45 * head * np.clip(1.6 - 1.6 * gap, 0, 1))
    near = np.exp(-(((np.sqrt((place**2).sum(1)) - 0.04) / 0.17) ** 2))
    throat = near * np.clip(-facing * 1.6 - 0.1, 0, 1)
    painted = _over(painted, coat.throat, np.minimum(region["neck"] + head, 1) * throat)
    low = -0.42 * build.skull
    nose = (place - ahead * build.head * 0.99 - crown * (low + 0.30 * build.muzzle_radius)) / (
        build.muzzle_radius * NOSES.get(build.name, 1.0)
    )
    nostrils = np.clip(2.2 - 2.0 * np.sqrt((nose**2).sum(1)), 0, 1) if not anatomy.snout else 0.35 * (along > 0.99)
    return _over(painted, NOSE, head * np.asarray(nostrils, float))
