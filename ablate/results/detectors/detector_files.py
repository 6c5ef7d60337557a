"""What detectors leave: files in the forms that their makers document, read into one.

- MegaDetector's (https://lila.science/megadetector-output-format), which AddaxAI and PyTorch-Wildlife's
  `save_detection_timelapse_json` write too: `detection_categories` and `images`.
- SpeciesNet's `predictions`, whose boxes are MegaDetector's.
- A COCO list of results. Its boxes are pixels and its categories numbers, so that it needs the COCO JSON that it is of.

A detection stays as it is in the file until somebody asks for it: what is odd about a photograph that is not ours is no
reason to refuse a file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ablate.errors import UsageError
from ablate.results.detectors.path_matching import few, shown
from ablate.storage import json_file
from ablate.storage.json_file import identity, number

_SPECIESNET = {"1": "animal", "2": "human", "3": "vehicle"}  # documented as those of MegaDetector's raw output
_FORMS = "MegaDetector's form (images and detection_categories), SpeciesNet's (predictions) and COCO lists are read"
_NO_SIZE = "annotations= tells no width and height of it, which its boxes need"


@dataclass(frozen=True)
class Entry:
    """What a file says of one photograph.

    Attributes:
        file: its path, as the detector was given it.
        detections: as in the file, each with `category`, `conf` and `bbox` if it is in order; None where there is none.
        failure: why nobody looked at it, if nobody did.
    """

    file: str
    detections: object
    failure: str | None = None

    @property
    def looked_at(self) -> bool:
        """Whether the detector did not fail on it."""
        return not self.failure and self.detections is not None


@dataclass(frozen=True)
class Detections:
    """A whole file.

    Attributes:
        place: what the user typed, for errors.
        detector: what the file says of who made it; empty where it says nothing.
        categories: name by key; two keys may have one name.
        species: what a classifier said of boxes beside their category.
    """

    place: str
    detector: str
    categories: Mapping[str, str]
    entries: Sequence[Entry]
    species: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Annotations:
    """What a COCO Camera Traps JSON says of files: names and sizes by image id, and categories by id, ids as text."""

    place: str
    file_names: Mapping[str, str]
    sizes: Mapping[str, tuple[float, float]]
    categories: Mapping[str, str]


def read(path: Path, annotations: Annotations | None = None) -> Detections:
    """Reads a detector's file.

    Args:
        annotations: those that a COCO list of results is of.

    Raises:
        UsageError: it is of no form that is read; names the form, where it is a known one.
    """
    place = f"boxes={path}"
    document = json_file.read(path, "boxes")
    if isinstance(document, dict) and "images" in document and "detection_categories" in document:
        return _megadetector(place, document)
    if isinstance(document, dict) and isinstance(document.get("predictions"), list):
        return _speciesnet(place, document["predictions"])
    if isinstance(document, list) and document and all(isinstance(row, dict) and "image_id" in row for row in document):
        return _coco_results(place, document, annotations)
    raise UsageError(f"{place}: {_unread(document)}; {_FORMS}")


def read_annotations(path: Path) -> Annotations:
    """Reads what file names need of a COCO Camera Traps JSON.

    Raises:
        UsageError: it is not one.
    """
    place = f"annotations={path}"
    document = json_file.read(path, "annotations")
    tables = {key: document.get(key) if isinstance(document, dict) else None for key in ("images", "categories")}
    images = [image for image in _rows(tables["images"]) if identity(image.get("id"))]
    file_names: dict[str, str] = {}
    for image in images:
        if isinstance(image.get("file_name"), str):
            file_names.setdefault(identity(image["id"]), image["file_name"])  # the first one, as in preparation
    if not file_names:
        raise UsageError(f"{place}: no list of images with id and file_name; give the JSON of datasets.prepare")
    sizes: dict[str, tuple[float, float]] = {}
    for image in images:
        width, height = number(image.get("width")), number(image.get("height"))
        if width and height and min(width, height) > 0:
            sizes.setdefault(identity(image["id"]), (width, height))
    categories = {identity(row.get("id")): str(row.get("name")) for row in _rows(tables["categories"])}
    return Annotations(place, file_names, sizes, categories)


def _megadetector(place: str, document: Mapping[str, Any]) -> Detections:
    categories, images, info = document["detection_categories"], document["images"], document.get("info")
    if not isinstance(categories, dict) or not all(isinstance(name, str) for name in categories.values()):
        raise UsageError(f"{place}: detection_categories does not map keys to names; {_FORMS}")
    entries = [
        Entry(image["file"], image.get("detections"), _failure(image.get("failure")))
        for image in _rows(images)
        if isinstance(image.get("file"), str)
    ]
    _require_entries(place, "images", images, entries)
    detector = info.get("detector") if isinstance(info, dict) else None
    told_species = document.get("classification_categories")
    species = frozenset(map(str, told_species.values())) if isinstance(told_species, dict) else frozenset()
    return Detections(place, detector if isinstance(detector, str) else "", categories, entries, species)


def _speciesnet(place: str, predictions: list[Any]) -> Detections:
    rows = [row for row in _rows(predictions) if isinstance(row.get("filepath"), str)]
    # Without detections its detector failed; its classifier may fail alone, which is nothing to us.
    entries = [Entry(row["filepath"], row.get("detections"), _speciesnet_failure(row.get("failures"))) for row in rows]
    _require_entries(place, "predictions", predictions, entries, "filepath")
    version = next((row["model_version"] for row in rows if isinstance(row.get("model_version"), str)), "")
    return Detections(place, f"SpeciesNet {version}".strip(), _SPECIESNET, entries)


def _coco_results(place: str, rows: list[dict[str, Any]], annotations: Annotations | None) -> Detections:
    if annotations is None:
        raise UsageError(
            f"{place}: a COCO list of results, whose boxes are pixels and whose categories are numbers; type "
            "annotations=FILE, the COCO JSON of the images that it is of"
        )
    # A list has no row where nothing was found; every image that it is of counts as looked at.
    by_image: dict[str, list[object]] = {one: [] for one in annotations.file_names}
    unknown = [image for row in rows if (image := identity(row["image_id"])) not in by_image]
    if unknown:
        raise UsageError(
            f"{place}: {len(unknown)} rows are of an image_id that annotations= does not know: {few(unknown)}; "
            "give the COCO JSON whose image ids these are"
        )
    for row in rows:
        image = identity(row["image_id"])
        by_image[image].append(_fractions(row, annotations.sizes.get(image)))
    entries = [
        Entry(annotations.file_names[image], found, None if image in annotations.sizes or not found else _NO_SIZE)
        for image, found in by_image.items()
    ]
    return Detections(place, "", annotations.categories, entries)


def _fractions(row: Mapping[str, Any], wh: tuple[float, float] | None) -> dict[str, object]:
    """A row of COCO's results as a detection: pixels of an image of size `wh` become fractions of its frame."""
    box = row.get("bbox")
    if wh and isinstance(box, list) and len(box) == 4 and all(number(value) is not None for value in box):
        box = [value / side for value, side in zip(box, (*wh, *wh), strict=True)]
    return {"category": identity(row.get("category_id")), "conf": row.get("score"), "bbox": box}


def _unread(document: object) -> str:
    """What a document is, that is of no form which is read."""
    if isinstance(document, list):
        rows = _rows(document)
        if rows and all({"file", "detections"} <= row.keys() for row in rows):
            return (
                "the list of Microsoft's megadetector command, whose boxes are pixels of a size that it does not tell"
            )
        return "a list, but not of COCO's results, each with image_id, category_id, bbox and score"
    if not isinstance(document, dict):
        return "not a JSON object"
    if any("img_id" in row for row in _rows(document.get("annotations"))):
        return "PyTorch-Wildlife's own form, with boxes in pixels; write the file by save_detection_timelapse_json"
    if {"images", "annotations", "categories"} <= document.keys():
        return "COCO annotations, which say what is there and not what a detector found"
    return f"its keys are {few([*document]) or 'none'}"


def _require_entries(place: str, key: str, rows: object, entries: Sequence[Entry], name: str = "file") -> None:
    if not entries:
        what = f"none of its {len(rows)} {key} has a {name}" if isinstance(rows, list) else f"{key} is not a list"
        raise UsageError(f"{place}: {what}; {_FORMS}")


def _speciesnet_failure(raw: object) -> str | None:
    return "failures: DETECTOR" if isinstance(raw, list) and "DETECTOR" in raw else None


def _failure(raw: object) -> str | None:
    if raw is None or raw == "":
        return None
    return shown(raw) if isinstance(raw, str) else "its failure is not null"


def _rows(raw: object) -> list[dict[str, Any]]:
    """Those of a list that are objects; none where it is no list."""
    return [row for row in raw if isinstance(row, dict)] if isinstance(raw, list) else []
