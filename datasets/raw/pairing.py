"""Which mask belongs to which image: by their names, whatever stands before or behind what they share.

Names that differ in case alone, or in how an accented letter is encoded (NFC or NFD, as systems differ), are one name
where only one image and one mask have it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path

from ablate.errors import UsageError
from datasets.options import PrepareConfig
from datasets.raw import affixes, folders
from datasets.raw.affixes import Affixes
from datasets.raw.folders import folded, nfc, printable
from datasets.raw.skipped import SYNTHETIC, SelectionLog, Skipped

_EXAMPLES = 3
_MOST_LONELY = 0.5  # of the images; where more have no mask, the names are misunderstood
_EITHER = "its name is an image's and a mask's"


@dataclass(frozen=True)
class File:
    """A picture's file; `name` is its path below its folder with `/`, without the format's suffix."""

    name: str
    path: Path


@dataclass
class Side:
    """The images, or the masks.

    Attributes:
        folder: below which they lie.
        key: what the user typed before the `=` to name the folder.
        files: those that have the side's affixes.
        others: those that have not, and so may be anything.
        kinds: files that are no pictures, by suffix.
        lenient: whether one of the `others` may have the shared name itself.
    """

    folder: Path
    key: str
    affixes: Affixes
    files: list[File] = field(default_factory=list)
    others: list[File] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)
    lenient: bool = True

    def by_key(self, log: SelectionLog) -> dict[str, File]:
        """The files by what their names share with the other side's; of two with one key neither can be told."""
        keyed = [(self.affixes.stripped(file.name) or file.name, file) for file in self.files]
        counts = Counter(key for key, _ in keyed)
        for key, file in keyed:
            if counts[key] > 1:
                log.skipped.append(Skipped(SYNTHETIC, self.shown(file.path), "two files of this name"))
        found = {key: file for key, file in keyed if counts[key] == 1}
        if self.lenient:
            names = Counter(file.name for file in self.others)
            found |= {file.name: file for file in self.others if names[file.name] == 1 and file.name not in counts}
        return found

    def tell_of_twins(self, wanted: Mapping[str, File], log: SelectionLog) -> None:
        """Of the others, which may be anything, two of one name matter where the other side has it."""
        names = Counter(file.name for file in self.others) if self.lenient else Counter[str]()
        for file in self.others:
            if names[file.name] > 1 and file.name in wanted:
                log.skipped.append(Skipped(SYNTHETIC, self.shown(file.path), "two files of this name"))

    @property
    def other_paths(self) -> Set[Path]:
        return {file.path for file in self.others}

    def shown(self, path: Path) -> str:
        """A file's path below the folder."""
        return str(path.relative_to(self.folder))


def pairs(config: PrepareConfig, images: Path, masks: Path, log: SelectionLog) -> tuple[list[tuple[File, File]], int]:
    """Images with their masks, and how many names there are at all; tells the log what has no partner.

    Raises:
        UsageError: a folder is missing or holds no picture, the names do not tell images from masks, none or
            less than half of the images have a mask (a larger `max_bad` allows for more without).
    """
    image_side = Side(images, "synthetic_images", Affixes(config.image_prefix, config.image_suffix))
    mask_side = Side(masks, "synthetic_masks", Affixes(config.mask_prefix, config.mask_suffix))
    _fill(image_side, mask_side, log)
    by_image, by_mask = image_side.by_key(log), mask_side.by_key(log)
    found = list(_matched(by_image, by_mask, log))
    paired = {file.path for pair in found for file in pair}
    for side, wanted in ((image_side, by_mask), (mask_side, by_image)):
        side.tell_of_twins({key: file for key, file in wanted.items() if file.path not in paired}, log)
        _tell_of_others(side, paired, log)
    lonely_images, lonely_masks = (
        [file for file in keyed.values() if file.path not in known]
        for keyed, known in ((by_image, paired | image_side.other_paths), (by_mask, paired | mask_side.other_paths))
    )
    if not (image_side.files or image_side.others):
        raise UsageError(f"synthetic_images=: {images} holds no picture{_instead(image_side)}")
    most = max(_MOST_LONELY, config.max_bad) * (len(found) + len(lonely_images))
    if len(lonely_images) > most or (lonely_images and not found):
        raise _unpaired(image_side, mask_side, paired, lonely_images, lonely_masks)
    if 0 < len(lonely_images) == len(lonely_masks):
        log.remarks.append(
            f"{len(lonely_images)} image(s) have no mask and as many masks no image, such as "
            f"{lonely_images[0].path.name} and {lonely_masks[-1].path.name}: do both count from the same number?"
        )
    for files, reason in ((lonely_images, "no mask of this name"), (lonely_masks, "mask without an image")):
        log.skipped += [Skipped(SYNTHETIC, f"{one.name}{one.path.suffix}", reason) for one in files]
    return sorted(found, key=lambda pair: pair[0].name), len(found) + len(lonely_images) + len(lonely_masks)


def _fill(image: Side, mask: Side, log: SelectionLog) -> None:
    """Reads both folders; where one holds the other, or they are one, a file belongs to one side alone."""
    together = image.folder.resolve() == mask.folder.resolve()
    image.lenient = mask.lenient = not together
    if together and image.affixes == mask.affixes:
        raise _one_folder(image, [file.name for file in _pictures(image, mask, log)])
    for side, other in ((image, mask),) if together else ((image, mask), (mask, image)):
        for file in _pictures(side, other, log):
            chosen = _chosen(file, image, mask) if together else side
            if chosen is None:
                log.skipped.append(Skipped(SYNTHETIC, side.shown(file.path), _EITHER))
            elif chosen.affixes and chosen.affixes.stripped(file.name) is None:
                chosen.others.append(file)
            else:
                chosen.files.append(file)


def _chosen(file: File, image: Side, mask: Side) -> Side | None:
    """Whose file it is by its name; where both would have it, that which names more of it; None: neither does."""
    sides = [side for side in (image, mask) if side.affixes.stripped(file.name) is not None]
    if len(sides) == 2 and len(image.affixes) == len(mask.affixes):
        return None
    return max(sides, key=lambda side: len(side.affixes), default=image)


def _pictures(side: Side, other: Side, log: SelectionLog) -> Iterator[File]:
    if not side.folder.is_dir():
        parent = side.folder.parent
        there = parent.iterdir() if parent.is_dir() else ()
        names = ", ".join(sorted(path.name for path in there if path.is_dir())[:10]) or "no folder"
        raise UsageError(f"{side.folder}: there is no such folder; name yours with {side.key}= (there: {names})")
    inner = other.folder if side.folder != other.folder and other.folder.is_relative_to(side.folder) else None
    for path in sorted(folders.below(side.folder)):
        if inner is not None and path.is_relative_to(inner):
            continue
        name = path.relative_to(side.folder).with_suffix("").as_posix()
        if path.suffix.lower() not in folders.SUFFIXES:
            side.kinds[path.suffix.lower() or "no suffix"] += 1
        elif problem := folders.unusable(path, name):
            log.skipped.append(Skipped(SYNTHETIC, printable(side.shown(path)), problem))
        else:
            yield File(name, path)
    if side.kinds:
        log.remarks.append(f"{side.key}=: {side.kinds.total()} file(s) of other kinds were left alone: {_kinds(side)}")


def _kinds(side: Side) -> str:
    return ", ".join(f"{count} {suffix}" for suffix, count in side.kinds.most_common())


def _instead(side: Side) -> str:
    return f", but {_kinds(side)}, which are not read; save them as PNG" if side.kinds else ""


def _matched(
    by_image: Mapping[str, File], by_mask: Mapping[str, File], log: SelectionLog
) -> Iterator[tuple[File, File]]:
    """Pairs of one key; of those left, pairs of keys that are one but for accents' encoding, then but for case."""
    images, masks = dict(by_image), dict(by_mask)
    for difference, form in (("", str), ("how their letters are encoded", nfc), ("case", folded)):
        unique_masks = _unique(masks, form)
        matched = [(key, unique_masks[fold]) for fold, key in _unique(images, form).items() if fold in unique_masks]
        if difference and matched:
            image, mask = images[matched[0][0]], masks[matched[0][1]]
            log.remarks.append(
                f"{len(matched)} mask(s) have names that differ from their images' in {difference}, such as "
                f"{mask.path.name} of {image.path.name}"
            )
        for image_key, mask_key in matched:
            yield images.pop(image_key), masks.pop(mask_key)


def _unique(keys: Iterable[str], form: Callable[[str], str]) -> dict[str, str]:
    """Keys by their folded form, as far as only one has it."""
    folds = [(form(key), key) for key in keys]
    counts = Counter(fold for fold, _ in folds)
    return {fold: key for fold, key in folds if counts[fold] == 1}


def _tell_of_others(side: Side, paired: Set[Path], log: SelectionLog) -> None:
    """Files without the side's prefix or suffix need no partner."""
    left = [file.path.name for file in side.others if file.path not in paired]
    if left:
        log.remarks.append(f"{side.key}=: {len(left)} file(s) without {_typed(side)} were left alone: {_some(left)}")


def _typed(side: Side) -> str:
    word = side.key.removeprefix("synthetic_").removesuffix("s")
    given = {f"{word}_prefix": side.affixes.prefix, f"{word}_suffix": side.affixes.suffix}
    return " ".join(f"{key}={value}" for key, value in given.items() if value)


def _one_folder(side: Side, names: Sequence[str]) -> UsageError:
    found = affixes.proposal(names, names)
    text = f"type {found.typed}, which makes {found.pairs} pairs" if found else "give two"
    return UsageError(
        f"synthetic_images= and synthetic_masks= are one folder, {side.folder}, and nothing tells its images from its "
        f"masks (image_prefix= image_suffix= mask_prefix= mask_suffix=); {text}"
    )


def _unpaired(
    image: Side, mask: Side, paired: Set[Path], lonely_images: Sequence[File], lonely_masks: Sequence[File]
) -> UsageError:
    """The error that tells what to type where names do not make pairs."""
    everything = [[*side.files, *side.others] for side in (image, mask)]
    found = affixes.proposal(*([file.name for file in files] for files in everything))
    pairs = len(paired) // 2
    masks = f"masks without an image: {_some([one.path.name for one in lonely_masks])}" if lonely_masks else "no mask"
    if found is not None and found.pairs > pairs:
        text = f"type {found.typed or 'no prefix and no suffix'}, which makes {found.pairs} pairs"
    elif not lonely_masks and mask.kinds:
        text = f"synthetic_masks= holds no picture{_instead(mask)}"
    else:
        text = _other_names(*([file.name for file in files if file.path not in paired] for files in everything)) or (
            "is it the right folder? What differs in their names is told by image_prefix= image_suffix= mask_prefix= "
            "mask_suffix="
        )
    count = pairs + len(lonely_images)
    names = _some([one.path.name for one in lonely_images])
    return UsageError(
        f"synthetic={image.folder.parent}: {len(lonely_images)} of {count} images have no mask of their name ({names}; "
        f"{masks}); {text}"
    )


def _other_names(images: Sequence[str], masks: Sequence[str]) -> str:
    """Why no prefix or suffix makes pairs, where it is that numbers are padded otherwise, or that folders are names."""
    image_of = {_unpadded(name): name for name in images}
    for mask in masks:
        if (image := image_of.get(_unpadded(mask), mask)) != mask:
            return f"their numbers are padded otherwise, as {mask} and {image}: rename either"
    known = {*images}
    for mask in masks:
        folder = mask.rpartition("/")[0]
        if folder in known:
            return f"masks have their images' names as folders, as {mask}: rename it {folder}, and so on"
    return ""


def _unpadded(name: str) -> str:
    return re.sub(r"0*([0-9]+)", r"\1", name)


def _some(names: Sequence[str]) -> str:
    return ", ".join(map(printable, names[:_EXAMPLES])) + (", ..." if len(names) > _EXAMPLES else "")
