"""What photographs are asked for, as far as that needs no pixels."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from ablate.errors import UsageError, suggest
from datasets.raw.camera_traps.parser import Listing
from datasets.raw.camera_traps.records import Record, names

# As data sets, and programs for looking through camera-trap photographs, call it.
_EMPTY = frozenset(
    {
        *("empty", "blank", "none", "nothing", "nothing here", "nothinghere", "ghost", "misfire"),
        *("no animal", "no animals", "no wildlife", "no species", "no detection", "empty image", "empty photo"),
        *("false trigger", "false triggers", "false alarm", "false positive", "blank image", "blank photo"),
    }
)
EMPTY_NAMES = "empty, blank, none, nothing, no animal, false trigger, ghost, misfire, ..."  # for messages


@dataclass(frozen=True)
class Rule:
    """What the paper selects by: animal, and hour of the day (section 3.1; 07:00 to 19:59).

    Attributes:
        categories: the animals; a photograph of any of them with a box is a test photograph.
        hours: clock hours to take; None: all, and a photograph without a time too.
        excluded: image ids, file names, or file names without their suffix.
        locations: the cameras to take; empty: all.
        empty: the categories that say that no animal is there.
    """

    categories: tuple[str, ...]
    hours: range | None
    excluded: frozenset[str] = frozenset()
    locations: frozenset[str] = frozenset()
    empty: frozenset[str] = frozenset({"empty"})

    def require_known(self, listing: Listing) -> None:
        """Raises a `UsageError` where it names a category that is no animal here, or an unknown location."""
        known = set(listing.categories)
        for category in sorted(self.empty - known):
            raise UsageError(f"empty_category={category}: not in the annotations; {suggest(category, known)}")
        for category in self.categories:
            if category in self.empty:
                raise UsageError(
                    f"category={category}: says that no animal is there; {suggest(category, known - self.empty)}; if "
                    "it is an animal, name the category of photographs without one: empty_category=NAME"
                )
            if category not in known:
                raise UsageError(
                    f"category={category}: not in the annotations; {suggest(category, known - self.empty)}"
                )
        places = {record.location for record in listing.records} if self.locations else set()
        for location in sorted(self.locations - places):
            raise UsageError(f"locations={location}: not in the annotations; {suggest(location, places)}")

    def split(self, record: Record) -> str | None:
        """`test` for an asked-for animal, `empty` where all agree that there is none, else None."""
        seen = {annotation.category for annotation in record.annotations}
        if seen & set(self.categories):
            return "test"
        return "empty" if seen and seen <= self.empty else None

    def refusal(self, record: Record) -> str | None:
        """The first rule that takes a photograph out; None where its pixels decide."""
        split = self.split(record)
        if split is None:
            return "other category" if record.annotations else "not labelled"
        if self.locations and record.location not in self.locations:
            return "other location"
        if split == "test" and not record.boxes(self.categories):
            return "no box"
        if self.hours is not None and record.captured_at is None:
            return "malformed time" if record.time else "no time"
        if self.hours is not None and record.captured_at is not None and record.captured_at.hour not in self.hours:
            return "outside hours"
        return "excluded" if self.excluded and self.excluded & names(record) else None


def is_empty(category: str) -> bool:
    """Whether a category is called as emptiness commonly is, whatever its letters' case and what divides its words."""
    return re.sub(r"[\s_-]+", " ", category.casefold()).strip() in _EMPTY


def empty_categories(categories: Iterable[str], named: Collection[str]) -> frozenset[str]:
    """The categories that say that no animal is there: those that the user named, else those commonly called so."""
    return frozenset(named) if named else frozenset(filter(is_empty, categories))
