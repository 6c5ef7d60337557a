"""The arm `reverse`: the photographs, translated towards the look of the synthetic crops.

It is no training arm: networks that learned from synthetic images are scored on it. Whole photographs are translated,
towards crops, whatever their sizes; keys, boxes, masks and JSON are those of `real`.
"""

from __future__ import annotations

import pickle
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from ablate.data import shards
from ablate.data.shards import REVERSE
from ablate.errors import UsageError
from datasets.arms import Material
from datasets.build import requested_arms
from datasets.build.chunks import Outcome
from datasets.options import PrepareConfig
from datasets.raw.images import decode, encode_jpg
from datasets.raw.keys import generator
from datasets.translate import Domains, Files, Translator
from datasets.translate.domains import training_folder


@dataclass(frozen=True)
class Reversed:
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


def fit(material: Material, config: PrepareConfig) -> Translator:
    """The translator `translator=`, which has learned the crops' look.

    Raises:
        UsageError: there are too few crops for it.
    """
    choice, crops = requested_arms.chosen(config), material.crops
    if len(crops) < choice.min_photos:
        raise UsageError(
            f"translator={config.translator}: needs at least {choice.min_photos} crops whose look to take, there are "
            f"{len(crops)}; lower crop.min_side={config.crop.min_side} or give more images"
        )
    source = Files(material.style.paths) if choice.needs_source else ()
    follows_from = [choice.identity, choice.code, str(config.seed), material.crops_digest]
    follows_from += [material.style.digest] if source else []
    folder = None if material.folder is None else training_folder.state(material.folder, follows_from)
    return choice.fit(Domains(source, crops, config.seed, folder, material.report))


def told(material: Material, config: PrepareConfig, fitted: Translator) -> dict[str, Any]:
    """What the manifest says: which translator, whose look, and which photographs it learned to translate from."""
    choice = requested_arms.chosen(config)
    looked_at = material.style.told() if choice.needs_source else {"style_photos": None, "transductive": False}
    return {
        "translator": choice.recorded(fitted),
        "style_crops": {"split": "train", "count": len(material.crops), "digest": material.crops_digest},
        "source_photos": looked_at["style_photos"],
        "transductive": looked_at["transductive"],
    }
