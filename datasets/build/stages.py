"""The stages of preparation: photographs to the test set, then synthetic images to the training arms.

In between, where something learns from them, the crops of the training split: they are cut out once, by all workers,
into shards beside those that will be published, and read from there: a window is decoded much faster than the whole
image. At the end, where it is asked for, the photographs translated towards the look of the crops (the arm `reverse`,
which networks are scored on).
"""

from __future__ import annotations

import pickle
import tarfile
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from ablate.data import shards
from ablate.data.manifest import REAL, REVERSE
from ablate.data.shards import Sample
from ablate.errors import UsageError
from datasets.arms import Material, crop, real
from datasets.build import requested_arms
from datasets.build.chunks import Outcome
from datasets.build.requested_arms import LearnedByArm, RequestedArm
from datasets.options import PrepareConfig
from datasets.raw import real_images, synthetic_images, unlabelled
from datasets.raw.camera_traps import Record
from datasets.raw.images import Pixels, decode, encode_jpg
from datasets.raw.keys import generator, sample_key
from datasets.raw.skipped import Skipped
from datasets.raw.synthetic_images import Pair
from datasets.translate import Domains, PictureFiles, Translator
from datasets.translate.domains import training_folder

SOURCES = "_sources"  # no arm's name: publication leaves these shards behind


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
class UnlabelledPhotographs:
    """Items are files below `folder`, decoded to see whether they can be; `arms` is what they are written to, if any.

    Attributes:
        kind: of input, for the lists of what was taken and what is bad.
    """

    folder: Path
    kind: str
    arms: tuple[str, ...] = ()
    gpu: bool = False

    def process(self, item: Path, /) -> Outcome:
        picture, said = unlabelled.judge(item, self.folder, self.kind)
        if isinstance(said, Skipped):
            return Outcome(skipped=[said])
        assert picture is not None
        width, height = picture.wh
        meta = {"image_id": said.id, "location": said.location or "", "width": width, "height": height}
        samples = [(arm, Sample(sample_key(said.id), picture.encoded, None, meta)) for arm in self.arms]
        return Outcome(considered=[said], samples=samples)


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
        return tuple(arm.title for arm in self._requested)

    def process(self, item: Pair, /) -> Outcome:
        source, said = synthetic_images.judge(item, self.config)
        if isinstance(said, Skipped):
            return Outcome(skipped=[said])
        if source is None:
            return Outcome(considered=[said])
        made = [
            (arm.title, _placed(sample, item.place))
            for arm in self._requested
            for sample in arm.module.samples(source, arm.config, self._learned[arm.title])
        ]
        cut = Counter(arm for arm, sample in made if sample.meta.get("window") is not None)
        windows = {"x".join(map(str, source.picture.wh)): max(cut.values())} if cut else {}
        return Outcome(considered=[said], samples=made, windows=windows)

    @cached_property
    def _requested(self) -> tuple[RequestedArm, ...]:
        return requested_arms.of(self.config)

    @cached_property
    def _learned(self) -> LearnedByArm:
        return requested_arms.unpickled(self._requested, self.fitted)


def _placed(sample: Sample, place: str | None) -> Sample:
    """The sample, its JSON with the place that its source shows, if that was asked for; whatever arm made it."""
    return sample if place is None else replace(sample, meta=sample.meta | {"place": place})


@dataclass(frozen=True)
class CutCrops:
    """Items are pairs of an image and its mask; what is said of them is said again when the arms are written."""

    config: PrepareConfig
    arms: tuple[str, ...] = (SOURCES,)
    gpu: bool = False

    def process(self, item: Pair, /) -> Outcome:
        source, said = synthetic_images.judge(item, self.config)
        if isinstance(said, Skipped):
            return Outcome(skipped=[said])
        found = () if source is None else crop.crops(source, self.config.crop)
        # Without padding: so they are when they are translated.
        samples = [(SOURCES, Sample(one.key, encode_jpg(one.image_hw3), None)) for one in found]
        return Outcome(considered=[said], samples=samples)


@dataclass(frozen=True)
class ShardPictures:
    """Pictures in shards, one decoded at a time; `Photos` of `datasets.translate`.

    Attributes:
        places: the file, the offset in it and the length of each picture.
    """

    places: tuple[tuple[Path, int, int], ...]

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, index: int, /) -> Pixels:
        path, offset, length = self.places[index]
        with path.open("rb") as file:
            file.seek(offset)
            return decode(file.read(length)).image_hw3


def stored(shards: Iterable[Path]) -> ShardPictures:
    """The pictures of some shards, in their order."""
    places = []
    for path in shards:
        with tarfile.open(path, "r:") as tar:
            places += [(path, one.offset_data, one.size) for one in tar if one.name.endswith(".jpg")]
    return ShardPictures(tuple(places))


@dataclass(frozen=True)
class TranslatePhotographs:
    """Items are shards of the arm `real`; `fitted` is the pickled translator."""

    config: PrepareConfig
    fitted: bytes
    gpu: bool = False
    arms: tuple[str, ...] = (REVERSE,)

    def process(self, item: Path, /) -> Outcome:
        made = []
        for sample in shards.read_shard(item):
            image_hw3 = decode(sample.jpg).image_hw3
            moved_hw3 = self._translator.translate(image_hw3, generator(self.config.seed, sample.key))
            made.append((REVERSE, replace(sample, jpg=encode_jpg(moved_hw3))))
        return Outcome(samples=made)

    @cached_property
    def _translator(self) -> Translator:
        requested_arms.chosen(self.config)  # what was pickled can be read once its module is loaded
        translator: Translator = pickle.loads(self.fitted)
        return translator


def fit_reverse(material: Material, config: PrepareConfig) -> Translator:
    """The translator `translator=`, which has learned the crops' look.

    Raises:
        UsageError: there are too few crops for it.
    """
    choice, crops = requested_arms.chosen(config), material.crops
    if len(crops) < choice.min_photos:
        raise UsageError(
            f"translator={config.translator}: needs at least {choice.min_photos} crops whose style to take, there are "
            f"{len(crops)}; lower crop.min_side={config.crop.min_side} or give more images"
        )
    source = PictureFiles(material.style.paths) if choice.needs_source else ()
    follows_from = [choice.identity, choice.code, str(config.seed), material.crops_digest]
    follows_from += [material.style.digest] if source else []
    folder = None if material.folder is None else training_folder.state_folder(material.folder, follows_from)
    return choice.fit(Domains(source, crops, config.seed, folder, material.report))


def reverse_parameters(material: Material, config: PrepareConfig, fitted: Translator) -> dict[str, Any]:
    """What the manifest says: which translator, whose style, and which photographs it learned to translate from."""
    choice = requested_arms.chosen(config)
    looked_at = material.style.parameters() if choice.needs_source else {"style_photos": None, "transductive": False}
    return {
        "translator": choice.recorded(fitted),
        "style_crops": {"split": "train", "count": len(material.crops), "digest": material.crops_digest},
        "source_photos": looked_at["style_photos"],
        "transductive": looked_at["transductive"],
    }
