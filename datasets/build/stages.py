"""The two stages of preparation: photographs to the test set, then synthetic images to the training arms."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ablate.data.shards import REAL
from datasets.arms import real
from datasets.build import requested_arms
from datasets.build.chunks import Outcome
from datasets.build.requested_arms import Fitted, Maker
from datasets.options import PrepareConfig
from datasets.raw import real_images, synthetic_images
from datasets.raw.camera_traps import Record
from datasets.raw.skipped import Skipped
from datasets.raw.synthetic_images import Pair
from datasets.translate.domains import style


@dataclass(frozen=True)
class Photographs:
    """Items are (`test`, photograph's record) or (`empty`, a location's records in the order to try them)."""

    config: PrepareConfig
    arms: tuple[str, ...] = (REAL,)
    gpu: bool = False

    def process(self, item: tuple[str, tuple[Record, ...]], /) -> Outcome:
        split, records = item
        if split == "test":
            examined = [real_images.examine(record, split, self.config) for record in records]
        else:
            examined = list(real_images.first_empty(records, self.config))
        return Outcome(
            considered=[one.considered for one in examined],
            skipped=[bad for one in examined for bad in one.bad],
            samples=[(REAL, real.sample(one.photo)) for one in examined if one.photo],
        )


@dataclass(frozen=True)
class StylePhotographs:
    """Items are files below `folder`. Nothing is written of them: they are decoded to see whether they can be."""

    folder: Path
    arms: tuple[str, ...] = ()
    gpu: bool = False

    def process(self, item: Path, /) -> Outcome:
        said = style.judge(item, self.folder)
        return Outcome(skipped=[said]) if isinstance(said, Skipped) else Outcome(considered=[said])


@dataclass(frozen=True)
class Synthetic:
    """Items are pairs of an image and its mask.

    Attributes:
        fitted: pickled, by the arm's title: what each arm's `fit` learned.
    """

    config: PrepareConfig
    fitted: bytes
    gpu: bool = False

    @property
    def arms(self) -> tuple[str, ...]:
        return tuple(maker.title for maker in self._makers)

    def process(self, item: Pair, /) -> Outcome:
        source, said = synthetic_images.judge(item, self.config)
        if isinstance(said, Skipped):
            return Outcome(skipped=[said])
        if source is None:
            return Outcome(considered=[said])
        made = [
            (maker.title, sample)
            for maker in self._makers
            for sample in maker.module.samples(source, maker.config, self._learned[maker.title])
        ]
        cut = Counter(arm for arm, sample in made if sample.meta.get("window") is not None)
        windows = {"x".join(map(str, source.picture.wh)): max(cut.values())} if cut else {}
        return Outcome(considered=[said], samples=made, windows=windows)

    @cached_property
    def _makers(self) -> tuple[Maker, ...]:
        return requested_arms.of(self.config)

    @cached_property
    def _learned(self) -> Fitted:
        return requested_arms.unpickled(self._makers, self.fitted)
