"""`python -m benchmarks.components [size=480] [rounds=5] [seconds=0.5]`: finding the components of a mask.

Of what a network finds (a few blobs) and of the worst that it can find (noise), one thread: as the scoring does it,
OpenCV by itself with each of its algorithms, SciPy, scikit-image and kornia-rs. All number the components and count
their pixels; the scoring and OpenCV also say where they are. `exact` says whether the components are OpenCV's, and
whether their numbers are too. kornia-rs takes as many threads as it likes: compare it by CPU time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ablate.metrics.geometry.components import components
from benchmarks import alternate, machine, settings

Mask = NDArray[np.uint8]
Labels = NDArray[np.uint16 | np.int32]
Label = Callable[[Mask], tuple[Labels, NDArray[np.int64]]]

REFERENCE, PRODUCT = "cv2, with statistics", "ablate"
_ALGORITHMS = ("SAUF", "BBDT", "SPAGHETTI")  # the others are other names of these


def masks(size: int, count: int = 8) -> dict[str, list[Mask]]:
    """Masks of both kinds, 0 or 1."""
    rng = np.random.default_rng(0)
    found: dict[str, list[Mask]] = {"blobs": [], "noise": []}
    for _ in range(count):
        smooth = cv2.GaussianBlur(rng.standard_normal((size, size)), (0, 0), max(1.0, size / 24))
        found["blobs"].append((smooth > np.quantile(smooth, 0.85)).astype(np.uint8))
        found["noise"].append((rng.random((size, size)) < 0.3).astype(np.uint8))
    return found


def contenders() -> tuple[dict[str, Label], list[str]]:
    """By name what gives labels_hw and areas_n, background first; and the libraries that are not installed."""
    found: dict[str, Label] = {REFERENCE: _cv2(), PRODUCT: _product}
    found |= {f"cv2, {name}": _cv2(getattr(cv2, f"CCL_{name}")) for name in _ALGORITHMS}
    missing = []
    for name, build in (("scipy", _scipy), ("scikit-image", _skimage), ("kornia-rs", _kornia_rs)):
        try:
            found[name] = build()
        except ImportError:
            missing.append(name)
    return found, missing


def _product(mask: Mask) -> tuple[Labels, NDArray[np.int64]]:
    found = components(mask.view(np.bool_))
    areas = np.zeros(len(found) + 1, dtype=np.int64)
    areas[found.label_n] = found.areas_n
    areas[0] = mask.size - areas.sum()
    return found.labels_hw, areas


def _cv2(algorithm: int | None = None) -> Label:
    def label(mask: Mask) -> tuple[Labels, NDArray[np.int64]]:
        if algorithm is None:
            _, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8, ltype=cv2.CV_32S)
        else:
            _, labels, stats, _ = cv2.connectedComponentsWithStatsWithAlgorithm(mask, 8, cv2.CV_32S, algorithm)
        return labels, stats[:, cv2.CC_STAT_AREA]

    return label


def _scipy() -> Label:
    from scipy import ndimage

    return lambda mask: _counted(ndimage.label(mask, structure=np.ones((3, 3)))[0])


def _skimage() -> Label:
    from skimage import measure

    return lambda mask: _counted(measure.label(mask, connectivity=2))


def _kornia_rs() -> Label:
    from kornia_rs import imgproc

    return lambda mask: _counted(imgproc.connected_components(mask[..., None], connectivity=8)[1].reshape(mask.shape))


def _counted(labels: Labels) -> tuple[Labels, NDArray[np.int64]]:
    return labels, np.bincount(labels.ravel())


def exactness(label: Label, reference: Label, examples: list[Mask]) -> str:
    """How far components and their numbers are those of a reference, over all examples."""
    same_numbers = True
    for mask in examples:
        (labels, areas), (expected, expected_areas) = label(mask), reference(mask)
        pairs = np.unique(labels.astype(np.int64) * len(expected_areas) + expected)
        if not len(pairs) == len(areas) == len(expected_areas):
            return "other components"
        same_numbers &= np.array_equal(labels, expected) and np.array_equal(areas, expected_areas)
    return "numbers too" if same_numbers else "components"


def main(given: Mapping[str, str]) -> None:
    size, rounds, seconds = (int(given.get("size", 480)), int(given.get("rounds", 5)), float(given.get("seconds", 0.5)))
    before = machine.describe()
    cv2.setNumThreads(1)
    labels, missing = contenders()
    found: dict[str, object] = {"size": size, "not_installed": missing}
    for kind, examples in masks(size).items():

        def all_of(label: Label, examples: list[Mask] = examples) -> float:
            for mask in examples:
                label(mask)
            return len(examples)

        works = {name: lambda label=label: all_of(label) for name, label in labels.items()}
        figures = alternate.race(works, REFERENCE, rounds, seconds)
        exact = {name: exactness(label, labels[REFERENCE], examples) for name, label in labels.items()}
        found[kind] = {name: one | {"exact": exact[name]} for name, one in figures.items()}
        counts = [len(labels[REFERENCE](mask)[1]) - 1 for mask in examples]
        alternate.print_table(f"{kind}, {size} px, {np.mean(counts):.0f} components", figures, "masks")
        print("as in cv2: " + ", ".join(f"{name}: {what}" for name, what in exact.items()) + "\n")
    if missing:
        print(f"not installed: {', '.join(missing)}")
    machine.save(Path(given.get("to", Path(__file__).parent / "results" / "components.json")), before, found)


if __name__ == "__main__":
    main(settings.given(__doc__))
