"""A learned translation: contrastive unpaired translation (CUT), and its faster variant (FastCUT).

Park, Efros, Zhang, Zhu: Contrastive Learning for Unpaired Image-to-Image Translation (ECCV 2020). A generator is
trained to make source pictures that a discriminator takes for target pictures, while each patch of what it makes must
be told, among 256 patches, to belong to the patch of the source in the same place.

The training goes on from its checkpoint where it was stopped, and on a CPU, with the same number of threads, equals an
undisturbed one bit for bit. What it leaves in its folder: `contrastive.saved_state`.
"""

from __future__ import annotations

import dataclasses
import functools
import math
import time
from datetime import timedelta
from typing import Annotated

import numpy as np
import pydantic
import torch
from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from ablate.errors import UsageError
from datasets.raw.images import Pixels
from datasets.translate import Domains
from datasets.translate.contrastive.batches import Batch, PictureSampler, batch, prefetched, samplers
from datasets.translate.contrastive.networks import SMALLEST_SIDE, Generator
from datasets.translate.contrastive.saved_state import SavedState, Weights, digest, key
from datasets.translate.contrastive.training import LAMBDA_NCE, Mode, Training, accelerator, rate_factor, translated

NEEDS_SOURCE = True
MIN_PHOTOS = 2

_SHOWN = 6
_MILESTONES, _LONGEST_WAY = 20, 2000  # a checkpoint and a sheet as often as that, or after so many images
_SILENCE = 60.0  # seconds
_STRIDE = 4  # of the generator


def _trainable(size: int) -> int:
    if size < SMALLEST_SIDE or size % _STRIDE:
        allowed = max(SMALLEST_SIDE, size - size % _STRIDE)
        text = f"must be a multiple of {_STRIDE} and at least {SMALLEST_SIDE}; type size={allowed}"
        raise PydanticCustomError("size", "{text}", {"text": text})
    return size


class Parameters(pydantic.BaseModel):
    """How a contrastive translator is trained."""

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

    mode: Annotated[
        Mode, Field(description="cut: with identity; fastcut: without it, with flip equivariance and a heavier nce")
    ] = "cut"
    images: Annotated[int, Field(ge=1, description="source images seen in the training")] = 150_000
    batch: Annotated[int, Field(ge=1, description="images in a step")] = 1
    size: Annotated[
        int,
        AfterValidator(_trainable),
        Field(description=f"side of the training windows in pixels; a multiple of 4, at least {SMALLEST_SIDE}"),
    ] = 256
    width: Annotated[int, Field(ge=1, description="channels of the generator's first layer")] = 64
    blocks: Annotated[int, Field(ge=1, description="residual blocks of the generator")] = 9
    lambda_nce: Annotated[
        float | None,
        Field(ge=0, allow_inf_nan=False, description="weight of the patches; none: 1 for cut, 10 for fastcut"),
    ] = None
    learning_rate: Annotated[
        float, Field(gt=0, allow_inf_nan=False, description="Adam's, in the first half; then it falls linearly to 0")
    ] = 2e-4


@dataclasses.dataclass(frozen=True, eq=False)
class Cut:
    """A trained generator; only its weights travel to other processes, where it is built when it is first used."""

    weights: Weights
    width: int
    blocks: int

    @functools.cached_property
    def digest(self) -> str:
        """12 hexadecimal digits of the weights."""
        return digest(self.weights)

    def translate(self, image_hw3: Pixels, rng: np.random.Generator, /) -> Pixels:
        """The image in the target's look; of any size. There is one look: nothing is drawn."""
        height, width = image_hw3.shape[:2]
        beyond = [(0, max(2 * _STRIDE, math.ceil(side / _STRIDE) * _STRIDE) - side) for side in (height, width)]
        padded_hw3 = np.pad(image_hw3, (*beyond, (0, 0)), mode="reflect")
        threads = torch.get_num_threads()
        torch.set_num_threads(1)  # or the bytes depend on how many processes share the machine
        try:
            out_hw3 = translated(self._generator, padded_hw3[None])[0]
        finally:
            torch.set_num_threads(threads)
        return np.ascontiguousarray(out_hw3[:height, :width])

    @functools.cached_property
    def _generator(self) -> Generator:
        with torch.random.fork_rng(devices=[]):
            generator = Generator(self.width, self.blocks)
        # Copies: arrays that came through shared memory cannot be written to, and torch warns of that.
        generator.load_state_dict({name: torch.from_numpy(value.copy()) for name, value in self.weights.items()})
        return generator.requires_grad_(False).to(memory_format=torch.channels_last).to(accelerator())

    def __getstate__(self) -> dict[str, object]:
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}


def fit(domains: Domains, parameters: Parameters) -> Cut:
    """Trains a generator, or goes on with it, or takes the one that an equal training has left in the folder.

    Raises:
        UsageError: the pictures are too few or too small, or the training does not converge.
    """
    if len(domains.target) < MIN_PHOTOS or len(domains.source) < 1:
        raise UsageError(
            f"translator=cut: {len(domains.source)} source and {len(domains.target)} target pictures; it learns from "
            "at least 1 and 2, better from hundreds: give more photographs, or type translator=reinhard"
        )
    shelf = SavedState(domains.folder, key(parameters.model_dump(), domains))
    weights = shelf.weights()
    if weights is None:
        weights = _Run(domains, parameters, shelf).run()
        shelf.finish(weights)
    # In one order, trained or read: what is pickled of it tells chunks that were translated before from others.
    return Cut(dict(sorted(weights.items())), parameters.width, parameters.blocks)


class _Speed:
    """How fast a training goes, and when it was last told."""

    def __init__(self, seen: int, images: int) -> None:
        self._first, self._images = seen, images
        self._began = self._told = time.monotonic()

    @property
    def silent(self) -> bool:
        """Whether nothing was told for a while."""
        return time.monotonic() - self._told > _SILENCE

    def progress(self, seen: int) -> str:
        """Images, images/s, time left."""
        self._told = time.monotonic()
        rate = max(seen - self._first, 1) / max(self._told - self._began, 1e-9)
        left = timedelta(seconds=round((self._images - seen) / rate))
        return f"{seen:,} of {self._images:,} images, {rate:.3g} images/s, {left} left"


class _Run:
    """The way of a training from milestone to milestone."""

    def __init__(self, domains: Domains, parameters: Parameters, shelf: SavedState) -> None:
        self.parameters, self.shelf, self.report = parameters, shelf, domains.report
        self.seed = domains.seed
        self.source, self.target = samplers(domains, parameters.size)
        self.report(f"cut: reading {len(self.source):,} source and {len(self.target):,} target pictures")
        _require_large_enough(self.source, self.target, parameters.size)
        weight = LAMBDA_NCE[parameters.mode] if parameters.lambda_nce is None else parameters.lambda_nce
        p = parameters
        self.training = Training(p.mode, p.size, p.width, p.blocks, weight, domains.seed, accelerator())

    def run(self) -> Weights:
        """Trains to the end; the generator's weights."""
        training, images = self.training, self.parameters.images
        if self.shelf.restore(training):
            self.report(f"cut: resuming after {training.seen:,} of {images:,} images")
        elif self.shelf.has_checkpoint:
            self.report(
                f"cut: starting from the beginning: {self.shelf.checkpoint} is of other parameters, pictures or code"
            )
        clock = _Speed(training.seen, images)
        way = max(self.parameters.batch, min(_LONGEST_WAY, images // _MILESTONES))
        passed = kept = training.seen
        for each in prefetched(self._batch, range(training.seen, images, self.parameters.batch)):
            training.step(each, self.parameters.learning_rate * rate_factor(training.seen, images))
            milestone = training.seen // way > passed // way or training.seen >= images
            passed = training.seen
            if milestone or clock.silent:
                self._tell(clock, kept)
                if training.seen < images:
                    self.shelf.save(training)
                kept = training.seen
            if milestone:
                self._show()
        weights = training.generator.state_dict()
        # safetensors writes memory as it lies, and here channels come last.
        return {name: value.float().cpu().contiguous().numpy() for name, value in weights.items()}

    def _batch(self, number: int) -> Batch:
        count = min(self.parameters.batch, self.parameters.images - number)
        return batch(number, count, self.source, self.target, self.seed, self.training.grids)

    def _tell(self, clock: _Speed, kept: int) -> None:
        """Reports, unless there is nothing good to report."""
        losses = self.training.losses()
        text = ", ".join(f"{name} {value:.3f}" for name, value in losses.items())
        if not (all(map(math.isfinite, losses.values())) and self.training.finite()):
            raise UsageError(_diverged(self.parameters, self.training.seen, text, kept, self.shelf))
        self.report(f"cut: {clock.progress(self.training.seen)}; losses: {text}")

    def _show(self) -> None:
        source_bhw3, target_bhw3 = self.source.shown(_SHOWN), self.target.shown(_SHOWN)
        generator = self.training.generator
        rows = [source_bhw3, translated(generator, source_bhw3), target_bhw3, translated(generator, target_bhw3)]
        self.shelf.show(rows)


def _require_large_enough(source: PictureSampler, target: PictureSampler, size: int) -> None:
    smallest = {name: deck.smallest() for name, deck in (("source", source), ("target", target))}
    name, (index, side) = min(smallest.items(), key=lambda item: item[1][1])
    if side >= size:
        return
    largest = side - side % _STRIDE
    advice = f"type translator_options=cut.size={largest}" if largest >= SMALLEST_SIDE else "leave it out"
    raise UsageError(
        f"translator_options=cut.size={size}: {name} picture {index + 1} has a shorter side of {side} pixels; allowed: "
        f"{SMALLEST_SIDE} up to the shorter side of every picture; {advice}"
    )


def _diverged(parameters: Parameters, seen: int, losses: str, kept: int, shelf: SavedState) -> str:
    has = f"the state after {kept:,} images is kept in {shelf.checkpoint}" if kept and shelf.folder else "none is kept"
    return (
        f"translator=cut: after {seen:,} of {parameters.images:,} images the training is no longer finite ({losses}); "
        f"{has}; lower the rate: translator_options=cut.learning_rate={parameters.learning_rate / 4:g}"
    )
