"""Masks of animals: what counts as a piece of one, and how much of one is seen."""

import numpy as np

from datasets.render.placing import box_of, seen, without_specks


def test_single_hairs_are_no_pieces_of_an_animal_and_parts_behind_a_trunk_are():
    mask = np.zeros((40, 60), bool)
    mask[5:30, 5:25] = mask[5:30, 30:40] = True
    body = mask.copy()
    mask[35, 50] = mask[2, 2] = True
    assert (without_specks(mask) == body).all()
    assert (without_specks(body) == body).all()
    assert not without_specks(np.zeros((4, 4), bool)).any()


def test_the_visible_share_is_of_all_pixels_within_the_frame():
    whole = np.zeros((10, 10), bool)
    whole[2:6, 2:7] = True
    visible = whole.copy()
    visible[:, :4] = False
    assert seen(visible, whole) == 0.6
    assert seen(visible & False, whole & False) == 0
    assert box_of(visible) == (4, 2, 3, 4)
