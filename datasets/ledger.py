"""What preparation left out, and why.

Two lists, written beside the shards: `skipped.csv` names every bad input (it should not have been there, and counts
against `max_bad`); `selection.parquet` has one row for every photograph and synthetic image that was considered, with
the rule that took it out (it was sound, but not asked for) or `selected`.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ablate.errors import UsageError
from ablate.storage import publish

SKIPPED = "skipped.csv"
SELECTION = "selection.parquet"
SELECTED = "selected"
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
    ]
)


@dataclass(frozen=True, order=True)
class Skipped:
    """One bad input: `kind` is synthetic, photograph or annotation."""

    kind: str
    name: str
    reason: str


@dataclass(frozen=True)
class Considered:
    """One picture that selection looked at.

    Attributes:
        kind: synthetic or photograph.
        split: where it went or would have gone; None where no rule said yet.
        reason: `selected`, or the rule that took it out.
        chroma, luma: means over the pixels, 0 to 255; None where they were not looked at.
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


@dataclass
class Ledger:
    """Collects both lists while preparation runs; the order of entries does not matter."""

    skipped: list[Skipped] = field(default_factory=list)
    considered: list[Considered] = field(default_factory=list)

    def counts(self) -> dict[str, dict[str, int]]:
        """How many were selected and how many each rule took out, per kind and split."""
        counted: dict[str, Counter[str]] = {}
        for row in self.considered:
            counted.setdefault(f"{row.kind} {row.split}" if row.split else row.kind, Counter())[row.reason] += 1
        return {kind: dict(sorted(reasons.items())) for kind, reasons in sorted(counted.items())}

    def skipped_counts(self) -> dict[str, dict[str, int]]:
        """How many inputs of each kind were bad, by reason."""
        counted: dict[str, Counter[str]] = {}
        for entry in self.skipped:
            counted.setdefault(entry.kind, Counter())[entry.reason] += 1
        return {kind: dict(sorted(reasons.items())) for kind, reasons in sorted(counted.items())}

    def require(self, kind: str, total: int, usable: int, max_bad: float, listing: Path) -> None:
        """Stops where nothing of a kind is usable, or too much of it is bad; the bad inputs are listed in `listing`.

        Raises:
            UsageError: names the first few and the list.
        """
        bad = sorted(entry for entry in self.skipped if entry.kind == kind)
        if usable and len(bad) <= max_bad * total:
            return
        rules = Counter(row.reason for row in self.considered if row.kind == kind and row.reason != SELECTED)
        left_out = ", ".join(f"{count} {reason}" for reason, count in rules.most_common())
        named = "; ".join(f"{entry.name}: {entry.reason}" for entry in bad[:_NAMED])
        tail = ""
        if bad:
            publish(listing, self._csv())
            tail = (
                f"; {len(bad)} of {total} are bad ({named}{'; ...' if len(bad) > _NAMED else ''}), listed in {listing}"
            )
        if not usable:
            raise UsageError(f"no usable {kind} input is left: {left_out or 'none was found'}{tail}")
        raise UsageError(f"too many bad inputs of kind {kind}{tail}; mend them or allow more with max_bad=")

    def write(self, folder: Path) -> None:
        """Writes both lists into a folder; the same entries give the same bytes."""
        publish(folder / SKIPPED, self._csv())
        rows = sorted((asdict(row) for row in self.considered), key=lambda row: (row["kind"], row["id"]))
        stream = io.BytesIO()
        pq.write_table(pa.Table.from_pylist(rows, schema=_SELECTION_SCHEMA), stream)
        publish(folder / SELECTION, stream.getvalue())

    def _csv(self) -> bytes:
        stream = io.StringIO(newline="")
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["kind", "name", "reason"])
        writer.writerows((entry.kind, entry.name, entry.reason) for entry in sorted(self.skipped))
        return stream.getvalue().encode()
