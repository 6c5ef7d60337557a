"""`python -m benchmarks.held_out_look to=DIR`: the demo, validated on the synthetic images most unlike all others.

The default split asks a network for more images of the look that it was trained on. This one asks for another look, as
photographs do, and sees no photograph: of each synthetic image the mean and the deviation of lightness, and the mean of
both colours of CIELAB, all outside the animal's mask; the 15 % that are farthest from the mean of all by Mahalanobis'
distance are on the other side of the split.

Further settings: share=0.15.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks import settings
from datasets import demo
from datasets.prepare import prepare
from datasets.raw.images import luma
from datasets.raw.keys import share as key_share

_RAW = Path(demo.__file__).parent
_PLACES = ("seen", "unseen")  # a seed decides which of two is held out


def look(image: Path, mask: Path) -> NDArray[np.float64]:
    """Lightness, its deviation, and both colours, outside the mask."""
    lab_hw3 = cv2.cvtColor(cv2.imread(str(image)).astype(np.float32) / 255, cv2.COLOR_BGR2LAB)
    lab_n3 = lab_hw3[cv2.imread(str(mask), cv2.IMREAD_GRAYSCALE) == 0].astype(np.float64)
    return np.array([*lab_n3.mean(0), lab_n3[:, 0].std()])


def farthest(looks_nf: NDArray[np.float64], share: float) -> NDArray[np.bool_]:
    """Whether each is among the share that is farthest from the mean of all."""
    centred_nf = looks_nf - looks_nf.mean(0)
    distance_n = np.einsum("nf,fg,ng->n", centred_nf, np.linalg.inv(np.cov(centred_nf.T)), centred_nf)
    return np.asarray(distance_n > np.quantile(distance_n, 1 - share))


def main(given: Mapping[str, str]) -> None:
    to, synthetic = Path(settings.required(given, "to")), _RAW / "synthetic"
    usual = demo.config(to)
    images = [
        path
        for path in sorted((synthetic / "images").glob("*.jpg"))
        if luma(cv2.imread(str(path))[..., ::-1]) >= usual.night.synthetic_luma  # no night, which is left out
    ]
    masks = [synthetic / "masks" / f"{path.stem}.png" for path in images]
    looks_nf = np.stack([look(*pair) for pair in zip(images, masks, strict=True)])
    unseen_n = farthest(looks_nf, float(given.get("share", 0.15)))
    with tempfile.TemporaryDirectory(prefix="ablate-look-") as scratch:
        for pair, unseen in zip(zip(images, masks, strict=True), unseen_n, strict=True):
            for path, kind in zip(pair, ("images", "masks"), strict=True):
                copy = Path(scratch, kind, f"{_PLACES[int(unseen)]}_{path.name}")
                copy.parent.mkdir(exist_ok=True)
                shutil.copyfile(path, copy)
        seed = next(seed for seed in range(100) if key_share(seed, _PLACES[1]) < key_share(seed, _PLACES[0]))
        prepare(usual.model_copy(update={"synthetic": scratch, "place": f"^({'|'.join(_PLACES)})_", "seed": seed}))
    print(f"wrote {to}; {unseen_n.sum()} of {len(images)} images are held out")


if __name__ == "__main__":
    main(settings.given(__doc__))
