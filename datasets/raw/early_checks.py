"""A look at some masks before thousands of pictures are read: what is wrong with all of them is told in seconds."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from ablate.errors import UsageError
from datasets.options import PrepareConfig
from datasets.raw import crop_fit, mask_values, masks, real_images, synthetic_images
from datasets.raw.candidates import Candidates
from datasets.raw.folders import is_file
from datasets.raw.images import BrokenPictureError
from datasets.raw.mask_values import Shares
from datasets.raw.skipped import SelectionLog, Skipped
from datasets.raw.synthetic_images import Pair

Item = TypeVar("Item")
_SAMPLE = 32
_WHOLE = 8  # pairs that are decoded with their image, which may be large
_UNTIL_AN_ANIMAL = 512  # masks that are looked at where none of the sample shows one: few may
_MOST_BAD = 0.25  # of the sample; where fewer are, all will be counted
_MOST_COVERED = 0.75
_NAMED = 3
_TWO = 2  # values: the ground's and the animal's


@dataclass(frozen=True)
class _Seen:
    """What a look at a mask kept of it.

    Attributes:
        brightest: its highest grey value.
        fault: what keeps it from being read; None: nothing does.
    """

    name: str
    animal: float = 0.0
    doubtful: bool = False
    noisy: bool = False
    several: bool = False
    shares: Shares = ()
    brightest: float = 0.0
    fault: str | None = None


def at_synthetic(pairs: Sequence[Pair], config: PrepareConfig, log: SelectionLog) -> None:
    """Looks at masks of synthetic images, spread over the folder; always at the same ones.

    Raises:
        UsageError: many cannot be read, none shows an animal, or nearly all are animal nearly everywhere.
    """
    files = [(pair.file_name, pair.mask) for pair in pairs]
    seen = _looked(files, config, f"synthetic={config.synthetic}")
    animals = [one for one in seen if one.animal]
    covered = [one for one in animals if one.animal > synthetic_images.MOST]
    if len(covered) > _MOST_COVERED * len(animals):
        raise UsageError(covered_message(len(covered), len(animals), _held(covered), config))
    judged = [synthetic_images.judge(pair, config) for pair in _spread(pairs, _WHOLE)]
    bad = [f"{one.name}: {one.reason}" for _, one in judged if isinstance(one, Skipped)]
    if len(bad) > max(_MOST_BAD, config.max_bad) * len(judged):
        raise UsageError(_bad_message(f"synthetic={config.synthetic}", "images", bad, len(judged)))
    log.remarks += _remarks(seen, config)
    if {*config.arms} - {"full"}:
        log.remarks += crop_fit.too_short((source.boxes_n4 for source, _ in judged if source), config.crop)


def at_photographs(found: Candidates, config: PrepareConfig) -> None:
    """Looks at masks of photographs.

    Raises:
        UsageError: many cannot be read, or none shows an animal.
    """
    if config.photo_masks is None:
        return
    named = [(record.file_name, real_images.mask_path(record, config)) for record in found.test]
    there = [(name, path) for name, path in named if is_file(path)]
    _looked(there, config, f"photo_masks={config.photo_masks}")


def covered_message(covered: int, count: int, held: Shares, config: PrepareConfig) -> str:
    """What is said where masks are animal nearly everywhere."""
    text, typed = f"; they hold {mask_values.described(held)}" if held else "", _such_as(held, config)
    return (
        f"{covered} of {count} masks cover most of their image: is the animal {config.marked_by or 'what is not 0'}?"
        f"{text}; say what it is with mask_ids= or mask_colors={f' ({typed})' if typed else ''}"
    )


def _looked(files: Sequence[tuple[str, Path]], config: PrepareConfig, place: str) -> list[_Seen]:
    if not files:
        return []
    seen = [_see(name, path, config) for name, path in _spread(files, _SAMPLE)]
    bad = [f"{one.name}: {one.fault}" for one in seen if one.fault]
    if len(bad) > max(_MOST_BAD, config.max_bad) * len(seen):
        raise UsageError(_bad_message(place, "masks", bad, len(seen)))
    if not any(one.animal for one in seen):
        more = _spread(files, _UNTIL_AN_ANIMAL)
        if not any(_see(name, path, config, briefly=True).animal for name, path in more):
            raise UsageError(_no_animal(seen, max(len(more), len(seen)), config, place))
    return seen


def _bad_message(place: str, what: str, bad: Sequence[str], count: int) -> str:
    kinds = {re.sub(r"[0-9]+", "", one.partition(": ")[2]): one for one in reversed(bad)}
    examples = [one for one in bad if one in kinds.values()][:_NAMED]  # the first of each kind
    few = "; ".join(examples) + ("; ..." if len(bad) > len(examples) else "")
    return f"{place}: {len(bad)} of {count} {what} looked at are bad: {few}"


def _spread(files: Sequence[Item], count: int) -> Sequence[Item]:
    if len(files) <= count:
        return files
    return [files[index * len(files) // count] for index in range(count)]


def _see(name: str, path: Path, config: PrepareConfig, briefly: bool = False) -> _Seen:
    try:
        marked = masks.read(path.read_bytes(), config.marks)
    except (BrokenPictureError, FileNotFoundError) as error:
        return _Seen(name, fault=str(error))
    seen = _Seen(name, animal=float(marked.mask_hw.mean()))
    if briefly:
        return seen
    judged = config.marks.threshold is None
    return replace(
        seen,
        doubtful=judged and marked.variety.doubtful,
        noisy=judged and marked.variety.noisy,
        several=judged and marked.variety.values > _TWO and not config.marks.values,
        shares=marked.shares,
        brightest=marked.brightest,
    )


def _held(seen: Iterable[_Seen]) -> Shares:
    return mask_values.mean_shares([one.shares for one in seen if one.shares])


def _no_animal(seen: Sequence[_Seen], count: int, config: PrepareConfig, place: str) -> str:
    held, by = _held(seen), config.marked_by or "what is not 0"
    text = f"{place}: none of {count} masks holds an animal, which is {by}; they hold {mask_values.described(held)}"
    brightest = max(one.brightest for one in seen)
    if config.mask_threshold is not None and brightest > 0:
        return f"{text}; type mask_threshold={masks.half(brightest)}"
    if sum(one.noisy for one in seen) > len(seen) / 2 and not masks.may_be_ids(brightest):
        typed = f"mask_threshold={masks.half(brightest)}"
        return f"{text}; they were compressed, smoothed or scaled once: type {typed} instead"
    swapped = _swapped(held, config)
    if swapped:
        return f"{text}; red and blue are swapped: type mask_colors={swapped}"
    typed = _such_as(held, config)
    return f"{text}; type what the animal is, such as {typed}" if typed else f"{text}; is it the right folder?"


def _swapped(held: Shares, config: PrepareConfig) -> str:
    """The declared colours with red and blue in each other's place, where the masks hold all of those."""
    colours = [f"#{one[5:7]}{one[3:5]}{one[1:3]}{one[7:]}".lower() for one in config.mask_colors if len(one) < 10]
    there = {value for value, _ in held}
    return ",".join(colours) if colours and there.issuperset(colours) else ""


def _such_as(held: Shares, config: PrepareConfig) -> str:
    """The commonest values but the ground's, as keys with values; empty where there are none."""
    declared = {*map(str, config.mask_ids), *map(str.lower, config.mask_colors)}
    values = [value for value, _ in held[1:] if value not in declared]
    typed = [f"mask_colors={value}" for value in values if value.startswith("#")]
    typed += [f"mask_ids={value}" for value in values if value.isdigit()]
    typed += [f"mask_threshold={float(value) / 2:.3g}" for value in values if "." in value and " " not in value]
    return " or ".join(typed[:2])


def _remarks(seen: Sequence[_Seen], config: PrepareConfig) -> Iterable[str]:
    """What may be misread, though it can be read."""
    doubtful, several = [one for one in seen if one.doubtful], [one for one in seen if one.several]
    if len(doubtful) > _MOST_BAD * len(seen):
        brightest = max(one.brightest for one in doubtful)
        advice = f"if so, type mask_threshold={masks.half(brightest)}"
        advice += f" instead of {config.marked_by}" if config.marked_by else ""
        if masks.may_be_ids(brightest):
            advice = "where they are ids, type mask_ids=1,2,..."
        yield (
            f"{len(doubtful)} of {len(seen)} masks looked at hold values that lie on edges alone, as compression or "
            f"smoothing leaves them ({mask_values.described(_held(doubtful))}); {advice}"
        )
    elif len(several) > _MOST_BAD * len(seen):
        held = _held(several)
        yield (
            f"{len(several)} of {len(seen)} masks looked at hold more than {_TWO} values, and all but 0 is animal "
            f"({mask_values.described(held)}); where it is not, type {_such_as(held, config) or 'mask_ids='}"
        )
