"""Losses against what can be said of them without computing them the same way."""

import math

import pytest
import torch

from ablate.training.losses import LOSSES, bce, bce_dice, dice

SURE = 20.0


@pytest.fixture
def mask_b1hw():
    mask = torch.zeros(2, 1, 8, 8)
    mask[:, :, :4] = 1.0  # half of each picture
    return mask


@pytest.mark.parametrize("name", LOSSES)
def test_a_right_answer_costs_nothing_and_a_wrong_one_most(name, mask_b1hw):
    right = (mask_b1hw * 2 - 1) * SURE
    losses = [float(LOSSES[name](logits, mask_b1hw)) for logits in (right, right * 0, -right)]
    assert losses[0] == pytest.approx(0.0, abs=1e-6)
    assert losses == sorted(losses)


def test_indifference_costs_ln_2_of_entropy_and_half_of_dice(mask_b1hw):
    logits = torch.zeros_like(mask_b1hw)
    assert float(bce(logits, mask_b1hw)) == pytest.approx(math.log(2))
    assert float(dice(logits, mask_b1hw)) == pytest.approx(1 - 33 / 65)  # 2 x 16 shared of 32 + 32, and one pixel each
    assert float(bce_dice(logits, mask_b1hw)) == pytest.approx(math.log(2) + 1 - 33 / 65)


def test_dice_is_of_each_picture_so_that_a_small_animal_counts_as_much_as_a_large_one(mask_b1hw):
    mask_b1hw[1] = 0.0
    mask_b1hw[1, 0, 0, 0] = 1.0
    logits = (mask_b1hw * 2 - 1) * SURE
    logits[1, 0, 0, 0] = -SURE  # the small one is missed
    assert float(dice(logits, mask_b1hw)) == pytest.approx((0.0 + 0.5) / 2, abs=1e-6)


@pytest.mark.parametrize("name", LOSSES)
def test_a_picture_without_an_animal_has_a_finite_loss_and_gradient(name):
    logits = torch.zeros(1, 1, 4, 4, requires_grad=True)
    loss = LOSSES[name](logits, torch.zeros(1, 1, 4, 4))
    loss.backward()
    assert math.isfinite(float(loss.detach()))
    assert bool((logits.grad > 0).all())
