"""CCT-20: 57,864 photographs of 20 locations of Caltech Camera Traps, made small, with a box for each animal (6.5 GB).

Beery et al., Recognition in Terra Incognita, ECCV 2018. Only two of the paper's 26 locations are among them.
"""

from __future__ import annotations

import os
import shutil
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from ablate import storage
from ablate.errors import UsageError
from datasets.download import DownloadConfig
from datasets.download._mirrors import fetch_file
from datasets.download._next_command import prepare

_ANNOTATIONS, _PHOTOGRAPHS = "eccv_18_annotation_files", "eccv_18_all_images_sm"


@dataclass(frozen=True)
class Archive:
    """A packed folder: its path on a mirror, and the folder in it."""

    path: str
    folder: str
    size: int
    md5: str


ARCHIVES = (
    Archive(
        "caltechcameratraps/eccv_18_annotations.tar.gz", _ANNOTATIONS, 2_997_071, "66a1f481b44aa1edadf75c9cfbd27aba"
    ),
    Archive(
        "caltechcameratraps/eccv_18_all_images_sm.tar.gz",
        _PHOTOGRAPHS,
        6_492_615_601,
        "8143c17aa2a12872b66f284ff211531f",
    ),
)


def download(config: DownloadConfig, to: Path, archives: Sequence[Archive] = ARCHIVES) -> int:
    """Fetches the two archives and unpacks them; a folder that is there is left alone.

    Raises:
        UsageError: no mirror has an archive, or it does not hold what it should.
    """
    console = Console()
    for archive in archives:
        if (to / archive.folder).is_dir():
            print(f"{to / archive.folder} is there already", flush=True)
            continue
        packed = to / Path(archive.path).name
        if not _is_whole(packed, archive):
            check = storage.md5_is(archive.md5)
            fetch_file(archive.path, packed, check, archive.size, config.mirror, console)
        print(f"unpacking {packed.name}", flush=True)
        _unpack(packed, archive.folder, to)
        packed.unlink()
    annotations = tuple(str(path) for path in sorted((to / _ANNOTATIONS).glob("*.json")))
    options = {"synthetic": "SYNTHETIC", "photos": to / _PHOTOGRAPHS, "annotations": annotations, "to": "DATA"}
    print(f"next: {prepare(options)}")
    return 0


def _is_whole(packed: Path, archive: Archive) -> bool:
    try:
        storage.md5_is(archive.md5)(packed)
    except (FileNotFoundError, ValueError):
        return False
    return True


def _unpack(packed: Path, folder: str, to: Path) -> None:
    """Unpacks beside the final name, and gives it when all is there."""
    scratch = to / f".{folder}.partial"
    shutil.rmtree(scratch, ignore_errors=True)  # of an attempt that was killed
    try:
        with tarfile.open(packed) as tar:
            tar.extractall(scratch, filter="data")  # nothing outside, no links out, no devices
        os.sync()
        (scratch / folder).rename(to / folder)
    except tarfile.TarError as error:
        raise UsageError(f"{packed}: not unpacked: {error}; delete it and repeat the command") from error
    except OSError as error:
        error.filename = error.filename or str(scratch)  # a full disk does not say which file it was
        raise
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
