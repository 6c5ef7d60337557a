import cv2
import numpy as np
import pytest
import scipy.ndimage

from ablate.metrics.geometry.components import components


def random_masks(count, seed):
    rng = np.random.default_rng(seed)
    for _ in range(count):
        height, width = rng.integers(1, 40, size=2)
        yield rng.random((height, width)) < rng.uniform(0.02, 0.9)


def test_components_equal_those_of_opencv():
    for mask in random_masks(3000, seed=0):
        count, _, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
        found = components(mask)
        expected = {(x, y, x + w, y + h, area) for x, y, w, h, area in stats[1:].tolist()}
        assert len(found) == count - 1
        assert {(*box, area) for box, area in zip(found.boxes_n4.tolist(), found.areas_n, strict=True)} == expected


def test_components_equal_those_of_scipy_in_order_too():
    for mask in random_masks(3000, seed=1):
        labels, count = scipy.ndimage.label(mask, structure=np.ones((3, 3)))  # numbered in raster order
        regions = []
        for label in range(1, count + 1):
            ys, xs = np.nonzero(labels == label)
            regions.append((-len(xs), label, [xs.min(), ys.min(), xs.max() + 1, ys.max() + 1]))
        regions.sort()
        found = components(mask)
        pixels = np.arange(mask.size, dtype=np.float32).reshape(mask.shape)
        assert found.boxes_n4.tolist() == [box for _, _, box in regions]
        assert found.areas_n.tolist() == [-area for area, _, _ in regions]
        for index, (_, label, _) in enumerate(regions):
            assert np.array_equal(found.values(pixels, index), pixels[labels == label])


def test_equal_components_are_ordered_by_their_first_pixel():
    mask = np.zeros((5, 9), dtype=bool)
    mask[3:5, 0] = mask[0:2, 8] = mask[2:4, 4] = True
    assert components(mask).boxes_n4[:, 0].tolist() == [8, 4, 0]


def test_an_empty_mask_has_no_components():
    found = components(np.zeros((4, 4), dtype=bool))
    assert len(found) == 0
    assert found.boxes_n4.shape == (0, 4)


@pytest.mark.parametrize("side", [510, 512])  # from 512 on, sixteen bits cannot count them
def test_each_block_of_two_by_two_pixels_may_be_a_component(side):
    mask = np.zeros((side, side), dtype=bool)
    mask[::2, ::2] = True
    found = components(mask)
    assert len(found) == (side // 2) ** 2
    assert found.boxes_n4[-1].tolist() == [side - 2, side - 2, side - 1, side - 1]
