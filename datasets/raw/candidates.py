"""The photographs that are left when all rules but those about pixels have spoken, found on the disk."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ablate.errors import UsageError
from ablate.storage import local
from datasets.options import PrepareConfig
from datasets.raw import box_units, camera_traps, folders, images, real_images, remarks
from datasets.raw.camera_traps import Box, Listing, Record, Rule, values
from datasets.raw.camera_traps.rules import empty_categories
from datasets.raw.folders import Spelling
from datasets.raw.images import BrokenPictureError
from datasets.raw.keys import sample_key, share
from datasets.raw.name_lists import names_in
from datasets.raw.skipped import PHOTOGRAPH, SelectionLog

_STRANGE = "annotation of an unknown image"
_MEASURED = 100  # photographs whose own size is looked up, where the JSON tells none


@dataclass(frozen=True)
class Candidates:
    """What is left when all rules but those about pixels have spoken.

    Attributes:
        test: photographs of an asked-for animal, sorted by key.
        empty: photographs without an animal, by location, each location's in an order of chance.
        missing: why files of the test photographs are not there, where the folder tells it; else "".
    """

    test: tuple[Record, ...]
    empty: tuple[tuple[Record, ...], ...]
    listing: Listing
    rule: Rule
    missing: str = ""


def candidates(config: PrepareConfig, log: SelectionLog) -> Candidates:
    """Reads the annotations and applies the rules that need no pixels; tells the log about all that they take out.

    Raises:
        UsageError: an input is missing, a category or location is unknown, no photograph is left, or boxes are in
            other units.
    """
    for key, place in (("photos", config.photos), ("photo_masks", config.photo_masks)):
        if place is not None and not local(place, key).is_dir():
            raise UsageError(f"{key}={local(place, key)}: there is no such folder")
    listing = camera_traps.read([local(path, "annotations") for path in config.annotations])
    excluded = names_in(config.exclude, "exclude", (camera_traps.names(record) for record in listing.records), log)
    rule = _rule(config, listing, excluded)
    log.skipped += listing.skipped
    log.remarks += listing.remarks
    left: dict[str, list[Record]] = {"test": [], "empty": []}
    refused: list[tuple[Record, str]] = []
    for record in listing.records:
        split, refusal = rule.split(record), rule.refusal(record)
        if split is None or refusal is not None:
            log.considered.append(real_images.considered(record, split, refusal or "other category"))
            refused += [(record, str(refusal))] if split is not None else []
        else:
            left[split].append(record)
    if not left["test"]:
        raise _nothing_left(listing, rule, log, refused)
    _remark(config, log, listing, rule, left, refused)
    left, missing = _on_disk(left, listing, config, log)
    _require_pixels(left["test"], rule, config, log)
    test = tuple(sorted(left["test"], key=lambda record: sample_key(record.id)))
    return Candidates(test, _by_location(left["empty"], config.seed), listing, rule, missing)


def _rule(config: PrepareConfig, listing: Listing, excluded: frozenset[str]) -> Rule:
    places = {record.location for record in listing.records}
    asked, empty, locations = (
        _names(typed, known)
        for typed, known in (
            (config.category, listing.categories),
            (config.empty_category, listing.categories),
            (config.locations, places),
        )
    )
    rule = Rule(asked, config.hour_range, excluded, frozenset(locations), empty_categories(listing.categories, empty))
    rule.require_known(listing)
    return rule


def _names(typed: Sequence[str], known: Collection[str]) -> tuple[str, ...]:
    """Names as the annotations have them; of what was typed, parts that together are one name were split at a comma."""
    names, left = [], [folders.nfc(part) for part in typed]
    while left:
        size = next((size for size in range(len(left), 1, -1) if ",".join(left[:size]).strip() in known), 1)
        names.append(",".join(left[:size]).strip())
        left = left[size:]
    return tuple(names)


def _remark(
    config: PrepareConfig,
    log: SelectionLog,
    listing: Listing,
    rule: Rule,
    left: dict[str, list[Record]],
    refused: Sequence[tuple[Record, str]],
) -> None:
    both = [*left["test"], *left["empty"]]
    log.remarks += remarks.of_places(both, listing)
    log.remarks += remarks.of_times(both, refused, config)
    if not left["empty"]:
        taken = Counter(reason for record, reason in refused if rule.split(record) == "empty")
        log.remarks.append(remarks.of_no_empty(listing.records, taken, rule))


def _nothing_left(listing: Listing, rule: Rule, log: SelectionLog, refused: Sequence[tuple[Record, str]]) -> UsageError:
    """The error that tells what the rules took out, and which animals there would be."""
    rules = Counter(row.reason for row in log.considered if row.kind == PHOTOGRAPH and row.split == "test")
    taken = ", ".join(f"{count} {reason}" for reason, count in rules.most_common()) or "none shows it"
    boxed = Counter(
        animal
        for record in listing.records
        for animal in {one.category for one in record.annotations if one.box_xywh and one.category not in rule.empty}
    )
    there = ", ".join(f"{animal} {count}" for animal, count in boxed.most_common()) or "none"
    also = _bad_entries(listing)
    return UsageError(
        f"category={','.join(rule.categories)}: no photograph is left ({taken}); photographs with a box: {there}{also}"
        f"{_advice(rule, refused)}"
    )


def _bad_entries(listing: Listing) -> str:
    """How many entries could not be used, by reason, each with an example."""
    first: dict[str, str] = {}
    for entry in listing.skipped:
        reason, _, value = entry.reason.partition(": ")
        first.setdefault(reason, value or values.shown(entry.name))
    counts = Counter(entry.reason.partition(": ")[0] for entry in listing.skipped)
    if _STRANGE in first and listing.records:
        first[_STRANGE] += f" (images have ids such as {values.shown(listing.records[0].id)})"
    text = "; ".join(f"{count} {reason}, such as {first[reason]}" for reason, count in counts.most_common(3))
    return f"; bad entries: {text}" if text else ""


def _advice(rule: Rule, refused: Sequence[tuple[Record, str]]) -> str:
    """What to type where times took out what was asked for."""
    by_reason: dict[str, list[Record]] = {}
    for record, reason in refused:
        if rule.split(record) == "test":
            by_reason.setdefault(reason, []).append(record)
    if unread := by_reason.get("malformed time"):
        return f"; times {remarks.unread_time(unread[0].time)}; mend them, or take all hours with hours=none"
    if "no time" in by_reason:
        return "; these have no time (date_captured or datetime): hours=none takes them"
    outside = [record.captured_at for record in by_reason.get("outside hours", ()) if record.captured_at]
    if outside and not any(time.hour or time.minute or time.second for time in outside):
        return "; all their times are 00:00:00, as of dates without an hour: hours=none takes them"
    return ""


def _by_location(records: Sequence[Record], seed: int) -> tuple[tuple[Record, ...], ...]:
    by_location: dict[str, list[Record]] = {}
    for record in sorted(records, key=lambda record: share(seed, record.id)):
        by_location.setdefault(record.location, []).append(record)
    return tuple(tuple(by_location[location]) for location in sorted(by_location))


def _on_disk(
    left: dict[str, list[Record]], listing: Listing, config: PrepareConfig, log: SelectionLog
) -> tuple[dict[str, list[Record]], str]:
    """The records with the disk's spelling of their files' names, and of their masks'; and why files are missing."""
    folder = local(config.photos, "photos")
    wanted = [record.file_name for record in (*left["test"], *_soonest(left["empty"], config))]
    missing = ""
    if not all(folders.is_file(folder / name) for name in wanted):
        there = Spelling(folder)
        exact = {record.file_name for record in listing.records}
        names = folders.respelled((record.file_name for records in left.values() for record in records), there, exact)
        if names:
            first = min(names)
            log.remarks.append(
                f"{len(names):,} photographs are spelled otherwise on the disk than in the JSON, such as "
                f"{names[first]} for {first}: taken as the same"
            )
        left = {
            split: [replace(record, file_name=names.get(record.file_name, record.file_name)) for record in records]
            for split, records in left.items()
        }
        gone = [record.file_name for record in left["test"] if not folders.is_file(folder / record.file_name)]
        missing = (gone and folders.cause(gone, there, "photos")) or ""
    if config.photo_masks is not None:
        left["test"] = _with_masks(left["test"], config, log)
    return left, missing


def _soonest(empty: Iterable[Record], config: PrepareConfig) -> Iterable[Record]:
    """The empty photographs that will be looked at first: of most surveys nobody has them all."""
    for records in _by_location(list(empty), config.seed):
        yield from records[: config.empty_per_location]


def _with_masks(records: Sequence[Record], config: PrepareConfig, log: SelectionLog) -> list[Record]:
    """Records whose masks have another spelling on the disk, with it.

    Raises:
        UsageError: not one photograph has a mask.
    """
    folder = local(config.photo_masks or "", "photo_masks")
    wanted = {record: real_images.mask_path(record, config).relative_to(folder).as_posix() for record in records}
    missing = [name for name in wanted.values() if not folders.is_file(folder / name)]
    there = Spelling(folder) if missing else None
    names = folders.respelled(missing, there, set(wanted.values())) if there else {}
    if there and len(missing) - len(names) == len(wanted):
        raise UsageError(
            f"photo_masks={folder}: none of the {len(wanted)} photographs has a mask, such as {missing[0]}: "
            f"{folders.cause(missing, there, 'photo_masks') or folders.otherwise(there)} "
            "Where names of masks have more, type mask_prefix= or mask_suffix=; JPEG masks need mask_threshold="
        )
    if names:
        first = min(names)
        log.remarks.append(
            f"{len(names):,} masks of photographs are spelled otherwise on the disk, such as {names[first]} for {first}"
        )
    return [replace(record, mask=names[name]) if name in names else record for record, name in wanted.items()]


def _require_pixels(test: Sequence[Record], rule: Rule, config: PrepareConfig, log: SelectionLog) -> None:
    """Raises a `UsageError` where most boxes are something else than COCO's; remarks what is peculiar of them."""
    folder = local(config.photos, "photos")
    boxes: list[Box] = []
    frames: list[box_units.Wh | None] = []
    for number, record in enumerate(test):
        found = [box for box, _ in record.boxes(rule.categories)]
        frame = record.wh or (_stored_wh(folder / record.file_name) if number < _MEASURED else None)
        boxes += found
        frames += [frame] * len(found)
    if text := box_units.misread(boxes, frames):
        raise UsageError(f"annotations={','.join(config.annotations)}: {text}")
    log.remarks += box_units.doubtful(boxes, frames)


def _stored_wh(path: Path) -> box_units.Wh | None:
    """The size of a photograph as shown; None where it cannot be read: it will be judged when its turn comes."""
    try:
        return images.decode(path.read_bytes()).wh
    except (BrokenPictureError, OSError):
        return None


def require_files(found: Candidates, config: PrepareConfig) -> None:
    """Raises a `UsageError` where not one of the candidates' files is in the folder."""
    folder = local(config.photos, "photos")
    if any(folders.is_file(folder / record.file_name) for record in found.test):
        return
    names = [record.file_name for record in found.test]
    raise UsageError(
        f"photos={config.photos}: none of the {len(names)} photographs that the rules leave is there, such as "
        f"{min(names)}: {found.missing or folders.otherwise(Spelling(folder))}"
    )
