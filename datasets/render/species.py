"""Proportions and coats of the animals. Lengths are in shoulder heights; mule deer follow measured animals.

Mule deer: shoulder 80-106 cm, trunk depth 0.35-0.42 and leg 0.55-0.6 of it, head 27-35 cm, tail 12-23 cm.
Coat: mid-body medians of photographed deer R 122, G 105, B 85.
"""

from __future__ import annotations

from dataclasses import dataclass, field

Colour = tuple[float, float, float]


@dataclass(frozen=True)
class Coat:
    """sRGB colours in [0, 1]."""

    body: Colour = (0.52, 0.44, 0.35)
    back: Colour = (0.42, 0.35, 0.28)
    belly: Colour = (0.72, 0.67, 0.59)
    rump: Colour = (0.86, 0.83, 0.77)
    face: Colour = (0.55, 0.48, 0.40)
    crown: Colour = (0.33, 0.27, 0.22)
    muzzle: Colour = (0.76, 0.72, 0.66)
    throat: Colour = (0.74, 0.70, 0.63)
    legs: Colour = (0.50, 0.41, 0.31)
    hoof: Colour = (0.14, 0.12, 0.10)
    tail: Colour = (0.84, 0.81, 0.76)
    tail_tip: Colour = (0.08, 0.07, 0.06)
    ear: Colour = (0.45, 0.38, 0.31)
    ear_inside: Colour = (0.70, 0.63, 0.57)
    mottle: float = 0.10  # relative change of brightness by patches of fur
    # The demo's animals make nothing of what follows.
    neck: Colour | None = None  # None is the body's colour
    mane: Colour | None = None
    socks: Colour | None = None  # the legs below the knee and hock
    pattern: str = ""  # fawn, spots, patches
    marks: Colour = (0.85, 0.81, 0.74)  # colour of the pattern


@dataclass(frozen=True)
class Anatomy:
    """What a detailed body knows beyond its proportions; lengths in shoulder heights."""

    limbs: str = "hoof"  # hoof, paw, hop
    croup: float = 1.0  # height of the hindquarters
    shoulders: float = 1.0  # bulk of the fore end
    haunches: float = 1.0  # bulk of the hind end
    hump: float = 0.0  # height of the withers above the back
    sag: float = 0.0  # how far the belly hangs
    stoop: float = 0.0  # radians by which the neck is carried lower than a deer's
    crest: float = 1.0  # depth of the neck where it leaves the trunk
    jaw: float = 1.0  # depth of the cheeks
    snout: float = 0.0  # radius of a pig's disc
    tail: str = "flag"  # flag, brush, switch, plume, thin, stub, puff
    mane: float = 0.0  # depth of hair along the neck's upper edge
    mane_kind: str = "falling"  # falling to one side, bristles that stand, a ruff all round the neck
    dewlap: float = 0.0
    horns: float = 0.0
    tusks: float = 0.0
    palms: float = 0.0  # 1 sweeps the antlers back, as an elk's
    ear_tip: float = 0.6  # 0 is round, 1 is pointed
    eyes: float = 0.72  # how far the eyes stand to the sides, in skull radii


@dataclass(frozen=True)
class Build:
    """Proportions in shoulder heights (`shoulder` itself in metres)."""

    name: str = "deer"
    shoulder: float = 0.95
    trunk: float = 1.0
    depth: float = 0.40
    width: float = 0.70  # of the trunk's depth
    tuck: float = 0.84  # depth at the flank relative to the chest
    leg: float = 1.0  # thickness
    neck: float = 0.52
    neck_base: float = 0.125
    neck_top: float = 0.075
    head: float = 0.33
    skull: float = 0.077
    muzzle_radius: float = 0.040
    ear: float = 0.23
    ear_width: float = 0.062
    ear_spread: float = 0.9  # radians from upright
    tail_length: float = 0.18
    tail_radius: float = 0.026
    antlers: float = 0.0  # beam length
    paws: bool = False
    coat: Coat = field(default_factory=Coat)
    anatomy: Anatomy = field(default_factory=Anatomy)
