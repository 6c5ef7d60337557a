"""Image-to-image translators: they give a synthetic crop the look of the photographs (the paper, section 3.2).

Name = module. A translator is one file in here (or a `.py` file given by its path) that defines

    class Parameters(pydantic.BaseModel)                     frozen; what `translator_options=` may set
    def fit(domains: Domains, parameters: Parameters) -> Translator

and, where it needs them,

    NEEDS_SOURCE = True                                      `fit` also looks at the pictures to translate (default: no)
    MIN_PHOTOS = 2                                           fewer pictures of the wanted look are refused (default 1)

`fit` may be slow (statistics of all photographs, or training a network); what it returns is pickled, and `translate` is
called once for each crop, in many processes. It keeps shapes: the animal must stay where its mask is. All randomness
comes from the generator that it is given, which follows from the seed and the crop's key alone. What `fit` leaves in
its folder outlives a `datasets.prepare` that is killed; pictures and texts there are kept for the user to look at.

A learned translator has a property `digest`, of its weights, which samples and the manifest tell; it computes on the
GPU if its process sees one, and is then given a share of one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Protocol

import numpy as np
import pydantic

from ablate import plugins
from ablate.cli import parse
from ablate.errors import UsageError
from ablate.storage import sha256
from datasets.raw.images import Pixels, decode

PACKAGE = __name__


class Photos(Protocol):
    """The style to aim at: photographs as (h, w, 3) uint8 RGB of any size, decoded anew each time."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> Pixels: ...


@dataclass(frozen=True)
class Domains:
    """What a translator learns from: pictures as (h, w, 3) uint8 RGB, decoded anew each time.

    Attributes:
        source: what will be translated.
        target: whose style is wanted.
        seed: of all randomness.
        folder: where a long training keeps its checkpoint and its sample sheet; None: nowhere.
        report: takes lines that tell of the progress.
    """

    source: Photos
    target: Photos
    seed: int = 0
    folder: Path | None = None
    report: Callable[[str], None] = print


class Translator(Protocol):
    """A fitted translator."""

    def translate(self, image_hw3: Pixels, rng: np.random.Generator, /) -> Pixels:
        """An image of the same shape in the photographs' look; uint8 RGB in and out."""


@dataclass(frozen=True)
class ChosenTranslator:
    """A translator as the user chose it, not yet fitted; `identity` is name@parameters, as samples record it."""

    module: ModuleType
    parameters: pydantic.BaseModel
    identity: str

    @property
    def needs_source(self) -> bool:
        """Whether `fit` looks at `Domains.source`; else that may be empty."""
        return bool(getattr(self.module, "NEEDS_SOURCE", False))

    @property
    def min_photos(self) -> int:
        """How many pictures `Domains.target` must hold."""
        return int(getattr(self.module, "MIN_PHOTOS", 1))

    @property
    def code(self) -> str:
        """A digest of the source that learns: the translator's file, and what translators share."""
        assert self.module.__file__ is not None
        here = Path(__file__).parent
        files = [Path(self.module.__file__), *sorted([*here.glob("_*.py"), *here.glob("*/*.py")])]
        return "".join(sha256(path) for path in files)

    def fit(self, domains: Domains) -> Translator:
        """Learns the look of `domains.target`."""
        fitted: Translator = self.module.fit(domains, self.parameters)
        return fitted

    def recorded(self, fitted: Translator) -> str:
        """What samples record: name@parameters, and #digest of the weights where they were learned."""
        digest = getattr(fitted, "digest", None)
        return f"{self.identity}#{digest}" if digest else self.identity


@dataclass(frozen=True)
class PictureFiles:
    """Photographs in files, which are known to be sound pictures."""

    paths: tuple[Path, ...]

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int, /) -> Pixels:
        return decode(self.paths[index].read_bytes()).image_hw3


def wants_gpu(fitted: object) -> bool:
    """Whether what an arm has learned computes faster on a GPU: learned translators do, unless they say otherwise."""
    return bool(getattr(fitted, "wants_gpu", hasattr(fitted, "digest")))


def choose(name: str, options: Sequence[str]) -> ChosenTranslator:
    """Finds a translator and reads its parameters from `key=value` texts.

    Raises:
        UsageError: there is no such translator, or it has no such parameter.
    """
    module = plugins.load(PACKAGE, name, "translator")
    try:
        parameters = parse(module.Parameters, options) if module.Parameters.model_fields else None
    except UsageError as error:
        raise UsageError(f"translator_options={','.join(options)}: {error}") from error
    if parameters is None:
        if options:
            raise UsageError(f"translator_options={','.join(options)}: translator={name} has no parameters")
        return ChosenTranslator(module, module.Parameters(), plugins.content(name))
    values = ",".join(f"{key}={value}" for key, value in sorted(parameters.model_dump().items()))
    return ChosenTranslator(module, parameters, f"{plugins.content(name)}@{values}")
