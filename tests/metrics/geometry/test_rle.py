import json

import numpy as np
import pytest

from ablate.metrics.geometry import rle

MASK = np.array([[0, 1, 1], [1, 0, 0]], dtype=bool)


def test_masks_come_back_unchanged():
    rng = np.random.default_rng(0)
    for _ in range(500):
        mask = rng.random(rng.integers(1, 30, size=2)) < rng.uniform(0, 1)
        assert np.array_equal(rle.decode(rle.encode(mask)), mask)


@pytest.mark.parametrize(
    ("mask", "counts"),
    [(MASK, "121O0"), (~MASK, "0120O0"), (np.zeros((2, 3), dtype=bool), "6"), (np.ones((40, 30), dtype=bool), "0`U1")],
)
def test_the_text_is_json_of_the_size_and_of_cocos_counts(mask, counts):
    assert json.loads(rle.encode(mask)) == {"size": [*mask.shape], "counts": counts}


@pytest.mark.parametrize(("text", "mask"), [("2x3:1,3,2", MASK), ("2x3:0,1,3,2", ~MASK)])
def test_the_text_of_older_results_is_still_read(text, mask):
    assert np.array_equal(rle.decode(text), mask)
