"""Caltech Camera Traps: of its 243,100 photographs (105 GB) those that `datasets.prepare` will look at.

Into the folder: the two annotation files, `images/` with the photographs, `missing.csv` if some cannot be fetched.
"""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pydantic
from rich.console import Console

from ablate import storage
from ablate.errors import UsageError
from ablate.storage import urls
from datasets.download import DownloadConfig
from datasets.download._mirrors import csv_of, fetch_all, fetch_file, is_there
from datasets.download._next_command import prepare
from datasets.options import PrepareConfig
from datasets.raw import candidates
from datasets.raw.camera_traps import Record
from datasets.raw.skipped import PHOTOGRAPH, SelectionLog

_LABELS = "caltech_images_20210113.json"
_LABELS_ZIP = "caltechcameratraps/labels/caltech_camera_traps.json.zip"
_BOXES = "caltech_bboxes_20200316.json"
_BOXES_JSON = f"caltechcameratraps/labels/{_BOXES}"
_LABELS_BYTES, _BOXES_BYTES = 9_000_000, 35_000_000
_PHOTOGRAPHS = "caltech-unzipped/cct_images"
_BYTES_EACH = 105e9 / 243_100
_MISSING = "missing.csv"
_SHARED = ("category", "hours", "locations", "empty_per_location", "seed")  # options that prepare must be given as well


def download(config: DownloadConfig, to: Path) -> int:
    """Fetches the annotations, then the photographs that they select.

    Raises:
        UsageError: a category or location is not in the annotations, nothing is selected, or no mirror answers.
    """
    console = Console()
    images = to / "images"
    images.mkdir(exist_ok=True)
    _fetch_annotations(config, to, console)
    selected = _select(config, to)
    wanted = [record for record in selected if not is_there(record, images)]
    print(
        f"{len(selected):,} photographs, {len(selected) - len(wanted):,} are there already; "
        f"{len(wanted):,} to fetch, about {len(wanted) * _BYTES_EACH / 1e9:.1f} GB",
        flush=True,
    )
    mirrors = [urls.join(mirror, _PHOTOGRAPHS) for mirror in config.mirror]
    missing = fetch_all(wanted, images, mirrors, config.workers, console)
    (to / _MISSING).unlink(missing_ok=True)
    if missing:
        storage.publish(to / _MISSING, csv_of(missing))
        print(f"{len(missing):,} photographs cannot be fetched; the reasons are in {to / _MISSING}")
    print(f"fetched {len(wanted) - len(missing):,} photographs into {images}\nnext: {_next(config, to)}")
    return 1 if missing else 0


def _fetch_annotations(config: DownloadConfig, to: Path, console: Console) -> None:
    if not (to / _LABELS).is_file():
        archive = to / Path(_LABELS_ZIP).name
        fetch_file(_LABELS_ZIP, archive, _require_zip, _LABELS_BYTES, config.mirror, console)
        _unzip(archive, to / _LABELS)
        archive.unlink()
    if not (to / _BOXES).is_file():
        fetch_file(_BOXES_JSON, to / _BOXES, _require_json, _BOXES_BYTES, config.mirror, console)


def _unzip(archive: Path, to: Path) -> None:
    """Takes the one JSON out of an archive, whatever path it has there."""
    with zipfile.ZipFile(archive) as zipped, storage.publishing(to) as partial:
        partial.write_bytes(zipped.read(_json_in(zipped)))


def _json_in(zipped: zipfile.ZipFile) -> str:
    names = [name for name in zipped.namelist() if name.endswith(".json") and not name.startswith("__MACOSX")]
    if len(names) != 1:
        raise ValueError(f"not one JSON in it but {len(names)}")
    return names[0]


def _require_zip(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as zipped:
            if zipped.testzip() is not None:
                raise ValueError("damaged")
            _json_in(zipped)
    except zipfile.BadZipFile as error:
        raise ValueError("not a whole zip archive") from error


def _require_json(path: Path) -> None:
    try:
        json.loads(path.read_bytes())
    except ValueError as error:
        raise ValueError("not a whole JSON file") from error


def _select(config: DownloadConfig, to: Path) -> list[Record]:
    """What `datasets.prepare` will look at, as far as the annotations say; prints what each rule took out."""
    log = SelectionLog()
    left = candidates.candidates(_preparation(config, to), log)
    empty = [record for location in left.empty for record in location[: config.empty_per_location]]
    for kind, reasons in log.counts().items():
        if kind.startswith(PHOTOGRAPH):
            print("\n".join([kind, *(f"  {count:>7,}  {reason}" for reason, count in reasons.items())]))
    for remark in log.remarks:
        print(remark)
    more = sum(map(len, left.empty)) - len(empty)
    print(f"left by the rules: {len(left.test):,} with {', '.join(config.category)}, {len(empty):,} empty", end=" ")
    print(f"(of {more + len(empty):,}; {config.empty_per_location} a location)")
    return [*left.test, *empty]


def _preparation(config: DownloadConfig, to: Path) -> PrepareConfig:
    shared = {field: getattr(config, field) for field in _SHARED}
    annotations = (str(to / _LABELS), str(to / _BOXES))
    try:
        return PrepareConfig(
            synthetic="SYNTHETIC", photos=str(to / "images"), annotations=annotations, to="DATA", **shared
        )
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        raise UsageError(f"{first['loc'][0]}={first['input']}: {first['msg']}") from error


def _next(config: DownloadConfig, to: Path) -> str:
    """The command that makes shards of what was fetched."""
    prepared = _preparation(config, to)
    changed = [field for field in _SHARED if getattr(prepared, field) != PrepareConfig.model_fields[field].default]
    return prepare(
        {field: getattr(prepared, field) for field in ("synthetic", "photos", "annotations", "to", *changed)}
    )
