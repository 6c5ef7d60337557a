"""Signs that the photographs were misread, as far as their JSON in the shards shows them.

What preparation remarked stands in the manifest; data that was prepared before it did is looked through anew.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from ablate.data.manifest import Manifest
from ablate.data.sample_json import Box, Photograph
from datasets.checks.inspection.findings import Findings, parameter
from datasets.raw.camera_traps import UNKNOWN, values

_REMARKS = "remarks"
_SHOWN, _LONGEST = 20, 1000  # remarks, and characters of each, that are shown of a stranger's manifest
_SMALL = 4  # px; an animal's box is larger
_MANY = 10  # boxes, or photographs, from which on it says something what they have in common
_CORNERED = 0.2  # of the boxes; of animals few end in a corner


@dataclass
class Signs:
    """What the photographs of the test set have in common.

    Attributes:
        unplaced, untimed: photographs without a location, a time.
        sequences: photographs by sequence.
        nothing: texts that stand for nothing in the place of a location or a sequence, by key and text.
        last, first: boxes that end in the lower right corner of their frame, and that begin in the upper left one.
    """

    photographs: int = 0
    unplaced: int = 0
    untimed: int = 0
    sequences: Counter[str | None] = field(default_factory=Counter)
    nothing: Counter[tuple[str, str]] = field(default_factory=Counter)
    boxes: int = 0
    last: int = 0
    first: int = 0

    def add(self, meta: Photograph) -> None:
        """Takes a photograph in."""
        self.photographs += 1
        self.unplaced += meta.location == UNKNOWN
        self.sequences[meta.seq_id] += 1
        self.untimed += meta.captured_at is None
        names = {"location": meta.location, "seq_id": meta.seq_id}
        self.nothing.update((key, name) for key, name in names.items() if name and values.nothing_as_text(name))
        for labelled in meta.boxes:
            self._add_box(labelled.box, (meta.width, meta.height))

    def _add_box(self, box: Box, wh: tuple[int, int]) -> None:
        self.boxes += 1
        begins, ends = (box[0] <= 0, box[1] <= 0), (box[2] >= wh[0], box[3] >= wh[1])
        self.last += all(ends) and not any(begins)
        self.first += all(begins) and not any(ends)


def smallest(meta: Photograph) -> str | None:
    """What is wrong with a photograph's boxes of next to no size."""
    small = any(min(x1 - x0, y1 - y0) < _SMALL for x0, y0, x1, y1 in (labelled.box for labelled in meta.boxes))
    return f"a true box is narrower or lower than {_SMALL} px; are its units pixels?" if small else None


def add_warnings(manifest: Manifest, signs: Signs, findings: Findings) -> None:
    """Adds what preparation remarked, and what the photographs have in common that no photographs should.

    Raises:
        UsageError: the manifest's remarks are no sentences.
    """
    remarks = parameter(manifest, _REMARKS, list[str], [])
    for remark in remarks[:_SHOWN]:
        findings.note(f"preparation: {remark if len(remark) <= _LONGEST else f'{remark[:_LONGEST]}...'}")
    if len(remarks) > _SHOWN:
        findings.note(f"preparation: {len(remarks) - _SHOWN:,} remarks more, in the manifest")
    if signs.boxes >= _MANY and signs.last > _CORNERED * signs.boxes and signs.first < signs.last / 4:
        findings.note(
            f"{signs.last:,} of {signs.boxes:,} true boxes end in the lower right corner of their photograph: were "
            "they [x0, y0, x1, y1] instead of [x, y, width, height], or pixels of a larger picture?"
        )
    for (key, name), count in sorted(signs.nothing.items()):
        findings.note(
            f"{key} {name!r} on {count:,} of the photographs: programs write that where there is nothing, and here it "
            "counts as one; prepare the data again"
        )
    if _REMARKS not in manifest.parameters:
        _add_absent(signs, findings)


def _add_absent(signs: Signs, findings: Findings) -> None:
    if signs.photographs and signs.unplaced == signs.photographs:
        findings.note(
            f"every photograph is of the location {UNKNOWN!r}: rows per location and intervals over locations say "
            "nothing; write each camera's name into the images of the JSON as location, and prepare the data again"
        )
    (sequence, count), *others = signs.sequences.most_common() or [("", 0)]
    if sequence and not others and count >= _MANY:
        findings.note(f"all {count:,} photographs are of the sequence {sequence!r}, so that intervals say nothing")
    if signs.photographs and signs.sequences[None] == signs.photographs:
        findings.note(
            "no photograph has a seq_id: each counts as a sequence of its own, so that intervals are too narrow where "
            "cameras take bursts"
        )
    if signs.photographs and signs.untimed == signs.photographs:
        findings.note(
            "no photograph has a time: hours= of datasets.prepare filtered nothing, night is told by the pixels alone"
        )
