"""The demo's animals: deer, and the others that its cameras see."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from datasets.render.species import Build, Coat, Colour


def tinted(coat: Coat, rng: np.random.Generator, warmth: float, shade: float) -> Coat:
    """The coat of one individual: `warmth` > 0 is redder, < 0 greyer and dustier; `shade` < 1 is darker."""
    brightness = shade * float(np.exp(rng.normal(0.0, 0.13)))
    warm = warmth + float(rng.normal(0.0, 0.04))
    gains = brightness * np.array([1 + warm, 1.0 + 0.15 * warm, 1 - 1.1 * warm])

    def dyed(colour: Colour) -> Colour:
        red, green, blue = np.clip(np.asarray(colour) * gains, 0.03, 0.95)
        return (float(red), float(green), float(blue))

    return replace(
        coat,
        body=dyed(coat.body),
        back=dyed(coat.back),
        face=dyed(coat.face),
        crown=dyed(coat.crown),
        legs=dyed(coat.legs),
        ear=dyed(coat.ear),
    )


def deer(rng: np.random.Generator, warmth: float, shade: float) -> Build:
    """One mule deer: doe, yearling or buck."""
    buck = rng.random() < 0.35
    young = not buck and rng.random() < 0.2
    return replace(
        Build(),
        shoulder=float(rng.uniform(0.68, 0.78) if young else rng.uniform(0.84, 1.04) + 0.04 * buck),
        trunk=float(rng.uniform(0.94, 1.06) - 0.06 * young),
        depth=float(rng.uniform(0.37, 0.43) - 0.03 * young),
        neck=float(rng.uniform(0.48, 0.55)),
        neck_base=float(rng.uniform(0.115, 0.13) + 0.02 * buck),
        neck_top=float(rng.uniform(0.068, 0.078) + 0.012 * buck),
        head=float(rng.uniform(0.30, 0.34)),
        ear=float(rng.uniform(0.21, 0.26)),
        tail_length=float(rng.uniform(0.15, 0.21)),
        antlers=float(rng.uniform(0.30, 0.52)) if buck and rng.random() < 0.85 else 0.0,
        coat=tinted(Coat(), rng, warmth, shade),
    )


_GREY = Coat(
    body=(0.47, 0.43, 0.37), back=(0.35, 0.32, 0.28), belly=(0.70, 0.67, 0.60), rump=(0.47, 0.43, 0.37),
    face=(0.50, 0.42, 0.34), crown=(0.45, 0.39, 0.32), muzzle=(0.72, 0.68, 0.61), throat=(0.68, 0.64, 0.57),
    legs=(0.52, 0.42, 0.31), hoof=(0.40, 0.33, 0.26), tail=(0.45, 0.41, 0.35), tail_tip=(0.12, 0.11, 0.10),
    ear=(0.45, 0.35, 0.26), ear_inside=(0.68, 0.61, 0.54), mottle=0.16,
)  # fmt: skip
_TAN = replace(_GREY, body=(0.58, 0.47, 0.34), back=(0.48, 0.37, 0.26), rump=(0.58, 0.47, 0.34), mottle=0.22)
_COW = replace(
    Coat(), body=(0.23, 0.15, 0.11), back=(0.20, 0.13, 0.10), belly=(0.26, 0.18, 0.14), rump=(0.22, 0.15, 0.11),
    face=(0.80, 0.77, 0.72), crown=(0.80, 0.77, 0.72), muzzle=(0.75, 0.65, 0.60), throat=(0.5, 0.42, 0.36),
    legs=(0.20, 0.14, 0.11), tail=(0.20, 0.14, 0.11), ear=(0.22, 0.15, 0.11),
)  # fmt: skip

OTHERS: dict[str, Build] = {
    "coyote": Build(
        "coyote", 0.56, 1.08, 0.42, 0.66, 0.72, 1.15, 0.34, 0.13, 0.105, 0.36, 0.10, 0.042, 0.20, 0.062, 0.35,
        0.55, 0.065, paws=True, coat=_GREY,
    ),
    "dog": Build(
        "dog", 0.60, 1.02, 0.44, 0.70, 0.76, 1.3, 0.34, 0.13, 0.11, 0.36, 0.11, 0.06, 0.15, 0.07, 1.3,
        0.5, 0.04, paws=True,
        coat=replace(_COW, face=(0.25, 0.18, 0.13), crown=(0.18, 0.12, 0.09), rump=(0.22, 0.15, 0.11)),
    ),
    "bobcat": Build(
        "bobcat", 0.50, 1.05, 0.40, 0.72, 0.86, 1.6, 0.26, 0.13, 0.11, 0.26, 0.13, 0.075, 0.14, 0.06, 0.4,
        0.16, 0.04, paws=True, coat=_TAN,
    ),
    "cat": Build(
        "cat", 0.27, 1.25, 0.44, 0.70, 0.90, 1.3, 0.22, 0.12, 0.10, 0.26, 0.13, 0.07, 0.14, 0.075, 0.45,
        0.8, 0.035, paws=True, coat=replace(_GREY, body=(0.35, 0.32, 0.30), back=(0.28, 0.26, 0.24)),
    ),
    "rabbit": Build(
        "rabbit", 0.20, 1.15, 0.80, 0.78, 1.12, 2.0, 0.22, 0.24, 0.17, 0.42, 0.19, 0.11, 0.62, 0.10, 0.25,
        0.12, 0.10, paws=True, coat=replace(_TAN, body=(0.50, 0.43, 0.34), tail=(0.85, 0.82, 0.78)),
    ),
    "cow": Build(
        "cow", 1.35, 1.25, 0.52, 0.72, 1.0, 1.35, 0.42, 0.17, 0.13, 0.40, 0.115, 0.085, 0.17, 0.06, 1.35,
        0.6, 0.02, coat=_COW,
    ),
}  # fmt: skip
