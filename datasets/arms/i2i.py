"""The crops, translated to the look of the photographs (the paper, section 3.2); keys and masks are those of `crop`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ablate.data.shards import Sample
from ablate.errors import UsageError
from datasets import translate
from datasets.arms import Material, crop
from datasets.options import PrepareConfig
from datasets.raw.keys import generator, sample_key
from datasets.raw.synthetic_images import Source
from datasets.translate import ChosenTranslator, Domains, PictureFiles, Translator
from datasets.translate.domains import training_folder
from datasets.translate.domains.style import Style

TRANSLATES = True


def fit(material: Material, config: PrepareConfig) -> Translator:
    """The translator, which has learned the photographs' look.

    Raises:
        UsageError: there are too few photographs for it.
    """
    choice = chosen(config)
    found = len(material.style.photos)
    if found < choice.min_photos:
        raise UsageError(
            f"translator={config.translator}: needs at least {choice.min_photos} photographs whose style to take, "
            f"there are {found}; give others with style_photos=DIR"
        )
    return learned(choice, material, material.style, config)


def samples(source: Source, config: PrepareConfig, fitted: Translator) -> Iterator[Sample]:
    """One sample for each crop, in the look of a photograph that is drawn for it; padding stays black."""
    identity = chosen(config).recorded(fitted)
    for window in crop.crops(source, config.crop):
        image_hw3 = fitted.translate(window.image_hw3, generator(config.seed, window.key))
        yield crop.sample(window, image_hw3, config, identity)


def parameters(material: Material, config: PrepareConfig, fitted: Translator, keys: Sequence[str]) -> dict[str, Any]:
    """Which translator, and whose style."""
    choice = chosen(config)
    looked_at: dict[str, Any] = {"style_photos": None, "transductive": False}
    return {"translator": choice.recorded(fitted)} | (material.style.parameters() if choice.min_photos else looked_at)


def chosen(config: PrepareConfig) -> ChosenTranslator:
    """The translator that the configuration names."""
    return translate.choose(config.translator, config.translator_options)


def learned(
    choice: ChosenTranslator, material: Material, style: Style, config: PrepareConfig, *place: str
) -> Translator:
    """A translator that has learned some photographs' look; `place` tells it from others of the same arm."""
    source = material.crops if choice.needs_source else ()
    target = PictureFiles(style.paths) if choice.min_photos else ()
    folder = None
    if material.folder is not None:
        follows_from = [choice.identity, choice.code, str(config.seed), style.digest if target else ""]
        follows_from += [material.crops_digest] if source else []
        folder = training_folder.state_folder(material.folder.joinpath(*map(sample_key, place)), follows_from)
    return choice.fit(Domains(source, target, config.seed, folder, material.report))
