"""The arms: ways to make samples of the synthetic images. One file each; name = module.

A file in here (or a `.py` file given by its path) defines

    def samples(source: Source, config: PrepareConfig, fitted: object) -> Iterator[Sample]

and, where the arm needs to learn from the photographs first, or the manifest should tell more than the configuration,

    def fit(material: Material, config: PrepareConfig) -> object
    def parameters(material: Material, config: PrepareConfig, fitted: object, keys: Sequence[str]) -> dict[str, object]
    TRANSLATES = True                                        where `translator=` has a part in it (default: no)

`fit` is called once; what it returns is pickled, reaches every worker and is handed to `samples` (None without `fit`);
`keys` are those of the samples that were written. A sample's bytes depend on its source, the configuration and
its own key, never on the order or on the number of workers. It goes where its source image goes, to train or val, so
that one picture is never on both sides, in any arm. Its JSON is made by `training_meta`; where `place=` was given, the
place of its source is added to it. The arm `real` is the test set; it is made of the photographs
(`datasets.arms.real`). A translator's name is an arm too: the crops that it translated
(`datasets.build.requested_arms`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ablate.metrics.geometry.boxes import Boxes
from datasets.translate import Photos
from datasets.translate.domains.style import Style

PACKAGE = __name__
Window = tuple[int, int, int, int]


@dataclass(frozen=True)
class Material:
    """What an arm may learn from.

    Attributes:
        style: the photographs whose style is wanted.
        crops: those of the training split; none where the arm's translator does not say that it looks at them.
        crops_digest: of their content.
        folder: the arm's own, for what must outlive a command that is killed
            (see `datasets.translate.domains.training_folder`); None: nowhere.
        report: takes lines for the user.
    """

    style: Style
    crops: Photos = ()
    crops_digest: str = ""
    folder: Path | None = None
    report: Callable[[str], None] = print


def training_meta(source: str, boxes_n4: Boxes, window: Window | None, translator: str | None) -> dict[str, Any]:
    """The JSON of a training sample.

    Args:
        source: name of the synthetic image.
        boxes_n4: of the components of the sample's own mask, the largest first.
        window: xyxy in the source's pixels, half-open, beyond its frame where the sample is padded; None: all of it.
        translator: what gave the sample its look, as name@parameters, with #digest where it was learned; None: nothing.
    """
    return {
        "source": source,
        "window": None if window is None else list(window),
        "boxes": boxes_n4.astype(int).tolist(),
        "translator": translator,
    }
