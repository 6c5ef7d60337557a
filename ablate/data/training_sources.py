"""Which of an arm's images are trained on: those of some source images, chosen by name and number.

All samples of a source image follow it, in every arm: crops as well as whole images. The validation split is never
chosen from, so that the validation IoU of trials that train on other images can be compared.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from ablate.config import TrialConfig
from ablate.data import shards
from ablate.data.root import Data
from ablate.errors import UsageError

if TYPE_CHECKING:
    from ablate.data.arrays import Pictures  # torch: planning, which asks what there is to choose from, needs none

_WORDS = re.compile(r"[\w/|-]*")
_EXAMPLES = 3  # names in an error


def chosen(pictures: Pictures, config: TrialConfig) -> Pictures:
    """The pictures that a configuration's `train_names` and `train_images` leave of a training split.

    Smaller numbers are parts of larger ones; which of the arm's source images are among them depends on their names
    alone.

    Raises:
        UsageError: no source image has such a name, or there are fewer than `train_images`.
    """
    if not _chooses(config):
        return pictures
    found = _matching((str(meta["source"]) for meta in pictures.meta_n), config)
    if config.train_names:
        pictures = pictures.at([i for i, meta in enumerate(pictures.meta_n) if str(meta["source"]) in found])
    return pictures.part(config.train_images / len(found)) if config.train_images else pictures


def require(data: Data, configs: Iterable[TrialConfig]) -> None:
    """Raises a `UsageError` where configurations choose from images of which there are none, or too few.

    It reads the names of the arms' images from the shards, once for each arm, if anything is chosen at all.
    """
    sources: dict[str, set[str]] = {}
    for config in configs:
        if _chooses(config):
            for arm in data.manifest.joined(config.arm):
                sources[arm] = sources[arm] if arm in sources else _sources(data, arm)
            _matching((name for arm in data.manifest.joined(config.arm) for name in sources[arm]), config)


def _chooses(config: TrialConfig) -> bool:
    return bool(config.train_names or config.train_images)


def _sources(data: Data, arm: str) -> set[str]:
    """The names of an arm's source images for training."""
    try:
        with data.shards(arm) as root:
            return {str(sample.meta["source"]) for sample in shards.read(root, data.manifest, arm, "train")}
    except ValueError as error:
        raise UsageError(f"data={data.place}: {error}") from error


def _matching(sources: Iterable[str], config: TrialConfig) -> set[str]:
    """The source images that have a wanted name; as many as are wanted, at least."""
    every, names = {*sources}, config.train_names
    # Of plain words each must be found: `forest|arid` where nothing is arid would pass for what it is not.
    for part in names.split("|") if _WORDS.fullmatch(names) else [names]:
        if not any(map(re.compile(part).match, every)):
            raise UsageError(
                f"trial.train_names={names}: none of the {len(every)} source images of the arm {config.arm} has a "
                f"name that begins with {part}; they are named {', '.join(sorted(every)[:_EXAMPLES])}, ..."
            )
    found = {name for name in every if re.match(names, name)}
    if len(found) < config.train_images:
        which = f" with trial.train_names={config.train_names}" if config.train_names else ""
        raise UsageError(
            f"trial.train_images={config.train_images}: the arm {config.arm} has {len(found)} source images for "
            f'training{which}; give at most {len(found)}, or leave it out: where="train_images!={config.train_images}"'
        )
    return found
