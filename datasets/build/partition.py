"""The inputs of each stage in chunks, with a digest of everything that each chunk's samples follow from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ablate import plugins
from ablate.data.manifest import ADAPT, REVERSE, Shard
from datasets.build import chunks, code_digest, stages
from datasets.build.chunks import Chunk
from datasets.build.stages import TranslatePhotographs
from datasets.options import PrepareConfig
from datasets.raw import real_images
from datasets.raw.candidates import Candidates
from datasets.raw.skipped import PHOTOGRAPH, SYNTHETIC
from datasets.raw.synthetic_images import Pair
from datasets.translate.domains.style import Style

# Where the inputs lie and how the work is divided says nothing about what the samples are.
_PLACES = {
    *("synthetic", "synthetic_images", "synthetic_masks"),
    *("image_prefix", "image_suffix", "mask_prefix", "mask_suffix"),
    *("photos", "photo_masks", "style_photos", "adapt_photos"),
}
_LISTS = {"annotations", "exclude"}
_DIVISION = {"images_per_shard", "workers", "ray"}
_NOT_DERIVATION = dict.fromkeys([*_PLACES, *_LISTS, *_DIVISION, "to", "trial_defaults", "max_bad"], True)
_LIBRARIES = ("numpy", "opencv-python-headless", "pillow", "webdataset")  # that decode and encode pictures and shards


def of_photographs(found: Candidates, stage: stages.Photographs) -> Iterator[Chunk]:
    """The candidates for the test set."""
    config, common = stage.config, _common(stage.config)
    locations = -(-config.images_per_shard // max(config.empty_per_location, 1))
    for split, items, size in (
        ("test", [("test", (record,)) for record in found.test], config.images_per_shard),
        ("empty", [("empty", records) for records in found.empty], locations),
    ):
        for number, some in _numbered(items, size):
            records = [record for _, records in some for record in records]
            files = (file for record in records for file in real_images.files(record, config))
            followed = "\n".join([common, *map(repr, records)])  # boxes and times count as well as pixels
            yield Chunk(PHOTOGRAPH, split, number, some, len(records), chunks.fingerprint(followed, files))


def of_style(paths: Sequence[Path], config: PrepareConfig) -> Iterator[Chunk]:
    """The photographs of `style_photos=`."""
    return _of_folder(paths, "style", "all", config)


def of_unlabelled(paths: Sequence[Path], config: PrepareConfig) -> Iterator[Chunk]:
    """The photographs of `adapt_photos=`."""
    return _of_folder(paths, ADAPT, "train", config)


def of_sources(pairs: Sequence[Pair], config: PrepareConfig) -> Iterator[Chunk]:
    """The synthetic images of the training split, whose crops translators learn from."""
    return _of_pairs(pairs, "crops", "train", _common(config), config)


def of_pairs(pairs: Sequence[Pair], style: Style, stage: stages.Synthetic) -> Iterator[Chunk]:
    """The synthetic images, each side of the split by itself."""
    # A translator may have kept no more of the photographs than their names.
    learned = chunks.fingerprint(hashlib.sha256(stage.fitted).hexdigest(), style.paths)
    common = "\n".join([_common(stage.config), learned, *stage.arms])
    for split in ("train", "val"):
        yield from _of_pairs(pairs, SYNTHETIC, split, common, stage.config)


def of_real(root: Path, real: Iterable[Shard], stage: TranslatePhotographs) -> Iterator[Chunk]:
    """The shards of the photographs, one by one; a translator may have kept places of crops, and their digest."""
    common = "\n".join([_common(stage.config), hashlib.sha256(stage.fitted).hexdigest()])
    for shard in real:
        split, _, number = Path(shard.name).stem.rpartition("-")
        followed = chunks.fingerprint(f"{common}\n{shard.sha256}", ())
        yield Chunk(REVERSE, split, int(number), (root / shard.name,), shard.samples, followed)


def _of_folder(paths: Sequence[Path], kind: str, split: str, config: PrepareConfig) -> Iterator[Chunk]:
    for number, some in _numbered(paths, config.images_per_shard):
        yield Chunk(kind, split, number, some, len(some), chunks.fingerprint(_common(config), some))


def _of_pairs(pairs: Sequence[Pair], kind: str, split: str, common: str, config: PrepareConfig) -> Iterator[Chunk]:
    of_split = [pair for pair in pairs if pair.split == split]
    for number, some in _numbered(of_split, config.images_per_shard):
        files = (file for pair in some for file in pair.files)
        yield Chunk(kind, split, number, some, len(some), chunks.fingerprint(common, files))


def _numbered(items: Sequence[Any], size: int) -> Iterator[tuple[int, tuple[Any, ...]]]:
    """Items in numbered groups of `size`, the last one smaller."""
    for number, start in enumerate(range(0, len(items), size)):
        yield number, tuple(items[start : start + size])


def derivation(config: PrepareConfig) -> dict[str, Any]:
    """The parameters that samples follow from, wherever files lie."""
    said = config.model_dump(mode="json", exclude=_NOT_DERIVATION | {"night": {"synthetic_list"}})
    if config.place is None:
        del said["place"]  # data that was prepared before there was such a key keeps its manifest
    return said | {
        "arms": [plugins.content(arm) for arm in config.arms],
        "translator": plugins.content(config.translator),
    }


def _common(config: PrepareConfig) -> str:
    """What all samples follow from, besides their own files."""
    return json.dumps(
        {
            "derivation": derivation(config),
            "places": config.model_dump(mode="json", include=_PLACES),
            "code": code_digest.digests(),
            "versions": {name: version(name) for name in _LIBRARIES},
        },
        sort_keys=True,
    )
