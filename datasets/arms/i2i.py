"""The crops, translated to the look of the photographs (the paper, section 3.2); keys and masks are those of `crop`."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from ablate.shards import Sample
from datasets import translate
from datasets.arms.crop import CropImage, translated
from datasets.config import PrepareConfig
from datasets.keys import generator
from datasets.pictures import Pixels
from datasets.raw import Raw


def samples(raw: Raw, config: PrepareConfig) -> Iterator[tuple[str, Sample]]:
    """One sample for each crop, in the look of a photograph that is drawn for it; padding stays black."""
    choice = translate.choose(config.translator, config.translator_options)
    translator = choice.fit(raw.test_photos)

    def look(crop: CropImage) -> Pixels:
        return translator.translate(crop.image_hw3, generator(config.seed, crop.key))

    return translated(raw, config, look, choice.identity)


def parameters(raw: Raw, config: PrepareConfig) -> dict[str, object]:
    """Which translator, and whose look: the test photographs, without their labels."""
    digest = hashlib.sha256()
    for photo in raw.test_photos:
        digest.update(hashlib.sha256(photo.path.read_bytes()).digest())
    choice = translate.choose(config.translator, config.translator_options)
    return {
        "translator": choice.identity,
        "style_photos": {"split": "test", "count": len(raw.test_photos), "digest": digest.hexdigest()},
    }
