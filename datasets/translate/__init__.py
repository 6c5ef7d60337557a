"""Image-to-image translators: they give a synthetic crop the look of the photographs (the paper, section 3.2).

Name = module. A translator is one file in here (or a `.py` file given by its path) that defines

    class Parameters(pydantic.BaseModel)                     frozen; what `translator_options=` may set
    def fit(domains: Domains, parameters: Parameters) -> Translator

`fit` may be slow (statistics of all photographs, or training a network); what it returns is pickled, and `translate` is
called once for each crop, in many processes. It keeps shapes: the animal must stay where its mask is. All randomness
comes from the generator that it is given, which follows from the seed and the crop's key alone.

The photographs are the selected test photographs, without any label: the paper's translator saw them too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, cast

import numpy as np
import pydantic

from ablate import parts
from ablate.cli import parse
from ablate.errors import UsageError
from datasets.pictures import Pixels, decode

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
        target: whose look is wanted.
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


class TranslatorModule(Protocol):
    """What a file in this package defines."""

    Parameters: type[pydantic.BaseModel]

    def fit(self, domains: Domains, parameters: pydantic.BaseModel, /) -> Translator:
        """Learns the photographs' look."""


@dataclass(frozen=True)
class Choice:
    """A translator as the user chose it, not yet fitted; `identity` is name@parameters, as samples record it."""

    module: TranslatorModule
    parameters: pydantic.BaseModel
    identity: str

    def fit(self, photos: Sequence[Path]) -> Translator:
        """Learns the look of photographs, given by their files."""
        decoded = _Decoded(tuple(photos))
        return self.module.fit(Domains(decoded, decoded), self.parameters)


@dataclass(frozen=True)
class _Decoded:
    photos: tuple[Path, ...]

    def __len__(self) -> int:
        return len(self.photos)

    def __getitem__(self, index: int, /) -> Pixels:
        return decode(self.photos[index].read_bytes()).image_hw3


def choose(name: str, options: Sequence[str]) -> Choice:
    """Finds a translator and reads its parameters from `key=value` texts.

    Raises:
        UsageError: there is no such translator, or it has no such parameter.
    """
    module = cast(TranslatorModule, parts.load(PACKAGE, name, "translator"))
    try:
        parameters = parse(module.Parameters, options) if module.Parameters.model_fields else None
    except UsageError as error:
        raise UsageError(f"translator_options={','.join(options)}: {error}") from error
    if parameters is None:
        if options:
            raise UsageError(f"translator_options={','.join(options)}: translator={name} has no parameters")
        return Choice(module, module.Parameters(), parts.content(name))
    values = ",".join(f"{key}={value}" for key, value in sorted(parameters.model_dump().items()))
    return Choice(module, parameters, f"{parts.content(name)}@{values}")
