"""What a detector found on our photographs: which boxes count, and which were left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ablate.errors import UsageError
from ablate.metrics.geometry.boxes import Boxes, clip, from_coco, scale, stack
from ablate.results.detectors.categories import chosen
from ablate.results.detectors.detector_files import Detections
from ablate.results.detectors.path_matching import Matched, Names, few, match, shown
from ablate.storage.json_file import identity, number

_SLACK = 1e-3  # of the frame: detectors round
_ROUNDED = 1e-6  # of a confidence
_FRAME = (1.0, 1.0)
_UNDECLARED = " (not in detection_categories)"
_FILE_NAME, _IMAGE_ID = "file name", "image id"


@dataclass(frozen=True)
class Found:
    """A detector's boxes on one photograph, the most confident first.

    Attributes:
        boxes_n4: xyxy in fractions of the frame.
        confidence_n: in [0, 1].
    """

    boxes_n4: Boxes
    confidence_n: Sequence[float]

    def on(self, wh: tuple[int, int]) -> Boxes:
        """The boxes in pixels of a photograph of width and height `wh`."""
        return scale(self.boxes_n4, _FRAME, wh)


@dataclass(frozen=True)
class SelectedDetections:
    """What counts of a file, by photograph; the categories that it is of; lines on what was matched and left out."""

    found: Mapping[str, Found]
    categories: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Detection:
    """One of a file; `box` is [x, y, width, height], None where it is not four numbers."""

    category: str
    confidence: float
    box: tuple[float, ...] | None
    photograph: str  # for errors


def found_on(
    detections: Detections,
    photographs: Mapping[str, str | None],
    asked: Sequence[str],
    least: float,
    file_names: Mapping[str, str] | None = None,
) -> SelectedDetections:
    """The boxes of some categories on each of our photographs.

    A box below the confidence or of another category is counted and left alone, whatever it looks like.

    Args:
        photographs: their image ids, each with its file name, where the data tells it.
        asked: categories that count; none: `animal`, where the file tells no species.
        least: confidence that a box must have. One that the user removed is negative, and so always below.
        file_names: by image id, from the annotations.

    Raises:
        UsageError: a photograph is not in the file, or could be several entries of it, or the detector failed on it (it
            then has no score, not 0); or there is no such category; or a box that counts is not in fractions.
    """
    matched = _matched(detections, photographs, file_names)
    _require_looked_at(detections, matched)
    seen = {one: _detections(detections, index) for one, index in matched.index.items()}
    sure = {one: [each for each in of if each.confidence >= least] for one, of in seen.items()}
    counts = Counter(each.category for of in sure.values() for each in of)
    _require_named(detections, counts, asked)
    categories = chosen(asked, [*detections.categories.values()], counts)
    counted = {one: [each for each in of if each.category in categories] for one, of in sure.items()}
    _require_fractions(detections.place, [each for of in counted.values() for each in of])
    below = sum(map(len, seen.values())) - counts.total()
    notes = _of_photographs(detections, matched), _of_boxes(counted, counts, categories, below, least)
    return SelectedDetections({one: _found(of) for one, of in counted.items()}, categories, notes)


def _matched(
    detections: Detections, photographs: Mapping[str, str | None], file_names: Mapping[str, str] | None
) -> Matched:
    def content(index: int) -> object:
        seen = detections.entries[index].looked_at
        return seen and [(one.category, one.confidence, one.box) for one in _detections(detections, index)]

    ids = {one: one for one in photographs}
    others = [name for one, name in (file_names or {}).items() if one not in photographs]
    ways = [Names(_FILE_NAME, photographs, others=others)]
    if file_names is not None:
        entries = {one: file_names.get(one) for one in photographs}
        ways.append(Names(f"{_FILE_NAME} in annotations=", entries, others=others))
    ways += [Names(_IMAGE_ID, ids), Names(_IMAGE_ID, ids, without_suffix=True)]
    matched = match(detections.place, [entry.file for entry in detections.entries], ways, content)
    if matched.by.what == _IMAGE_ID and all(one.isdigit() for one in photographs):
        why = "not one was found by its file name" if any(photographs.values()) else "data= tells no file names"
        raise UsageError(
            f"{detections.place}: {why}, and image ids that are numbers may not be those in names of files, such as "
            f"{shown(detections.entries[next(iter(matched.index.values()))].file)}; type annotations=FILE, the COCO "
            "JSON of these photographs, or prepare the data again"
        )
    return matched


def _require_looked_at(detections: Detections, matched: Matched) -> None:
    entries = [detections.entries[index] for index in matched.index.values()]
    failed = [entry for entry in entries if not entry.looked_at]
    if failed:
        why = next((f" ({entry.failure})" for entry in failed if entry.failure), "")
        raise UsageError(
            f"{detections.place}: {len(failed)} photograph(s) made the detector fail{why}: "
            f"{few([entry.file for entry in failed])}; run it on them again"
        )


def _detections(detections: Detections, index: int) -> list[_Detection]:
    """What a file has on one photograph; raises a `UsageError` where it cannot be told what a detection is."""
    entry = detections.entries[index]
    place = f"{detections.place}: {shown(entry.file)}"
    if not isinstance(entry.detections, list):
        raise UsageError(f"{place}: its detections are not a list")
    found = []
    for raw in entry.detections:
        detection = raw if isinstance(raw, dict) else {}
        confidence, box = number(detection.get("conf")), detection.get("bbox")
        key = identity(detection.get("category"))
        if not key:
            raise UsageError(f"{place}: a detection without a category, which is a key of detection_categories")
        if confidence is None or not -1 <= confidence <= 1 + _ROUNDED:
            given = _plain(detection.get("conf"))
            raise UsageError(f"{place}: a detection whose conf is {given}, and not a number in [0, 1]")
        category = detections.categories.get(key, f"{key}{_UNDECLARED}")
        sides = [value for value in map(number, box) if value is not None] if isinstance(box, list) else []
        whole = isinstance(box, list) and len(box) == len(sides) == 4
        found.append(_Detection(category, min(confidence, 1.0), tuple(sides) if whole else None, entry.file))
    return found


def _require_named(detections: Detections, counts: Mapping[str, int], asked: Sequence[str]) -> None:
    """Raises a `UsageError` where boxes have no category that is one, or what is asked for is none of boxes."""
    undeclared = [name for name in counts if name.endswith(_UNDECLARED)]
    if undeclared and len(undeclared) == len(counts):
        raise UsageError(
            f"{detections.place}: no box on the photographs of data= has a category that is a key of "
            f"detection_categories ({few([*detections.categories])}), but {few(undeclared)}; mend the file"
        )
    names = {name.casefold() for name in detections.categories.values()}
    species = {name.casefold() for name in detections.species} - names
    for name in asked:
        if name.strip().casefold() in species:
            raise UsageError(
                f"category={shown(name)}: the file has it in classification_categories, and its boxes are of "
                f"{few([*detections.categories.values()])}; name one of these, or give a file whose "
                "detection_categories are species, as AddaxAI's image_recognition_file.json"
            )


def _require_fractions(place: str, counted: Sequence[_Detection]) -> None:
    """Raises a `UsageError` that names the cause where a box that counts is not in fractions of the frame."""
    form = "[x, y, width, height] in fractions of the frame"
    odd = next((one for one in counted if one.box is None), None)
    if odd:
        raise UsageError(f"{place}: {shown(odd.photograph)}: a box that counts is not four numbers, {form}")
    xywh_n4 = stack([one.box for one in counted if one.box])
    bad_n = np.array([not _fits(box) for box in xywh_n4], dtype=bool)
    if not bad_n.any():
        return
    at = int(bad_n.argmax())
    example = f"such as [{', '.join(f'{value:g}' for value in xywh_n4[at])}] of {shown(counted[at].photograph)}"
    corners = np.concatenate([xywh_n4[:, :2], xywh_n4[:, 2:] - xywh_n4[:, :2]], axis=1)
    if (xywh_n4[:, 2:] > 1).mean() > 0.5:
        unit = "pixels" if xywh_n4.max() > 100 else "pixels or percent"
        raise UsageError(
            f"{place}: the boxes are in {unit}, {example}, and not {form}; divide x and width by the width of the "
            "photograph, y and height by its height"
        )
    if all(map(_fits, corners)):
        raise UsageError(f"{place}: the boxes look like [x1, y1, x2, y2], {example}, and not {form}")
    centred = np.concatenate([xywh_n4[:, :2] - xywh_n4[:, 2:] / 2, xywh_n4[:, 2:]], axis=1)
    if all(map(_fits, centred)):
        raise UsageError(f"{place}: the boxes look like [centre x, centre y, width, height], {example}, and not {form}")
    raise UsageError(f"{place}: {bad_n.sum()} boxes that count are not {form}, {example}; mend them or leave them out")


def _fits(box_xywh: Boxes) -> bool:
    edges = from_coco(box_xywh)
    return bool(box_xywh[2:].min() >= 0 and -_SLACK <= edges.min() <= edges.max() <= 1 + _SLACK)


def _found(counted: Sequence[_Detection]) -> Found:
    order = sorted(counted, key=lambda one: -one.confidence)
    return Found(
        clip(stack([from_coco(one.box) for one in order if one.box]), _FRAME), [one.confidence for one in order]
    )


def _of_photographs(detections: Detections, matched: Matched) -> str:
    example = next(
        (
            f" ({shown(str(matched.by.of[one]))} as {shown(detections.entries[index].file)})"
            for one, index in matched.index.items()
            if matched.by.of[one] != detections.entries[index].file
        ),
        "",
    )
    return (
        f"{len(matched.index)} of {len(matched.index)} photographs found in the file by their "
        f"{matched.by.what}{example}; {len(detections.entries) - matched.used} others of the file have no part in it"
    )


def _of_boxes(
    counted: Mapping[str, Sequence[_Detection]],
    counts: Counter[str],
    categories: Sequence[str],
    below: int,
    least: float,
) -> str:
    others = [(name, count) for name, count in counts.most_common() if name not in categories]
    named = f" ({', '.join(f'{shown(name)} {count}' for name, count in others)})" if others else ""
    return (
        f"{sum(map(bool, counted.values()))} of {len(counted)} photographs have a box of "
        f"{', '.join(map(shown, categories))}; left out: {sum(count for _, count in others)} boxes of other "
        f"categories{named}, {below} below {least:g}"
    )


def _plain(raw: object) -> str:
    return shown(repr(raw)) if raw is None or isinstance(raw, str | int | float | bool) else f"a {type(raw).__name__}"
