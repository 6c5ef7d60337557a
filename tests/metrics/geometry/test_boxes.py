import cv2
import numpy as np
import pytest
import scipy.ndimage
import torch
import torchvision.ops

from ablate.metrics.geometry import boxes


def random_masks(count, seed):
    rng = np.random.default_rng(seed)
    for _ in range(count):
        height, width = rng.integers(1, 40, size=2)
        yield rng.random((height, width)) < rng.uniform(0.02, 0.9)


def test_components_equal_those_of_opencv():
    for mask in random_masks(3000, seed=0):
        count, _, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
        found = boxes.components(mask)
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
        found = boxes.components(mask)
        assert found.boxes_n4.tolist() == [box for _, _, box in regions]
        assert found.areas_n.tolist() == [-area for area, _, _ in regions]
        for index, (_, label, _) in enumerate(regions):
            assert np.array_equal(found.labels_hw == index + 1, labels == label)


def test_equal_components_are_ordered_by_their_first_pixel():
    mask = np.zeros((5, 9), dtype=bool)
    mask[3:5, 0] = mask[0:2, 8] = mask[2:4, 4] = True
    assert boxes.components(mask).boxes_n4[:, 0].tolist() == [8, 4, 0]


def test_an_empty_mask_has_no_components():
    found = boxes.components(np.zeros((4, 4), dtype=bool))
    assert len(found) == 0
    assert found.boxes_n4.shape == (0, 4)


def test_iou_equals_that_of_torchvision():
    rng = np.random.default_rng(2)
    corners = rng.uniform(0, 100, size=(2, 500, 2, 2))
    a, b = (np.concatenate([pair.min(axis=1), pair.max(axis=1)], axis=1) for pair in corners)
    expected = torchvision.ops.box_iou(torch.from_numpy(a), torch.from_numpy(b)).numpy()
    np.testing.assert_allclose(boxes.iou(a, b), expected, atol=1e-12)


def test_iou_of_empty_boxes_is_zero_not_nan():
    nothing = np.array([[3.0, 3.0, 3.0, 3.0]])
    assert boxes.iou(nothing, nothing).tolist() == [[0.0]]


def test_boxes_are_half_open():
    mask = np.zeros((4, 6), dtype=bool)
    mask[1, 2] = True
    assert boxes.components(mask).boxes_n4.tolist() == [[2, 1, 3, 2]]
    assert boxes.area(boxes.components(mask).boxes_n4).tolist() == [1.0]


def test_scaling_there_and_back_changes_nothing():
    box = np.array([[1.0, 2.0, 30.0, 40.0]])
    there = boxes.scale(box, (64, 64), (1024, 747))
    np.testing.assert_allclose(boxes.scale(there, (1024, 747), (64, 64)), box)
    assert there[0].tolist() == pytest.approx([16.0, 23.34375, 480.0, 466.875])


def test_coco_boxes_become_corners_and_are_clipped():
    assert boxes.from_coco([10, 20, 30, 40]).tolist() == [10, 20, 40, 60]
    assert boxes.clip(np.array([[-2.0, 5.0, 70.0, 60.0]]), (64, 48)).tolist() == [[0, 5, 64, 48]]


def test_enclosing_spans_all_boxes():
    assert boxes.enclosing(np.array([[1.0, 5, 2, 6], [0, 7, 1, 9]])).tolist() == [[0, 5, 2, 9]]
    assert boxes.enclosing(np.zeros((0, 4))).shape == (0, 4)
