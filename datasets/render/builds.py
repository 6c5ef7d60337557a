"""Tables of the animals with a detailed body: proportions in shoulder heights, coats in sRGB."""

from __future__ import annotations

from dataclasses import replace

from datasets.render.species import Anatomy, Build, Coat

# Deer: mid-body colours of photographed deer have the ratio 1 : 0.86 : 0.70; summer is redder, winter greyer.
DEER_SUMMER = Coat(
    body=(0.54, 0.445, 0.345), back=(0.46, 0.365, 0.275), belly=(0.74, 0.69, 0.61), rump=(0.84, 0.81, 0.75),
    face=(0.55, 0.47, 0.38), crown=(0.40, 0.32, 0.25), muzzle=(0.70, 0.65, 0.58), throat=(0.76, 0.72, 0.65),
    legs=(0.55, 0.45, 0.34), hoof=(0.13, 0.11, 0.10), tail=(0.76, 0.71, 0.64), tail_tip=(0.08, 0.07, 0.06),
    ear=(0.44, 0.37, 0.30), ear_inside=(0.68, 0.61, 0.55), mottle=0.06,
)  # fmt: skip
DEER_WINTER = replace(
    DEER_SUMMER, body=(0.49, 0.425, 0.35), back=(0.40, 0.345, 0.28), face=(0.53, 0.49, 0.43), crown=(0.30, 0.26, 0.22),
    legs=(0.50, 0.43, 0.35), ear=(0.41, 0.37, 0.32), throat=(0.73, 0.70, 0.65), neck=(0.46, 0.395, 0.325),
)  # fmt: skip
DEER = Build(
    name="deer", trunk=1.02, depth=0.43, width=0.66, tuck=0.86, leg=1.0, neck=0.46, neck_base=0.170, neck_top=0.088,
    head=0.33, skull=0.083, muzzle_radius=0.042, ear=0.23, ear_width=0.060, ear_spread=0.95, tail_length=0.18,
    tail_radius=0.028, coat=DEER_SUMMER, anatomy=Anatomy(croup=1.02),
)  # fmt: skip

ELK_COAT = Coat(
    body=(0.60, 0.50, 0.38), back=(0.55, 0.45, 0.34), belly=(0.34, 0.27, 0.21), rump=(0.82, 0.74, 0.60),
    face=(0.33, 0.25, 0.19), crown=(0.30, 0.22, 0.17), muzzle=(0.32, 0.25, 0.20), throat=(0.25, 0.18, 0.14),
    legs=(0.30, 0.23, 0.18), hoof=(0.10, 0.09, 0.08), tail=(0.80, 0.71, 0.56), tail_tip=(0.78, 0.69, 0.54),
    ear=(0.36, 0.28, 0.21), ear_inside=(0.62, 0.54, 0.45), mottle=0.06, neck=(0.28, 0.20, 0.15),
)  # fmt: skip
ELK = Build(
    name="elk", trunk=1.04, depth=0.45, width=0.64, tuck=0.84, leg=1.0, neck=0.45, neck_base=0.185, neck_top=0.105,
    head=0.34, skull=0.084, muzzle_radius=0.046, ear=0.17, ear_width=0.046, ear_spread=1.0, tail_length=0.10,
    tail_radius=0.026, coat=ELK_COAT,
    anatomy=Anatomy(croup=0.96, hump=0.02, mane=0.02, mane_kind="ruff", shoulders=1.1),
)  # fmt: skip

BOAR_COAT = Coat(
    body=(0.29, 0.255, 0.22), back=(0.20, 0.175, 0.155), belly=(0.30, 0.26, 0.22), rump=(0.27, 0.235, 0.20),
    face=(0.31, 0.275, 0.24), crown=(0.24, 0.21, 0.185), muzzle=(0.36, 0.32, 0.28), throat=(0.30, 0.26, 0.22),
    legs=(0.19, 0.165, 0.145), hoof=(0.09, 0.08, 0.08), tail=(0.22, 0.19, 0.17), tail_tip=(0.12, 0.10, 0.10),
    ear=(0.20, 0.175, 0.155), ear_inside=(0.34, 0.29, 0.25), mottle=0.09, mane=(0.15, 0.13, 0.115),
)  # fmt: skip
BOAR = Build(
    name="boar", trunk=1.32, depth=0.62, width=0.60, tuck=0.78, leg=1.25, neck=0.26, neck_base=0.25, neck_top=0.185,
    head=0.44, skull=0.130, muzzle_radius=0.070, ear=0.15, ear_width=0.060, ear_spread=0.55, tail_length=0.26,
    tail_radius=0.020, coat=BOAR_COAT,
    anatomy=Anatomy(stoop=0.95, croup=0.90, shoulders=1.15, haunches=1.0, hump=0.05, crest=1.0, jaw=1.15, snout=0.060,
                    tail="thin", mane=0.05, mane_kind="bristles", ear_tip=0.8, eyes=0.75),
)  # fmt: skip

FOX_COAT = Coat(
    body=(0.60, 0.395, 0.235), back=(0.56, 0.345, 0.195), belly=(0.72, 0.68, 0.62), rump=(0.58, 0.39, 0.24),
    face=(0.62, 0.41, 0.25), crown=(0.58, 0.375, 0.225), muzzle=(0.80, 0.76, 0.70), throat=(0.80, 0.77, 0.72),
    legs=(0.50, 0.33, 0.20), hoof=(0.10, 0.085, 0.075), tail=(0.54, 0.39, 0.27), tail_tip=(0.88, 0.86, 0.82),
    ear=(0.15, 0.12, 0.10), ear_inside=(0.62, 0.54, 0.46), mottle=0.07, socks=(0.12, 0.10, 0.085),
)  # fmt: skip
FOX = Build(
    name="fox", trunk=1.30, depth=0.42, width=0.72, tuck=0.80, leg=1.05, neck=0.36, neck_base=0.165, neck_top=0.125,
    head=0.42, skull=0.108, muzzle_radius=0.034, ear=0.20, ear_width=0.070, ear_spread=0.35, tail_length=0.92,
    tail_radius=0.075, paws=True, coat=FOX_COAT,
    anatomy=Anatomy(limbs="paw", stoop=0.25, croup=1.0, tail="brush", ear_tip=0.95, eyes=0.55, jaw=1.0),
)  # fmt: skip

COYOTE_COAT = Coat(
    body=(0.50, 0.445, 0.365), back=(0.36, 0.32, 0.265), belly=(0.70, 0.66, 0.58), rump=(0.48, 0.43, 0.35),
    face=(0.54, 0.455, 0.36), crown=(0.49, 0.41, 0.32), muzzle=(0.66, 0.60, 0.52), throat=(0.72, 0.68, 0.61),
    legs=(0.58, 0.485, 0.365), hoof=(0.52, 0.44, 0.34), tail=(0.45, 0.40, 0.33), tail_tip=(0.10, 0.09, 0.08),
    ear=(0.50, 0.385, 0.275), ear_inside=(0.68, 0.62, 0.54), mottle=0.12,
)  # fmt: skip
COYOTE = Build(
    name="coyote", trunk=1.12, depth=0.41, width=0.68, tuck=0.74, leg=1.0, neck=0.34, neck_base=0.165, neck_top=0.125,
    head=0.37, skull=0.092, muzzle_radius=0.036, ear=0.20, ear_width=0.064, ear_spread=0.38, tail_length=0.62,
    tail_radius=0.058, paws=True, coat=COYOTE_COAT,
    anatomy=Anatomy(limbs="paw", stoop=0.25, croup=0.98, tail="brush", ear_tip=0.9, eyes=0.58),
)  # fmt: skip

RABBIT_COAT = Coat(
    body=(0.50, 0.435, 0.35), back=(0.43, 0.37, 0.295), belly=(0.72, 0.69, 0.63), rump=(0.48, 0.43, 0.36),
    face=(0.52, 0.45, 0.365), crown=(0.49, 0.42, 0.335), muzzle=(0.60, 0.54, 0.46), throat=(0.58, 0.50, 0.41),
    legs=(0.54, 0.45, 0.345), hoof=(0.60, 0.53, 0.44), tail=(0.82, 0.80, 0.76), tail_tip=(0.86, 0.84, 0.80),
    ear=(0.46, 0.395, 0.315), ear_inside=(0.66, 0.56, 0.49), mottle=0.12, neck=(0.56, 0.44, 0.31),
)  # fmt: skip
RABBIT = Build(
    name="rabbit", trunk=1.22, depth=0.76, width=0.76, tuck=1.04, leg=1.55, neck=0.14, neck_base=0.26, neck_top=0.20,
    head=0.42, skull=0.170, muzzle_radius=0.105, ear=0.52, ear_width=0.085, ear_spread=0.22, tail_length=0.16,
    tail_radius=0.085, paws=True, coat=RABBIT_COAT,
    anatomy=Anatomy(limbs="hop", stoop=0.15, croup=1.10, haunches=1.15, shoulders=0.8, tail="puff",
                    ear_tip=0.35, eyes=0.9, jaw=0.85),
)  # fmt: skip

COW_BROWN = Coat(
    body=(0.40, 0.235, 0.145), back=(0.37, 0.215, 0.13), belly=(0.70, 0.65, 0.58), rump=(0.39, 0.225, 0.14),
    face=(0.80, 0.77, 0.71), crown=(0.82, 0.79, 0.73), muzzle=(0.72, 0.60, 0.53), throat=(0.76, 0.71, 0.64),
    legs=(0.40, 0.25, 0.165), hoof=(0.18, 0.15, 0.13), tail=(0.38, 0.225, 0.14), tail_tip=(0.74, 0.69, 0.61),
    ear=(0.39, 0.235, 0.15), ear_inside=(0.60, 0.49, 0.42), mottle=0.04, socks=(0.72, 0.67, 0.59),
)  # fmt: skip
COW_BLACK = Coat(
    body=(0.10, 0.088, 0.08), back=(0.115, 0.095, 0.083), belly=(0.10, 0.088, 0.08), rump=(0.10, 0.088, 0.08),
    face=(0.10, 0.088, 0.08), crown=(0.11, 0.095, 0.085), muzzle=(0.11, 0.10, 0.095), throat=(0.10, 0.088, 0.08),
    legs=(0.095, 0.085, 0.078), hoof=(0.08, 0.075, 0.07), tail=(0.10, 0.088, 0.08), tail_tip=(0.08, 0.07, 0.065),
    ear=(0.10, 0.088, 0.08), ear_inside=(0.20, 0.17, 0.15), mottle=0.05,
)  # fmt: skip
COW = Build(
    name="cow", trunk=1.20, depth=0.57, width=0.68, tuck=0.96, leg=1.25, neck=0.36, neck_base=0.215, neck_top=0.135,
    head=0.40, skull=0.105, muzzle_radius=0.076, ear=0.17, ear_width=0.050, ear_spread=1.45, tail_length=0.66,
    tail_radius=0.020, coat=COW_BROWN,
    anatomy=Anatomy(stoop=0.5, croup=0.99, sag=0.02, tail="switch", dewlap=0.06, ear_tip=0.4, eyes=0.82, jaw=1.05),
)  # fmt: skip

HORSE_BAY = Coat(
    body=(0.36, 0.21, 0.125), back=(0.33, 0.19, 0.11), belly=(0.37, 0.23, 0.145), rump=(0.35, 0.20, 0.12),
    face=(0.34, 0.20, 0.12), crown=(0.32, 0.185, 0.11), muzzle=(0.17, 0.125, 0.10), throat=(0.36, 0.215, 0.13),
    legs=(0.28, 0.165, 0.105), hoof=(0.16, 0.14, 0.12), tail=(0.085, 0.07, 0.06), tail_tip=(0.085, 0.07, 0.06),
    ear=(0.30, 0.18, 0.11), ear_inside=(0.30, 0.22, 0.17), mottle=0.03, mane=(0.085, 0.07, 0.06),
    socks=(0.09, 0.075, 0.065),
)  # fmt: skip
HORSE = Build(
    name="horse", trunk=1.06, depth=0.45, width=0.66, tuck=0.88, leg=1.0, neck=0.49, neck_base=0.185, neck_top=0.098,
    head=0.40, skull=0.088, muzzle_radius=0.056, ear=0.12, ear_width=0.032, ear_spread=0.28, tail_length=0.62,
    tail_radius=0.050, coat=HORSE_BAY,
    anatomy=Anatomy(croup=1.0, haunches=1.12, stoop=0.1, tail="plume", mane=0.085, ear_tip=0.9, eyes=0.8,
                    jaw=1.25, crest=1.1),
)  # fmt: skip

BOBCAT_COAT = Coat(
    body=(0.56, 0.465, 0.36), back=(0.47, 0.375, 0.28), belly=(0.76, 0.72, 0.65), rump=(0.55, 0.455, 0.35),
    face=(0.56, 0.465, 0.36), crown=(0.48, 0.39, 0.295), muzzle=(0.76, 0.72, 0.65), throat=(0.76, 0.72, 0.66),
    legs=(0.58, 0.48, 0.37), hoof=(0.60, 0.51, 0.41), tail=(0.55, 0.45, 0.34), tail_tip=(0.09, 0.08, 0.07),
    ear=(0.13, 0.115, 0.10), ear_inside=(0.66, 0.60, 0.53), mottle=0.08, pattern="spots", marks=(0.24, 0.19, 0.14),
)  # fmt: skip
BOBCAT = Build(
    name="bobcat", trunk=1.22, depth=0.40, width=0.72, tuck=0.86, leg=1.2, neck=0.26, neck_base=0.15, neck_top=0.115,
    head=0.27, skull=0.118, muzzle_radius=0.058, ear=0.14, ear_width=0.062, ear_spread=0.42, tail_length=0.20,
    tail_radius=0.042, paws=True, coat=BOBCAT_COAT,
    anatomy=Anatomy(limbs="paw", stoop=0.35, croup=1.04, haunches=1.05, tail="stub", ear_tip=0.9, eyes=0.52, jaw=1.0),
)  # fmt: skip
