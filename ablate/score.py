"""`python -m ablate.score boxes=FILE.json`: a detector's boxes on the same photographs, as one more row of every table.

A reference to compare trained networks with. The detector is not run here: its file is only measured.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import pydantic
from pydantic import Field

from ablate import storage
from ablate.cli import run_command
from ablate.data import shards
from ablate.data.arrays import Photograph
from ablate.data.manifest import REAL
from ablate.data.root import Data
from ablate.errors import UsageError
from ablate.metrics import Prediction, Truth
from ablate.results import mirror
from ablate.results.detectors.detections import Found, found_on
from ablate.results.detectors.detector_files import Detections, read, read_annotations
from ablate.results.detectors.path_matching import parts, shown
from ablate.results.writer import withdraw, write_rows
from ablate.runner.preflight import data_root
from ablate.stats.collector import collect
from ablate.storage import urls
from ablate.training.evaluate import known, measured

_MEGADETECTOR = re.compile(r"mega|^md[_v]|^speciesnet", re.IGNORECASE)  # whose boxes are MegaDetector's
_RESERVED_NAMES = frozenset({"whole image", "best constant box"})  # of `ablate.report`, which knows results alone
_SEEN = {"yes": "has seen these photographs", "no": "has not seen these photographs"}
_SEEN |= {"unknown": "may have seen these photographs"}


class ScoreConfig(pydantic.BaseModel):
    """Score a detector's boxes on the photographs that the networks are scored on."""

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

    boxes: Annotated[
        str, Field(description="JSON of MegaDetector, AddaxAI, SpeciesNet or COCO results, of all photographs of data=")
    ]
    data: Annotated[str, Field(description="name, folder or URL of the data that holds the photographs")] = "demo"
    out: Annotated[str, Field(description="folder of the results")] = "results"
    name: Annotated[str | None, Field(description="of the detector, in tables; none: as the file says")] = None
    category: Annotated[
        tuple[str, ...], Field(description="of the file, that count; none: animal, where the file tells no species")
    ] = ()
    min_confidence: Annotated[float, Field(ge=0, le=1, description="of a box, to count")] = 0.2
    annotations: Annotated[
        str | None,
        Field(description="COCO JSON of the photographs, where data= does not tell the names of their files"),
    ] = None
    seen: Annotated[
        Literal["yes", "no", "unknown"] | None,
        Field(description="whether the detector was trained on these photographs; none: yes for MegaDetector"),
    ] = None


def main(config: ScoreConfig) -> int:
    """Writes the rows and says how it went."""
    with mirror.writable(config.out) as out:
        return _score(config, out)


def _score(config: ScoreConfig, out: Path) -> int:
    path = storage.local(config.boxes, "boxes")
    annotations = (
        None if config.annotations is None else read_annotations(storage.local(config.annotations, "annotations"))
    )
    detections = read(path, annotations)
    name = _name(config, detections, path)
    data = data_root(config.data)
    photographs = {photograph.meta["image_id"]: photograph for photograph in _photographs(data)}
    files = {
        image_id: photograph.meta.get("file_name") for image_id, photograph in photographs.items()
    }  # not in old data
    named = None if annotations is None else annotations.file_names
    matched = found_on(detections, files, config.category, config.min_confidence, named)
    about = _about(config, matched.categories, path, name, data)
    rows = [about | row(photographs[image_id], matched.found[image_id]) for image_id in photographs]
    reference = _reference(config, matched.categories, (name, _name_in_file(detections)))
    commit(out, about, rows, reference, data.manifest.photographs().digest)
    for line in (*matched.notes, f"{name}: {len(rows)} photographs scored"):
        print(line)
    print(f"python -m ablate.report out={urls.without_credentials(config.out)} shows it beside the networks")
    return 0


def row(photograph: Photograph, found: Found) -> dict[str, Any]:
    """The columns of `images` for one photograph, but those that say whose they are.

    The most confident box stands where a network's largest segment does.
    """
    boxes_n4 = found.on(photograph.wh)
    prediction = Prediction.of_boxes(boxes_n4, found.confidence_n[0] if len(boxes_n4) else None)
    return known(photograph) | measured(prediction, Truth(photograph.boxes_n4, photograph.wh))


def commit(out: Path, about: Mapping[str, Any], rows: list[dict[str, Any]], reference: str, photos_digest: str) -> None:
    """Publishes the rows as those of a trial that was not trained here."""
    trial = str(about["trial"])
    withdraw(out, trial)
    write_rows(out, "images", trial, rows)
    mark = dict(about) | {"name": about["model"], "status": "done", "reference": reference}
    mark |= {"photos_digest": photos_digest, "started_at": datetime.datetime.now(datetime.UTC)}
    write_rows(out, "trials", trial, [mark])
    collect(out)


def _photographs(data: Data) -> Iterator[Photograph]:
    data.manifest.photographs()  # says so where there are none
    data.verify([REAL], print)
    with data.shards(REAL) as folder:
        for split in shards.splits(REAL):
            for sample in shards.read(folder, data.manifest, REAL, split):
                yield Photograph(sample.meta)


def _name(config: ScoreConfig, detections: Detections, path: Path) -> str:
    """What the detector is called in tables: as the user says, else as the file does, else as the file is called."""
    name = (config.name if config.name is not None else _name_in_file(detections) or path.stem).strip()
    if not re.fullmatch(r"[\w.+ -]+", name):
        raise UsageError(
            f"name={shown(name)}: letters, digits, spaces and . _ + - are allowed; give another with name="
        )
    if name.casefold() in _RESERVED_NAMES:
        raise UsageError(f"name={name}: every table has a row of that name; give another with name=")
    return name


def _name_in_file(detections: Detections) -> str:
    return "".join(parts(detections.detector)[-1:]).removesuffix(".pt")


def _about(config: ScoreConfig, categories: Sequence[str], path: Path, name: str, data: Data) -> dict[str, Any]:
    """Whose rows they are. The id is of everything that decides them, so that the same command replaces its own."""
    category = categories[0] if len(categories) == 1 else [*categories]  # one: as when there could be but one
    decides = [storage.sha256(path), name, category, config.min_confidence]
    decides.append(data.manifest.photographs().digest)
    key = hashlib.sha256(json.dumps(decides).encode()).hexdigest()[:16]
    return {"trial": f"d{key}", "model": name, "arm": "none", "augment": "none", "seed": 0}


def _reference(config: ScoreConfig, categories: Sequence[str], names: Sequence[str]) -> str:
    seen = config.seen or ("yes" if any(map(_MEGADETECTOR.search, names)) else "unknown")
    counted = ", ".join(map(shown, categories))
    return f"boxes of at least {config.min_confidence:g} confidence, category {counted}; {_SEEN[seen]}"


if __name__ == "__main__":
    run_command(ScoreConfig, main)
