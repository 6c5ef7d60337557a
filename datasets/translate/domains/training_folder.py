"""Where a training keeps its state while a data root is built, and what of it stays for the user to look at.

.NAME.building/training/ARM/[LOCATION/]state-DIGEST/    outlives a command that is killed; gone with publication
NAME.translation/ARM/[LOCATION/]                        the pictures and texts of it, beside the data root
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterable
from pathlib import Path

TRAININGS = "training"
_STATE = "state-"
_SHOWN = frozenset({".jpg", ".jpeg", ".png", ".json", ".csv", ".txt", ".md"})


def state_folder(folder: Path, follows_from: Iterable[str]) -> Path:
    """A folder below `folder` for the training that follows from this alone; that of another training is removed."""
    digest = hashlib.sha256("\n".join(follows_from).encode()).hexdigest()
    own = folder / f"{_STATE}{digest[:12]}"
    for other in folder.glob(f"{_STATE}*"):
        if other != own:
            shutil.rmtree(other)
    own.mkdir(parents=True, exist_ok=True)
    return own


def keep_pictures(building: Path, to: Path, titles: Iterable[str]) -> list[Path]:
    """Copies pictures and texts of some arms' trainings to beside `to`; gives the folders, which replace older ones."""
    kept = []
    for title in titles:
        learned = building / TRAININGS / title
        shown = sorted(path for path in learned.rglob("*") if path.suffix.lower() in _SHOWN and path.is_file())
        target = to.with_name(f"{to.name}.translation") / title
        if not shown:
            continue
        shutil.rmtree(target, ignore_errors=True)
        for path in shown:
            parts = [part for part in path.relative_to(learned).parts if not part.startswith(_STATE)]
            target.joinpath(*parts).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target.joinpath(*parts))
        kept.append(target)
    return kept
