"""The code that shards follow from."""

from datasets.build import code_digest


def test_what_decides_the_bytes_counts_and_nothing_else():
    counted = set(code_digest.digests())
    assert {"ablate.data.shards", "ablate.metrics.geometry.components", "datasets/options.py"} <= counted
    assert {"datasets/arms/crop.py", "datasets/raw/masks.py", "datasets/translate/contrastive/networks.py"} <= counted
    folders = {name.split("/")[1] for name in counted if name.count("/") > 1}
    assert folders == {"arms", "build", "raw", "translate"}
    assert not counted & {"datasets/compare.py", "datasets/inspect.py"}
