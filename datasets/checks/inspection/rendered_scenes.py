"""What `datasets.render` wrote about its pictures (`scenes.parquet`): the biome, and how much of an animal is seen."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from ablate.errors import UsageError, plain
from ablate.results.scene_table import read_scenes

_COLUMNS = ("name", "biome", "visible_share")


@dataclass(frozen=True)
class Scene:
    """One rendered picture.

    Attributes:
        visible: of the animal with the largest box, the share that nothing hides, in [0, 1]; None: no animal.
    """

    biome: str
    visible: float | None


def read(place: str) -> dict[str, Scene]:
    """The scenes of a `scenes.parquet`, by the names of their pictures.

    Raises:
        UsageError: there is no such file, or it is not one that `datasets.render` wrote.
    """
    found = read_scenes(place)
    missing = [name for name in _COLUMNS if name not in found.column_names]
    if missing:
        raise UsageError(
            f"scenes={place}: it has no column {missing[0]}; give a scenes.parquet that datasets.render wrote"
        )
    scenes = {}
    for row in found.select(_COLUMNS).to_pylist():
        visible = row["visible_share"]
        if visible is not None and not _is_share(visible):
            raise UsageError(
                f"scenes={place}: visible_share of {plain(str(row['name']))} is {plain(repr(visible))}, not a number "
                "from 0 to 1; give a scenes.parquet that datasets.render wrote"
            )
        scenes[str(row["name"])] = Scene(str(row["biome"]), visible)
    return scenes


def require_match(place: str, scenes: Mapping[str, Scene], sources: Collection[str]) -> None:
    """Raises a UsageError where a list of scenes tells of none of the source images."""
    if not scenes.keys() & set(sources):
        first = plain(min(scenes, default="none"))
        raise UsageError(
            f"scenes={place}: none of its {len(scenes):,} pictures (first {first}) is one of this data (first "
            f"{plain(min(sources, default='none'))}); give the file beside the images that the data was prepared from"
        )


def _is_share(told: object) -> bool:
    return isinstance(told, int | float) and not isinstance(told, bool) and 0 <= told <= 1
