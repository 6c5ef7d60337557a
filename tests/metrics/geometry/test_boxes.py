import numpy as np
import pytest
import torch
import torchvision.ops

from ablate.metrics.geometry import boxes
from ablate.metrics.geometry.components import components


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
    assert components(mask).boxes_n4.tolist() == [[2, 1, 3, 2]]
    assert boxes.area(components(mask).boxes_n4).tolist() == [1.0]


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
