"""The crops of the training split as pictures to learn from, in any order.

A training looks at each crop many times. So they are cut out once, by all workers, into shards beside those that will
be published, and read from there: a window is decoded much faster than the whole image.
"""

from __future__ import annotations

import tarfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ablate.data.shards import Sample
from datasets.arms import crop
from datasets.build.chunks import Outcome
from datasets.options import PrepareConfig
from datasets.raw import synthetic_images
from datasets.raw.images import Pixels, decode, encode_jpg
from datasets.raw.skipped import Skipped
from datasets.raw.synthetic_images import Pair

SOURCES = "_sources"  # no arm's name: publication leaves these shards behind


@dataclass(frozen=True)
class CutOut:
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
class Stored:
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


def stored(shards: Iterable[Path]) -> Stored:
    """The pictures of some shards, in their order."""
    places = []
    for path in shards:
        with tarfile.open(path, "r:") as tar:
            places += [(path, one.offset_data, one.size) for one in tar if one.name.endswith(".jpg")]
    return Stored(tuple(places))
