"""Which animals there are: grey value in masks, category, how often each pose, and how an individual is made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from ablate.errors import UsageError
from datasets.render import builds
from datasets.render.species import Build, Coat, Colour

SEXES = ("male", "female", "young")
COATS = ("summer", "winter", "wet")


@dataclass(frozen=True)
class Individual:
    """One animal.

    Attributes:
        sex: male, female or young.
        coat: summer, winter or wet.
        hair: length of the hair on the flank, metres.
    """

    species: str
    build: Build
    sex: str
    coat: str
    hair: float


Maker = Callable[[np.random.Generator, str, str], Build]


@dataclass(frozen=True)
class Species:
    """`id` is the grey value in masks, `poses` the weight of each pose, `maker` builds one of a sex in a coat."""

    id: int
    category: str
    poses: Mapping[str, float]
    sexes: tuple[float, float, float]  # shares of male, female, young
    hair: float  # metres
    maker: Maker


def individual(rng: np.random.Generator, species: str) -> Individual:
    """One animal of a species."""
    if species not in SPECIES:
        raise UsageError(f"no species {species!r}; there are {', '.join(SPECIES)}")
    kind = SPECIES[species]
    sex = str(rng.choice(SEXES, p=kind.sexes))
    coat = str(rng.choice(COATS, p=(0.48, 0.42, 0.10)))
    build = _varied(kind.maker(rng, sex, coat), rng, sex)
    build = replace(build, coat=_dyed(build.coat, rng, coat))
    hair = kind.hair * {"summer": 0.8, "winter": 1.25, "wet": 0.7}[coat] * float(rng.uniform(0.85, 1.15))
    return Individual(species, build, sex, coat, hair)


def _varied(build: Build, rng: np.random.Generator, sex: str) -> Build:
    """Individual proportions; young ones are slender, with longer legs and a shorter face."""
    young = sex == "young"
    condition = float(rng.normal(1.0, 0.035))  # fat or lean

    def about(value: float, spread: float = 0.03) -> float:
        return float(value * np.clip(rng.normal(1, spread), 1 - 2.5 * spread, 1 + 2.5 * spread))

    return replace(
        build,
        trunk=about(build.trunk) * (0.93 if young else 1.0),
        depth=about(build.depth, 0.02) * (0.90 if young else 1.0),
        width=about(build.width) * condition * (0.92 if young else 1.0),
        tuck=about(build.tuck, 0.02),
        leg=about(build.leg, 0.04) * (1.12 if young else 1.0),
        neck=about(build.neck),
        neck_base=about(build.neck_base) * (0.86 if young else 1.0),
        neck_top=about(build.neck_top) * (0.92 if young else 1.0),
        head=about(build.head) * (0.98 if young else 1.0),
        skull=about(build.skull) * (1.08 if young else 1.0),
        ear=about(build.ear, 0.05) * (1.1 if young else 1.0),
        tail_length=about(build.tail_length, 0.06),
    )


def _dyed(coat: Coat, rng: np.random.Generator, state: str) -> Coat:
    """The coat of one individual: its brightness and warmth, darker and more saturated when wet."""
    brightness = float(np.exp(rng.normal(0.0, 0.10)))
    warm = float(rng.normal(0.0, 0.025))
    gains = brightness * np.array([1 + warm, 1.0, 1 - warm]) * UNDER_BLUE_SKY

    def dyed(colour: Colour) -> Colour:
        shade = np.asarray(colour) * gains
        if state == "wet":
            grey = shade.mean()
            shade = 0.68 * (grey + 1.3 * (shade - grey))
        red, green, blue = np.clip(shade, 0.025, 0.93)
        return (float(red), float(green), float(blue))

    changed = {name: dyed(getattr(coat, name)) for name in DYED if getattr(coat, name) is not None}
    return replace(coat, **changed)  # type: ignore[arg-type]


# Coats are tabulated as photographed, with the sky's blue in them, which the renderer adds again: with these gains the
# mid-body colours of rendered deer have the quartiles of photographed ones.
UNDER_BLUE_SKY = np.array([1.30, 1.18, 1.09])
DYED = ("body", "back", "belly", "face", "crown", "throat", "legs", "ear", "neck", "mane", "socks", "tail", "tail_tip",
        "rump")  # fmt: skip


def _size(rng: np.random.Generator, low: float, high: float) -> float:
    return float(rng.uniform(low, high))


def _changed(build: Build, **anatomy: float | str) -> Build:
    """The build with some of its anatomy changed."""
    return replace(build, anatomy=replace(build.anatomy, **anatomy))  # type: ignore[arg-type]


def _deer(rng: np.random.Generator, sex: str, coat: str) -> Build:
    fur = builds.DEER_WINTER if coat == "winter" else builds.DEER_SUMMER
    if sex == "young":
        spotted = coat == "summer" and rng.random() < 0.75
        fur = replace(fur, pattern="fawn" if spotted else "", crown=fur.face)
        return replace(builds.DEER, shoulder=_size(rng, 0.50, 0.72), coat=fur)
    if sex == "female":
        return replace(builds.DEER, shoulder=_size(rng, 0.82, 0.96), coat=replace(fur, crown=_mixed(fur)))
    antlers = _size(rng, 0.32, 0.62) if rng.random() < 0.85 else 0.0  # shed in spring
    thick = 1.18 if coat == "winter" else 1.06  # the neck swells in the rut
    return replace(
        builds.DEER, shoulder=_size(rng, 0.90, 1.06), antlers=antlers, coat=fur,
        neck_base=builds.DEER.neck_base * thick, neck_top=builds.DEER.neck_top * thick,
    )  # fmt: skip


def _mixed(coat: Coat) -> Colour:
    """A crown half as dark as a male's."""
    red, green, blue = (np.asarray(coat.crown) + np.asarray(coat.face)) / 2
    return (float(red), float(green), float(blue))


def _elk(rng: np.random.Generator, sex: str, coat: str) -> Build:
    fur = builds.ELK_COAT
    if coat == "summer":
        fur = replace(fur, body=(0.55, 0.42, 0.30), back=(0.50, 0.38, 0.27))
    if sex == "male":
        antlers = _size(rng, 0.75, 1.05) if rng.random() < 0.85 else 0.0
        return _changed(replace(builds.ELK, shoulder=_size(rng, 1.35, 1.52), antlers=antlers, coat=fur), palms=1.0)
    lighter = replace(fur, neck=(0.36, 0.27, 0.20), throat=(0.32, 0.24, 0.18), belly=(0.42, 0.34, 0.27))
    slim = replace(builds.ELK, neck_base=0.165, neck_top=0.092, coat=lighter)
    if sex == "young":
        return _changed(replace(slim, shoulder=_size(rng, 0.8, 1.05)), mane=0.0)
    return _changed(replace(slim, shoulder=_size(rng, 1.22, 1.36)), mane=0.01)


def _boar(rng: np.random.Generator, sex: str, coat: str) -> Build:
    fur = builds.BOAR_COAT
    if rng.random() < 0.3:
        fur = replace(fur, body=(0.38, 0.32, 0.26), back=(0.27, 0.22, 0.18), face=(0.36, 0.30, 0.25))
    if sex == "young":
        fur = replace(fur, body=(0.42, 0.32, 0.22), back=(0.34, 0.25, 0.17), face=(0.40, 0.31, 0.22))
        young = replace(builds.BOAR, shoulder=_size(rng, 0.36, 0.55), head=0.46, coat=fur)
        return _changed(young, mane=0.015, hump=0.0, shoulders=1.0)
    if sex == "male":
        return _changed(replace(builds.BOAR, shoulder=_size(rng, 0.78, 0.98), coat=fur), tusks=0.07)
    return _changed(replace(builds.BOAR, shoulder=_size(rng, 0.66, 0.82), coat=fur), shoulders=1.05, mane=0.035)


def _fox(rng: np.random.Generator, sex: str, coat: str) -> Build:
    return replace(builds.FOX, shoulder=_size(rng, 0.26, 0.32) if sex == "young" else _size(rng, 0.34, 0.42))


def _coyote(rng: np.random.Generator, sex: str, coat: str) -> Build:
    return replace(builds.COYOTE, shoulder=_size(rng, 0.40, 0.5) if sex == "young" else _size(rng, 0.52, 0.62))


def _rabbit(rng: np.random.Generator, sex: str, coat: str) -> Build:
    return replace(builds.RABBIT, shoulder=_size(rng, 0.10, 0.14) if sex == "young" else _size(rng, 0.16, 0.21))


def _cow(rng: np.random.Generator, sex: str, coat: str) -> Build:
    brown, black = builds.COW_BROWN, builds.COW_BLACK
    white_face = {name: getattr(brown, name) for name in ("face", "crown", "muzzle", "throat")}
    plain = replace(brown, belly=brown.body, face=(0.38, 0.22, 0.14), crown=(0.37, 0.21, 0.13), throat=brown.body,
                    socks=None, tail_tip=(0.30, 0.17, 0.11))  # fmt: skip
    cream = replace(plain, body=(0.72, 0.63, 0.50), back=(0.69, 0.60, 0.47), belly=(0.74, 0.66, 0.54),
                    rump=(0.72, 0.63, 0.50), face=(0.72, 0.64, 0.52), crown=(0.70, 0.62, 0.50), legs=(0.68, 0.60, 0.48),
                    throat=(0.72, 0.64, 0.52), tail=(0.68, 0.60, 0.48), ear=(0.66, 0.57, 0.46))  # fmt: skip
    pied = replace(black, pattern="patches", marks=(0.80, 0.78, 0.74))
    coats = (brown, black, plain, replace(black, **white_face), pied, cream)
    fur = coats[int(rng.choice(6, p=(0.24, 0.24, 0.18, 0.12, 0.14, 0.08)))]
    if sex == "young":
        return _changed(replace(builds.COW, shoulder=_size(rng, 0.78, 1.05), coat=fur), dewlap=0.02, sag=0.0)
    horns = _size(rng, 0.12, 0.22) if rng.random() < 0.25 else 0.0
    large = _size(rng, 1.36, 1.50) if sex == "male" else _size(rng, 1.24, 1.42)
    build = _changed(replace(builds.COW, shoulder=large, coat=fur), horns=horns)
    return _changed(build, hump=0.05, crest=1.2) if sex == "male" else build


def _horse(rng: np.random.Generator, sex: str, coat: str) -> Build:
    bay = builds.HORSE_BAY

    def of(body: Colour, mane: Colour, socks: Colour | None = None) -> Coat:
        names = ("body", "back", "belly", "rump", "face", "crown", "throat", "legs", "ear")
        skin = replace(bay, **dict.fromkeys(names, body))  # type: ignore[arg-type]
        return replace(skin, mane=mane, tail=mane, tail_tip=mane, socks=socks)

    chestnut = of((0.43, 0.255, 0.15), (0.47, 0.31, 0.19))
    grey = replace(of((0.66, 0.65, 0.63), (0.60, 0.59, 0.57), (0.45, 0.44, 0.43)), muzzle=(0.33, 0.31, 0.30))
    black = of((0.11, 0.095, 0.085), (0.07, 0.062, 0.058))
    dun = of((0.60, 0.49, 0.34), (0.13, 0.105, 0.085), (0.14, 0.115, 0.095))
    coats = (bay, chestnut, grey, black, dun, replace(bay, pattern="patches", marks=(0.80, 0.77, 0.73)))
    fur = coats[int(rng.choice(6, p=(0.34, 0.22, 0.14, 0.12, 0.1, 0.08)))]
    if sex == "young":
        foal = replace(builds.HORSE, shoulder=_size(rng, 0.95, 1.2), tail_length=0.4, depth=0.40, coat=fur)
        return _changed(foal, mane=0.03)
    return replace(builds.HORSE, shoulder=_size(rng, 1.38, 1.62), coat=fur)


def _bobcat(rng: np.random.Generator, sex: str, coat: str) -> Build:
    fur = builds.BOBCAT_COAT
    if coat == "winter":
        fur = replace(fur, body=(0.53, 0.475, 0.40), back=(0.44, 0.39, 0.32), face=(0.54, 0.48, 0.40))
    return replace(
        builds.BOBCAT, shoulder=_size(rng, 0.30, 0.4) if sex == "young" else _size(rng, 0.44, 0.54), coat=fur
    )


_GRAZER = {"standing": 0.16, "walking": 0.24, "trotting": 0.04, "running": 0.04, "grazing": 0.22, "browsing": 0.07,
           "alert": 0.08, "facing": 0.08, "looking_back": 0.03, "grooming": 0.02, "lying": 0.015,
           "resting": 0.005}  # fmt: skip
_CATTLE = _GRAZER | {"grazing": 0.30, "alert": 0.03, "running": 0.01, "browsing": 0.03, "lying": 0.05, "resting": 0.01}
_HUNTER = {"standing": 0.12, "walking": 0.38, "trotting": 0.18, "running": 0.06, "grazing": 0.08, "alert": 0.05,
           "facing": 0.07, "looking_back": 0.03, "grooming": 0.01, "lying": 0.015, "resting": 0.005}  # fmt: skip
_ROOTER = {"standing": 0.18, "walking": 0.34, "trotting": 0.10, "running": 0.04, "grazing": 0.24, "facing": 0.06,
           "lying": 0.03, "resting": 0.01}  # fmt: skip
_HOPPER = {"standing": 0.38, "alert": 0.18, "grazing": 0.16, "running": 0.16, "facing": 0.10, "grooming": 0.02}

SPECIES: Mapping[str, Species] = {
    "deer": Species(255, "deer", _GRAZER, (0.36, 0.46, 0.18), 0.030, _deer),
    "elk": Species(245, "elk", _GRAZER, (0.36, 0.50, 0.14), 0.040, _elk),
    "boar": Species(235, "boar", _ROOTER, (0.35, 0.40, 0.25), 0.055, _boar),
    "fox": Species(225, "fox", _HUNTER, (0.45, 0.45, 0.10), 0.040, _fox),
    "coyote": Species(215, "coyote", _HUNTER, (0.45, 0.45, 0.10), 0.042, _coyote),
    "rabbit": Species(205, "rabbit", _HOPPER, (0.42, 0.42, 0.16), 0.018, _rabbit),
    "cow": Species(195, "cow", _CATTLE, (0.2, 0.6, 0.2), 0.022, _cow),
    "horse": Species(185, "horse", _CATTLE, (0.45, 0.45, 0.10), 0.016, _horse),
    "bobcat": Species(175, "bobcat", _HUNTER, (0.45, 0.45, 0.10), 0.030, _bobcat),
}
