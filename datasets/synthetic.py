"""The synthetic images and their masks: paired by stem, checked, and divided into train and val."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

from ablate.errors import UsageError
from ablate.storage import local
from datasets import pictures
from datasets.config import MaskValue, PrepareConfig
from datasets.keys import sample_key, share
from datasets.ledger import SELECTED, Considered, Ledger, Skipped
from datasets.ordered import ordered
from datasets.pictures import BrokenPictureError, Mask, Picture

_KIND = "synthetic"
_IMAGES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp"})
_MASKS = frozenset({".png", ".bmp", ".tif", ".tiff"})  # a JPEG blurs a mask's edge into values that mean nothing


@dataclass(frozen=True)
class Synthetic:
    """A synthetic day image with an animal.

    Attributes:
        name: the stem of its two files.
        split: train or val, the same in every arm.
        values: what marks the animal in the mask (see `pictures.decode_mask`).
    """

    name: str
    image: Path
    mask: Path
    split: str
    values: frozenset[MaskValue]

    @property
    def key(self) -> str:
        return sample_key(self.name)

    def load(self) -> tuple[Picture, Mask]:
        """Decodes both: the image (h, w, 3) and the mask (h, w) of the same size."""
        return pictures.decode(self.image.read_bytes()), pictures.decode_mask(self.mask.read_bytes(), self.values)


def read(config: PrepareConfig, ledger: Ledger, listing_file: Path) -> tuple[Synthetic, ...]:
    """Selects the day images with an animal, sorted by key; tells the ledger about all the others.

    Raises:
        UsageError: a folder is missing, fewer than two images are left or too many are bad (see `listing_file`).
    """
    folder = local(config.synthetic, "synthetic")
    pairs, total = _pairs(folder, config, ledger)
    usable: list[Synthetic] = []
    judged = ordered(lambda pair: _judge(pair, config), pairs, config.workers)
    for pair, judgement in zip(pairs, judged, strict=True):
        if isinstance(judgement, Skipped):
            ledger.skipped.append(judgement)
            continue
        ledger.considered.append(Considered(_KIND, pair.name, pair.image.name, None, judgement))
        if judgement == SELECTED:
            usable.append(pair)
    ledger.require(_KIND, total, len(usable), config.max_bad, listing_file)
    if len(usable) < 2:
        raise UsageError(f"synthetic={folder}: one usable image cannot be divided into train and val; add more")
    return _divided(usable, config)


def _pairs(folder: Path, config: PrepareConfig, ledger: Ledger) -> tuple[list[Synthetic], int]:
    """Images and masks of the same stems, not yet divided, and how many stems there are at all."""
    images = _files(folder / config.synthetic_images, _IMAGES, "synthetic_images", ledger)
    masks = _files(folder / config.synthetic_masks, _MASKS, "synthetic_masks", ledger)
    for name in sorted(images.keys() ^ masks.keys()):
        reason = f"no mask of this stem ({' '.join(sorted(_MASKS))})" if name in images else "mask without an image"
        ledger.skipped.append(Skipped(_KIND, (images.get(name) or masks[name]).name, reason))
    both = sorted(images.keys() & masks.keys())
    pairs = [Synthetic(name, images[name], masks[name], "train", config.animal_values) for name in both]
    return pairs, len(images.keys() | masks.keys())


def _files(folder: Path, suffixes: frozenset[str], key: str, ledger: Ledger) -> dict[str, Path]:
    """The files of a folder by stem; where two share one, neither can be told to be the right one."""
    if not folder.is_dir():
        raise UsageError(f"{folder}: there is no such folder; name it with {key}=")
    files = [path for path in sorted(folder.iterdir()) if path.suffix.lower() in suffixes]
    counts = Counter(path.stem for path in files)
    ledger.skipped += [Skipped(_KIND, path.name, "two files of this stem") for path in files if counts[path.stem] > 1]
    return {path.stem: path for path in files if counts[path.stem] == 1}


def _judge(pair: Synthetic, config: PrepareConfig) -> str | Skipped:
    """`selected`, the rule that takes the image out, or why it is bad."""
    try:
        picture, mask_hw = pair.load()
    except BrokenPictureError as error:
        return Skipped(_KIND, pair.image.name, f"broken: {error}")
    height, width = mask_hw.shape
    if (width, height) != picture.wh:
        return Skipped(_KIND, pair.image.name, f"{'x'.join(map(str, picture.wh))} px, its mask {width}x{height}")
    if not mask_hw.any():
        return "no animal"
    return "dark" if pictures.luma(picture.image_hw3) < config.night.synthetic_luma else SELECTED


def _divided(usable: list[Synthetic], config: PrepareConfig) -> tuple[Synthetic, ...]:
    """Each image's side of the split follows from its own name, unless all would be on one side."""
    shares = {pair.name: share(config.seed, pair.name) for pair in usable}
    *others, _always_train = sorted(shares, key=shares.__getitem__)
    val = {name for name in others if shares[name] < config.val_fraction} or {others[0]}
    divided = (replace(pair, split="val" if pair.name in val else "train") for pair in usable)
    return tuple(sorted(divided, key=lambda pair: pair.key))
