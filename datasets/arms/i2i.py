"""The crops, translated to the look of the photographs (the paper, section 3.2); keys and masks are those of `crop`."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from ablate.shards import Sample
from ablate.storage import sha256
from datasets import translate
from datasets.arms import crop
from datasets.config import PrepareConfig
from datasets.keys import generator
from datasets.synthetic import Source
from datasets.translate import Domains, Files, Translator


def fit(photos: Sequence[Path], config: PrepareConfig) -> Translator:
    """The translator, which has learned the photographs' look."""
    return translate.choose(config.translator, config.translator_options).fit(
        Domains((), Files(tuple(photos)), config.seed)
    )


def samples(source: Source, config: PrepareConfig, fitted: Translator) -> Iterator[Sample]:
    """One sample for each crop, in the look of a photograph that is drawn for it; padding stays black."""
    identity = translate.choose(config.translator, config.translator_options).identity
    for window in crop.crops(source, config.crop):
        image_hw3 = fitted.translate(window.image_hw3, generator(config.seed, window.key))
        yield crop.sample(window, image_hw3, config, identity)


def parameters(photos: Sequence[Path], config: PrepareConfig) -> dict[str, object]:
    """Which translator, and whose look: the test photographs, without their labels."""
    digest = hashlib.sha256()
    for photo in photos:
        digest.update(bytes.fromhex(sha256(photo)))
    return {
        "translator": translate.choose(config.translator, config.translator_options).identity,
        "style_photos": {"split": "test", "count": len(photos), "digest": digest.hexdigest()},
    }
