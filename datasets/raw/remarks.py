"""What the user should know of the photographs before trusting a number; printed, and kept in the manifest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence

from datasets.options import PrepareConfig
from datasets.raw.camera_traps import UNKNOWN, Listing, Record, Rule, clock, values
from datasets.raw.camera_traps.rules import EMPTY_NAMES
from datasets.raw.skipped import BOX, PHOTOGRAPH, SELECTED, SKIPPED, Considered, Skipped

_KNOWN_KEYS = frozenset({"id", "file_name", "width", "height", "seq_num_frames", "frame_num", "rights_holder"})
_NAMED = 5  # locations, or categories, that a sentence names
_MANY = 10  # photographs from which on it says something that all are the same
_ON_PURPOSE = ("other location", "excluded")  # rules by which the user names what to leave out


def of_places(records: Collection[Record], listing: Listing) -> list[str]:
    """Whether the photographs that are asked for have a location and a sequence."""
    others = sorted(listing.keys - _KNOWN_KEYS - {"location", "seq_id", "date_captured", "datetime"})
    keys = f" (the images also have: {', '.join(others[:_NAMED])})" if others else ""
    said = []
    if without := _count(records, lambda record: record.location == UNKNOWN):
        all_of_them = without == len(records)
        said.append(
            f"{_part(without, records)} a location: they count as one place, {UNKNOWN!r}"
            + (", so that rows per location and intervals over locations say nothing" if all_of_them else "")
            + f"; write each camera's name into the images of the JSON as location{keys}"
        )
    if without := _count(records, lambda record: record.seq_id is None):
        said.append(
            f"{_part(without, records)} a seq_id: each counts as a sequence of its own, so that intervals are too "
            "narrow where cameras take bursts; write it into the images of the JSON"
        )
    (same, count), *_ = Counter(record.seq_id for record in records).most_common(1) or [(None, 0)]
    if same is not None and count >= _MANY and count > len(records) / 2:
        said.append(
            f"{'all ' if count == len(records) else ''}{count:,} photographs have the seq_id {values.shown(same)!r}: "
            "those of one location count as one sequence, so that intervals say nothing; write each burst's own, or "
            "none, into the images of the JSON"
        )
    if alike := _alike({record.location for record in records}):
        said.append(f"locations that differ in case alone count as several: {', '.join(map(values.shown, alike))}")
    return said


def of_times(records: Collection[Record], refused: Sequence[tuple[Record, str]], config: PrepareConfig) -> list[str]:
    """Whether times could be read, and whether they are the camera's own.

    Args:
        records: that the rules leave.
        refused: the others that show what is asked for, each with the rule that took it out.
    """
    hours = f"hours={config.hours}"
    lost = Counter(reason for _, reason in refused)
    all_of_them = [*records, *(record for record, _ in refused)]
    said = []
    if unread := [record.time for record in all_of_them if record.captured_at is None and record.time]:
        out = f"{lost['malformed time']:,} left out by {hours}" if lost["malformed time"] else "taken without a time"
        said.append(
            f"{_photographs(len(unread))} of a time that is not read ({out}), {unread_time(unread[0])}; mend them"
        )
    if config.hours is None and not any(record.time for record in all_of_them):
        said.append(
            "no photograph has a time, so that hours= would filter nothing and night is told by the pixels alone "
            f"(night.photo_luma={config.night.photo_luma:g}, night.photo_chroma={config.night.photo_chroma:g})"
        )
    if same := _same(record.time for record in all_of_them):
        said.append(
            f"all {len(all_of_them):,} photographs have the time {values.shown(same)!r}: no camera takes them so, and "
            "hours= filters nothing by it"
        )
    if lost["no time"]:
        said.append(f"{_photographs(lost['no time'])} without a time: left out by {hours}; hours=none takes them")
    utc = [record.time for record in all_of_them if record.captured_at is not None and clock.says_utc(record.time)]
    if utc and config.hours is not None:
        said.append(
            f"{_photographs(len(utc))} of a universal time, such as {values.shown(utc[0])!r}: {hours} takes it for the "
            "camera's own hour; write local times where it is not"
        )
    return said


def unread_time(time: str) -> str:
    """A time that is not read, quoted, with the forms that are."""
    doubt = clock.doubt(time)
    return f"such as {values.shown(time)!r}{f' ({doubt})' if doubt else ''}; the forms that are read: {clock.FORMS}"


def of_no_empty(records: Collection[Record], taken: Counter[str], rule: Rule) -> str:
    """Why there is no photograph without an animal, and which categories might mean it: those never drawn a box.

    Args:
        taken: how many such photographs each rule took out.
    """
    without = "so that false alarms cannot be measured"
    if taken:
        rules = ", ".join(f"{count:,} {reason}" for reason, count in taken.most_common())
        return f"no photograph without an animal is left ({rules}), {without}"
    labelled: Counter[str] = Counter()
    boxed: set[str] = {*rule.categories, "?"}
    for record in records:
        labelled.update({annotation.category for annotation in record.annotations})
        boxed |= {annotation.category for annotation in record.annotations if annotation.box_xywh}
    there = [f"{category} {count:,}" for category, count in labelled.most_common() if category not in boxed]
    called = ", ".join(sorted(rule.empty)) or EMPTY_NAMES
    named = f"; categories without any box: {', '.join(there[:_NAMED])}" if there else ""
    if unlabelled := _count(records, lambda record: not record.annotations):
        named += f"; {_photographs(unlabelled)} without any annotation: give those that show nothing one, of a category"
    return (
        f"no photograph counts as empty (by a category called {called}), {without}{named}; "
        "empty_category=NAME says which of the categories means that no animal is there"
    )


def of_emptied_locations(considered: Iterable[Considered]) -> list[str]:
    """Which locations lost every photograph of an asked-for animal, and by which rule."""
    reasons: dict[str, Counter[str]] = {}
    for row in considered:
        if row.kind == PHOTOGRAPH and row.split == "test" and row.reason not in _ON_PURPOSE:
            reasons.setdefault(row.location or "", Counter())[row.reason] += 1
    by_rule: dict[str, list[tuple[int, str]]] = {}
    for location, counts in reasons.items():
        if SELECTED not in counts:
            rule, _ = counts.most_common(1)[0]
            by_rule.setdefault(rule, []).append((counts.total(), location))
    said = []
    for rule, lost in sorted(by_rule.items(), key=lambda item: -sum(count for count, _ in item[1])):
        lost.sort(key=lambda one: (-one[0], one[1]))
        named = ", ".join(f"{values.shown(location)} ({count:,})" for count, location in lost[:_NAMED])
        what = "1 location has" if len(lost) == 1 else f"{len(lost)} locations have"
        said.append(
            f"{what} no photograph of an asked-for animal left, most by the rule {rule!r}: {named}"
            + (", ..." if len(lost) > _NAMED else "")
        )
    return said


def of_bad_boxes(skipped: Iterable[Skipped], total: int) -> list[str]:
    """How many boxes were left out as implausible, and why."""
    reasons = Counter(entry.reason.partition(":")[0] for entry in skipped if entry.kind == BOX)
    if not reasons:
        return []
    text = ", ".join(f"{count:,} {reason}" for reason, count in reasons.most_common())
    return [f"{reasons.total():,} of {total:,} boxes were left out as bad input: {text}; {SKIPPED} names each"]


def _count(records: Iterable[Record], wanted: Callable[[Record], bool]) -> int:
    return sum(map(wanted, records))


def _same(values: Iterable[str | None]) -> str | None:
    """What all of many photographs say; None where they differ, are few, or say nothing."""
    counts = Counter(values)
    return next(iter(counts)) if len(counts) == 1 and counts.total() >= _MANY else None


def _alike(names: Iterable[str]) -> list[str]:
    """Of names that differ in case alone, those of the first kind."""
    by_folded: dict[str, list[str]] = {}
    for name in sorted(names):
        by_folded.setdefault(name.casefold(), []).append(name)
    return next((several for several in by_folded.values() if len(several) > 1), [])


def _part(count: int, records: Collection[Record]) -> str:
    return "no photograph has" if count == len(records) else f"{count:,} of {len(records):,} photographs do not have"


def _photographs(count: int) -> str:
    return f"{count:,} photograph{'s' * (count != 1)}"
