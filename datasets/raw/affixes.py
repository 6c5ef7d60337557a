"""What files' names have before and behind the names that images and masks share, and how it is found out.

A name is a path below its folder, with `/`, without the format's suffix; prefixes are those of its last part.
"""

from __future__ import annotations

import itertools
import re
import shlex
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_LOOKED_AT = 400  # names of each side: enough to see a pattern
_CANDIDATES = 6  # prefixes, and suffixes, of each side that are tried
_BOUNDARY = r"|(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])"  # between a letter and a digit
_PREFIX_ENDS = re.compile(r"(?<=[\W_])" + _BOUNDARY)
_SUFFIX_STARTS = re.compile(r"(?=[\W_])" + _BOUNDARY)
_OF_MASKS = re.compile(r"mask|seg|label|lbl|matte|alpha|annot|anno|class|\bid|_id|gt|truth|silhouette", re.IGNORECASE)
_OF_IMAGES = re.compile(r"rgb|image|img|colou?r|photo|frame|render|raw|beauty|final", re.IGNORECASE)


@dataclass(frozen=True)
class Affixes:
    """What stands round the shared names on one side: of the images, or of the masks."""

    prefix: str = ""
    suffix: str = ""

    def __bool__(self) -> bool:
        return bool(self.prefix or self.suffix)

    def __len__(self) -> int:
        return len(self.prefix) + len(self.suffix)

    def stripped(self, name: str) -> str | None:
        """The name without them; None where it has them not, or nothing else."""
        folder, slash, last = name.rpartition("/")
        if len(last) <= len(self) or not (last.startswith(self.prefix) and last.endswith(self.suffix)):
            return None
        return f"{folder}{slash}{last[len(self.prefix) : len(last) - len(self.suffix)]}"


@dataclass(frozen=True)
class Proposal:
    """Affixes that make pairs of names that make none without."""

    image: Affixes
    mask: Affixes
    pairs: int

    @property
    def typed(self) -> str:
        given = {
            "image_prefix": self.image.prefix,
            "image_suffix": self.image.suffix,
            "mask_prefix": self.mask.prefix,
            "mask_suffix": self.mask.suffix,
        }
        return " ".join(f"{key}={shlex.quote(value)}" for key, value in given.items() if value)


def proposal(images: Iterable[str], masks: Iterable[str]) -> Proposal | None:
    """The affixes that pair most names of images with names of masks; None where none pair any.

    Both may be the same names, where images and masks share a folder.
    """
    all_images, all_masks = list(images), list(masks)
    image_names, mask_names = _some(all_images), _some(all_masks)
    together = image_names == mask_names
    best: tuple[tuple[int, int, int, int], Affixes, Affixes] | None = None
    mask_keys = {affixes: _keys(affixes, mask_names) for affixes in _candidates(mask_names)}
    for image in _candidates(image_names):
        image_keys = _keys(image, image_names)
        for mask, keys in mask_keys.items():
            pairs = 0 if together and image == mask else len(image_keys.keys() & keys.keys())
            nearly = 10 * pairs // len(image_names or mask_names or [""])
            rank = (nearly, _sense(image, mask), -len(image) - len(mask), pairs)
            if pairs and (best is None or rank > best[0]):
                best = rank, image, mask
    if best is None:
        return None
    _, image, mask = best
    return Proposal(image, mask, len(_keys(image, all_images).keys() & _keys(mask, all_masks).keys()))


def _some(names: Iterable[str]) -> list[str]:
    """Names with the same digits stay together, so that those that belong to each other are all among them."""
    return sorted(names, key=lambda name: (re.sub(r"\D", "", name), name))[:_LOOKED_AT]


def _keys(affixes: Affixes, names: Sequence[str]) -> dict[str, str]:
    stripped = ((affixes.stripped(name), name) for name in names)
    return {key: name for key, name in stripped if key is not None}


def _sense(image: Affixes, mask: Affixes) -> int:
    """How well the words suit the sides that they are on."""
    image_text, mask_text = (f"{side.prefix} {side.suffix}" for side in (image, mask))
    fits = bool(_OF_IMAGES.search(image_text)) + 2 * bool(_OF_MASKS.search(mask_text))
    return fits - 2 * bool(_OF_MASKS.search(image_text)) - bool(_OF_IMAGES.search(mask_text))


def _candidates(names: Sequence[str]) -> list[Affixes]:
    """No affix, the commonest prefixes, the commonest suffixes, and both together."""
    last = {name: name.rpartition("/")[2] for name in names}.values()
    prefixes = _commonest(one[: cut.start()] for one in last for cut in _PREFIX_ENDS.finditer(one))
    suffixes = _commonest(one[cut.start() :] for one in last for cut in _SUFFIX_STARTS.finditer(one))
    return [Affixes(prefix, suffix) for prefix, suffix in itertools.product(["", *prefixes], ["", *suffixes])]


def _commonest(texts: Iterable[str]) -> list[str]:
    """Those that most names have, of equally common ones the longest: `left_rgb_` before `left_`."""
    counts = Counter(text for text in texts if text and not text.isdigit())
    ranked = sorted(counts.items(), key=lambda item: (-item[1], -len(item[0]), item[0]))
    return [text for text, _ in ranked[:_CANDIDATES]]
