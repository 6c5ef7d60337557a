"""The crops, each translated to the look of one camera's photographs: as many looks as there are locations.

The translator is fitted once for each location, on that location's photographs. Which location a crop takes follows
from the seed and its key, all equally likely; its JSON tells it (`style_location`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ablate.data.natural_order import natural
from ablate.data.shards import Sample
from ablate.errors import UsageError
from datasets import translate
from datasets.arms import Material, crop, i2i
from datasets.options import PrepareConfig
from datasets.raw.keys import generator, share
from datasets.raw.synthetic_images import Source
from datasets.translate import Translator
from datasets.translate.domains.style import Style

TRANSLATES = True


@dataclass(frozen=True)
class ByLocation:
    """Attributes: translators: by location, in an order of names; left_out: too few photographs, and how many."""

    translators: Mapping[str, Translator]
    left_out: Mapping[str, int]

    @property
    def wants_gpu(self) -> bool:
        return any(map(translate.wants_gpu, self.translators.values()))

    def location(self, key: str, seed: int) -> str:
        """Whose look a crop takes."""
        known = list(self.translators)
        return known[int(share(seed, f"{key}/style_location") * len(known))]


def fit(material: Material, config: PrepareConfig) -> ByLocation:
    """A translator for each location that has enough photographs; says which have not.

    Raises:
        UsageError: none has.
    """
    choice, found = i2i.chosen(config), _by_location(material.style)
    needed = max(choice.min_photos, 1)
    few = {location: len(style.photos) for location, style in found.items() if len(style.photos) < needed}
    listed = ", ".join(f"{location} ({count})" for location, count in few.items())
    if len(few) == len(found):
        raise UsageError(
            f"arms=i2i_location: no location has the {needed} photographs that translator={config.translator} needs "
            f"({listed or 'the pictures of style_photos= lie in no folder, which is their location'})"
        )
    if few:
        material.report(f"i2i_location: left out, with fewer than {needed} photographs: {listed}")
    homeless = len(material.style.photos) - sum(len(style.photos) for style in found.values())
    if homeless:
        material.report(f"i2i_location: left out, photographs of no known location: {homeless}")
    return ByLocation(
        {
            location: i2i.learned(choice, material, style, config, location)
            for location, style in found.items()
            if location not in few
        },
        few,
    )


def samples(source: Source, config: PrepareConfig, fitted: ByLocation) -> Iterator[Sample]:
    """One sample for each crop; padding stays black."""
    choice = i2i.chosen(config)
    for window in crop.crops(source, config.crop):
        location = fitted.location(window.key, config.seed)
        translator = fitted.translators[location]
        image_hw3 = translator.translate(window.image_hw3, generator(config.seed, window.key))
        sample = crop.sample(window, image_hw3, config, choice.recorded(translator))
        yield replace(sample, meta=sample.meta | {"style_location": location})


def parameters(material: Material, config: PrepareConfig, fitted: ByLocation, keys: Sequence[str]) -> dict[str, Any]:
    """Which translators, whose styles, and how many samples took each."""
    choice, found = i2i.chosen(config), _by_location(material.style)
    samples = Counter(fitted.location(key, config.seed) for key in keys)
    locations = {
        location: {
            "translator": choice.recorded(translator),
            "photos": len(found[location].photos),
            "samples": samples[location],
        }
        for location, translator in fitted.translators.items()
    }
    return {
        "translator": choice.identity,
        "style_locations": locations,
        "left_out": dict(fitted.left_out),
    } | material.style.of(fitted.translators).parameters()


def _by_location(style: Style) -> dict[str, Style]:
    known = {photo.location for photo in style.photos if photo.location is not None}
    return {location: style.of([location]) for location in sorted(known, key=natural)}
