import numpy as np

from ablate.metrics.geometry import rle


def test_masks_come_back_unchanged():
    rng = np.random.default_rng(0)
    for _ in range(500):
        mask = rng.random(rng.integers(1, 30, size=2)) < rng.uniform(0, 1)
        assert np.array_equal(rle.decode(rle.encode(mask)), mask)


def test_the_text_is_what_its_description_says():
    mask = np.array([[0, 1, 1], [1, 0, 0]], dtype=bool)
    assert rle.encode(mask) == "2x3:1,3,2"
    assert rle.encode(~mask) == "2x3:0,1,3,2"
