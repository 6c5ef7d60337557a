"""The folder of rendered pictures, which grows picture by picture and can be continued after any end.

    images/NAME.jpg  masks/NAME.png  amodal/NAME.png  depth/NAME.png
    render.json         what the pictures follow from: the request, the renderer's code and versions
    scenes.parquet      a row per picture; it and annotations.json are there when all pictures are
    annotations.json    the pictures' labels as COCO Camera Traps JSON
    .records/000012.json   of picture 12, its row and the sizes of its files: written after them, it makes it finished

Every file appears under its name when it is whole. What a killed command left of a picture without a record is removed
by the next one. The records stay, so that a finished folder can be continued with a larger n.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.parquet

from ablate.errors import UsageError
from ablate.storage import publish, publishing
from ablate.storage.locks import Lock
from datasets.build import writers
from datasets.render import request_options, scene_rows
from datasets.render.provenance import Provenance, difference
from datasets.render.scene_rows import Row

if TYPE_CHECKING:
    from datasets.render.pictures import Rendered

IMAGES, MASKS = "images", "masks"
REQUEST, SCENES, ANNOTATIONS = "render.json", "scenes.parquet", "annotations.json"
_EXTRAS = ("amodal", "depth")
_RECORDS = ".records"
_OWNED, _WORKED = "owned", "worked"  # locks: of the one command that renders here, of all its processes that write


@contextlib.contextmanager
def opened(to: Path, provenance: Provenance, n: int, wait: bool = False) -> Iterator[dict[int, Row]]:
    """Holds a folder as one in which `n` pictures are rendered; gives the rows of those that are finished, by number.

    Args:
        wait: for another command that renders there, instead of refusing.

    Raises:
        UsageError: the folder holds something else, pictures of another request, or more than `n` pictures, or another
            command renders there.
        OSError: it cannot be written; names the file.
    """
    _require_ours(to)
    with Lock(to / _RECORDS / _OWNED, writers.ELSEWHERE) as lock:
        if not lock.exclusive(wait=wait):
            raise UsageError(f"to={to}: another datasets.render is writing it; wait for it, or give another to=")
        writers.await_writers(to / _RECORDS / _WORKED)
        # Asked before the records are read: other code's may not be understood, and would be removed as broken ones.
        if count(to) and (why := _difference(to, provenance)):
            raise UsageError(f"to={to}: {why}")
        rows = _finished(to)
        if max(rows, default=0) >= n:
            raise UsageError(
                f"n={n}: {to} holds picture {max(rows)} already, counted from 0, and nothing is removed; "
                f"type n={max(rows) + 1} or more, or give another to="
            )
        _remove_leftovers(to, rows)
        publish(to / REQUEST, f"{json.dumps(provenance, indent=1)}\n".encode())
        if len(rows) < n:
            for name in (SCENES, ANNOTATIONS):
                (to / name).unlink(missing_ok=True)
        yield rows


def working(to: Path) -> contextlib.AbstractContextManager[None]:
    """Holds a folder as one that is written to."""
    return writers.writing(to / _RECORDS / _WORKED)


def add(to: Path, rendered: Rendered) -> Row:
    """Writes a picture's files and then its record; gives its row, as it will be read again.

    Raises:
        OSError: the folder cannot be written; names the file.
    """
    row = scene_rows.checked(rendered.row)
    name = rendered.name
    files = {f"{kind}/{name}.png": content for kind, content in sorted(rendered.extras.items())}
    # The image last: wherever there is one its mask is there too, even while this goes on.
    files |= {f"{MASKS}/{name}.png": rendered.mask, f"{IMAGES}/{name}.jpg": rendered.image}
    for path, content in files.items():
        publish(to / path, content)
    record = {"row": row, "sizes": {path: len(content) for path, content in files.items()}}
    publish(_record(to, row["number"]), json.dumps(record).encode())
    return row


def finish(to: Path, rows: Sequence[Row], annotations: bytes) -> None:
    """Writes what tells of all pictures."""
    publish(to / ANNOTATIONS, annotations)
    with publishing(to / SCENES) as partial:
        pyarrow.parquet.write_table(scene_rows.table(rows), partial, compression="zstd")


def count(to: Path) -> int:
    """How many pictures have a record; while others are still being rendered, so many are finished."""
    return sum(1 for _ in (to / _RECORDS).glob("[0-9]*.json"))


def _require_ours(to: Path) -> None:
    """Raises a `UsageError` unless the folder is absent, empty, or one in which `opened` was at work."""
    if to.exists() and not to.is_dir():
        raise UsageError(f"to={to}: a file is there; give a folder")
    if to.is_dir() and any(to.iterdir()) and not (to / _RECORDS).is_dir():
        raise UsageError(
            f"to={to}: the folder is neither empty nor one of datasets.render (no {_RECORDS}); give another one"
        )


def _difference(to: Path, provenance: Provenance) -> str | None:
    try:
        found = json.loads((to / REQUEST).read_bytes())
        there: Provenance = {"request": dict(found["request"]), "versions": dict(found["versions"])}
    except (FileNotFoundError, ValueError, TypeError, KeyError):
        return f"its {REQUEST}, which tells what its pictures follow from, is missing or broken; give another to="
    return difference(there, provenance)


def _finished(to: Path) -> dict[int, Row]:
    """The rows of the pictures that have a record and whose files are as large as it tells."""
    rows: dict[int, Row] = {}
    for path in sorted((to / _RECORDS).glob("[0-9]*.json")):
        with contextlib.suppress(ValueError, KeyError, TypeError, AttributeError):  # a broken one: not finished
            record = json.loads(path.read_bytes())
            row = scene_rows.checked(record["row"])
            if all(_has_size(to / name, size) for name, size in record["sizes"].items()):
                rows[row["number"]] = row
    return rows


def _has_size(path: Path, size: int) -> bool:
    try:
        return path.stat().st_size == size
    except FileNotFoundError:
        return False


def _remove_leftovers(to: Path, rows: Mapping[int, Row]) -> None:
    """Removes partial files, and files and records of pictures that are not finished."""
    names = {row["name"] for row in rows.values()}
    picture = re.compile(rf"({'|'.join(request_options.biomes())})_\d{{5,}}_\d+\.(jpg|png)")
    for folder in (to, *(to / name for name in (_RECORDS, IMAGES, MASKS, *_EXTRAS))):
        for path in folder.glob(".*.partial"):
            path.unlink(missing_ok=True)
    for path in (to / _RECORDS).glob("[0-9]*.json"):
        if int(path.stem) not in rows:
            path.unlink()
    for path in (path for kind in (IMAGES, MASKS, *_EXTRAS) for path in (to / kind).glob("*")):
        if picture.fullmatch(path.name) and path.stem not in names:
            path.unlink()


def _record(to: Path, number: int) -> Path:
    return to / _RECORDS / f"{number:06d}.json"
