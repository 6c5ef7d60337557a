"""What preparation left out, and why.

Two lists, written beside the shards: `skipped.csv` names every bad input (it should not have been there, and counts
against `max_bad`); `selection.parquet` has one row for every photograph and synthetic image that was considered, with
the rule that took it out (it was sound, but not asked for) or `selected`, and a note where something about it was
changed or is peculiar.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ablate.errors import UsageError
from ablate.storage import publish

SKIPPED = "skipped.csv"
SELECTION = "selection.parquet"
SELECTED = "selected"
NO_ANIMAL = "no animal"  # of a mask that holds nothing
SYNTHETIC, PHOTOGRAPH, ANNOTATION, BOX = "synthetic", "photograph", "annotation", "box"
STYLE, UNLABELLED = "style photograph", "unlabelled photograph"
_NAMED = 3  # bad inputs that an error names
_SELECTION_SCHEMA = pa.schema(
    [
        ("kind", pa.string()),
        ("id", pa.string()),
        ("file_name", pa.string()),
        ("location", pa.string()),
        ("captured_at", pa.timestamp("s")),
        ("split", pa.string()),
        ("reason", pa.string()),
        ("chroma", pa.float64()),
        ("luma", pa.float64()),
        ("note", pa.string()),
    ]
)


@dataclass(frozen=True, order=True, slots=True)
class Skipped:
    """One bad input: `kind` is one that `Considered` has, annotation (of the JSON), or box (of a photograph)."""

    kind: str
    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Considered:
    """One picture that selection looked at.

    Attributes:
        kind: synthetic, photograph, style photograph, or unlabelled photograph.
        split: where it went or would have gone; None where no rule said yet.
        reason: `selected`, or the rule that took it out.
        location: the camera, or the place that a synthetic image shows; None where it is not told.
        chroma, luma: means over the pixels, 0 to 255; None where they were not looked at.
        note: what was changed, or is peculiar: `kind of note`, or `kind of note: details`.
    """

    kind: str
    id: str
    file_name: str
    split: str | None
    reason: str
    location: str | None = None
    captured_at: datetime | None = None
    chroma: float | None = None
    luma: float | None = None
    note: str | None = None


@dataclass
class SelectionLog:
    """Collects both lists while preparation runs; the order of entries does not matter."""

    skipped: list[Skipped] = field(default_factory=list)
    considered: list[Considered] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)  # sentences that the user should read

    def add(self, considered: Iterable[Considered], skipped: Iterable[Skipped]) -> None:
        self.considered += considered
        self.skipped += skipped

    def counts(self) -> dict[str, dict[str, int]]:
        """How many were selected and how many each rule took out, per kind and split."""
        return _counted((f"{row.kind} {row.split}" if row.split else row.kind, row.reason) for row in self.considered)

    def skipped_counts(self) -> dict[str, dict[str, int]]:
        """How many inputs of each kind were bad, by the kind of reason: what stands before its colon."""
        return _counted((entry.kind, entry.reason.partition(":")[0]) for entry in self.skipped)

    def note_counts(self) -> dict[str, dict[str, int]]:
        """How many of the selected were changed or are peculiar, by the kind of note."""
        noted = (row for row in self.considered if row.note and row.reason == SELECTED)
        return _counted((row.kind, str(row.note).partition(":")[0]) for row in noted)

    def require_sound(self, kind: str, total: int, max_bad: float, listing: Path, hint: str = "") -> None:
        """Stops where too much of a kind is bad; the bad inputs are listed in `listing`.

        Args:
            hint: what may be the cause.

        Raises:
            UsageError: names the first few and the list.
        """
        bad = sorted(entry for entry in self.skipped if entry.kind == kind)
        if len(bad) > max_bad * total:
            raise UsageError(
                f"too many bad inputs of kind {kind}: {self._named(bad, total, listing)}{hint}; mend them or allow "
                f"more with max_bad= (now {max_bad:g})"
            )

    def require_usable(self, kind: str, total: int, listing: Path, hint: str = "") -> None:
        """Stops where nothing of a kind was selected; the bad inputs are listed in `listing`.

        Raises:
            UsageError: tells what each rule took out.
        """
        mine = [row for row in self.considered if row.kind == kind]
        if any(row.reason == SELECTED and row.split != "empty" for row in mine):
            return
        rules = Counter(row.reason for row in mine if row.reason != SELECTED)
        left_out = ", ".join(f"{count} {reason}" for reason, count in rules.most_common())
        bad = sorted(entry for entry in self.skipped if entry.kind == kind)
        tail = f"; {self._named(bad, total, listing)}" if bad else ""
        raise UsageError(f"no usable {kind} input is left: {left_out or 'none was found'}{hint}{tail}")

    def write(self, folder: Path) -> None:
        """Writes both lists into a folder; the same entries give the same bytes."""
        publish(folder / SKIPPED, self._csv())
        rows = sorted(self.considered, key=lambda row: (row.kind, row.id))
        columns = {name: [getattr(row, name) for row in rows] for name in _SELECTION_SCHEMA.names}
        stream = io.BytesIO()
        pq.write_table(pa.table(columns, schema=_SELECTION_SCHEMA), stream)
        publish(folder / SELECTION, stream.getvalue())

    def _named(self, bad: list[Skipped], total: int, listing: Path) -> str:
        publish(listing, self._csv())
        named = "; ".join(f"{entry.name}: {entry.reason}" for entry in bad[:_NAMED])
        return f"{len(bad)} of {total} are bad ({named}{'; ...' if len(bad) > _NAMED else ''}), listed in {listing}"

    def _csv(self) -> bytes:
        stream = io.StringIO(newline="")
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["kind", "name", "reason"])
        writer.writerows((entry.kind, entry.name, entry.reason) for entry in sorted(self.skipped))
        return stream.getvalue().encode("utf-8", "surrogateescape")


def _counted(pairs: Iterable[tuple[str, str]]) -> dict[str, dict[str, int]]:
    counted: dict[str, Counter[str]] = {}
    for kind, reason in pairs:
        counted.setdefault(kind, Counter())[reason] += 1
    return {kind: dict(sorted(reasons.items())) for kind, reasons in sorted(counted.items())}
