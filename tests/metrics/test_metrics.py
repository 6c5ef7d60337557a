import numpy as np
import pytest

from ablate.metrics import Prediction, Truth, box_iou, extent, mask_iou, outcome

WH = (20, 20)


def predicted(*boxes, probability=0.9):
    """A prediction on a 20 x 20 photograph at the same resolution, foreground in the given boxes."""
    map_hw = np.zeros((20, 20), dtype=np.float32)
    for x0, y0, x1, y1 in boxes:
        map_hw[y0:y1, x0:x1] = probability
    return Prediction.of(map_hw, 0.5, WH)


def truth(*boxes):
    return Truth(np.array(boxes, dtype=float).reshape(-1, 4), WH)


def test_the_largest_component_is_scored_against_the_best_matching_box():
    values = box_iou.measure(predicted((0, 0, 4, 4), (10, 10, 18, 18)), truth((0, 0, 4, 4), (10, 10, 18, 14)))
    assert values["pred_box"] == [10, 10, 18, 18]
    assert values["score"] == pytest.approx(0.9)
    assert values["iou"] == pytest.approx(0.5)
    assert values["iou_any"] == pytest.approx(1.0)  # the small component fits its animal exactly
    assert values["iou_all"] == pytest.approx(32 / 324)


def test_nothing_found_scores_zero_and_has_no_box():
    values = box_iou.measure(predicted(), truth((0, 0, 4, 4)))
    assert (values["iou"], values["iou_any"], values["iou_all"]) == (0.0, 0.0, 0.0)
    assert values["pred_box"] is None
    assert values["score"] is None


def test_an_empty_photograph_has_no_iou():
    assert box_iou.measure(predicted((0, 0, 4, 4)), truth())["iou"] is None


def test_the_box_is_scaled_to_the_photograph():
    map_hw = np.zeros((10, 10), dtype=np.float32)
    map_hw[2:5, 1:5] = 1.0
    prediction = Prediction.of(map_hw, 0.5, (200, 100))
    assert box_iou.measure(prediction, Truth(np.zeros((0, 4)), (200, 100)))["pred_box"] == [20, 20, 100, 50]


def test_mask_iou_counts_pixels_and_is_null_without_a_mask():
    mask = np.zeros((20, 20), dtype=bool)
    mask[0:4, 0:8] = True
    assert mask_iou.measure(predicted((0, 0, 4, 4)), Truth(np.zeros((0, 4)), WH, mask))["mask_iou"] == pytest.approx(
        0.5
    )
    assert mask_iou.measure(predicted((0, 0, 4, 4)), truth())["mask_iou"] is None


def test_extent_gives_fractions_of_the_picture():
    values = extent.measure(predicted((0, 0, 2, 2), (10, 10, 14, 14)), truth())
    assert values == {"n_components": 2, "foreground": pytest.approx(20 / 400), "largest": pytest.approx(16 / 400)}


@pytest.mark.parametrize(
    ("expected", "found", "true"),
    [
        ("missed", [], [(0, 0, 4, 4)]),
        ("hit", [(0, 0, 4, 4)], [(0, 0, 4, 8)]),  # exactly 0.5
        ("fragmented", [(0, 0, 10, 3), (0, 5, 10, 7)], [(0, 0, 10, 8)]),
        ("elsewhere", [(10, 10, 14, 14)], [(0, 0, 10, 10)]),  # the boxes touch, but share no pixel
        ("oversized", [(0, 0, 12, 12)], [(0, 0, 5, 5)]),
        ("partial", [(0, 0, 3, 3)], [(0, 0, 10, 10)]),
        ("false_alarm", [(0, 0, 3, 3)], []),
        ("quiet", [], []),
    ],
)
def test_outcome_is_the_first_that_fits(expected, found, true):
    assert outcome.measure(predicted(*found), truth(*true)) == {"outcome": expected}
