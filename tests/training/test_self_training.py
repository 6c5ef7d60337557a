"""What a mean teacher tells, and what is learned of it."""

import copy

import pytest
import torch
from torch import nn

from ablate.config import TrialConfig
from ablate.training.losses import bce, guessed, loss_of
from ablate.training.mean_teacher import Apart, MeanTeacher, guesses
from ablate.training.mean_weights import MeanWeights


class Photographs:
    """Five photographs, each of one brightness: 0, 0.25, ... 1."""

    def __len__(self):
        return 5

    def batch(self, index_b, device):
        return (index_b / 4).view(-1, 1, 1, 1).expand(-1, 3, 4, 4).to(device), torch.zeros(len(index_b), 1, 4, 4)


def brightness(image_b3hw):
    return image_b3hw[:, :1]


def batch():
    return torch.rand(4, 3, 4, 4), torch.ones(4, 1, 4, 4)


def test_a_teacher_doubles_the_batch():
    teacher = MeanTeacher(Photographs(), brightness, steps=100)
    teacher.step = 50
    given = batch()
    image_b3hw, mask_b1hw = teacher(*given)
    assert torch.equal(image_b3hw[:4], given[0])
    assert torch.equal(mask_b1hw[:4], given[1])
    assert torch.equal(mask_b1hw[4:], guesses(brightness(image_b3hw[4:]), torch.tensor(1.0)))


def test_of_animal_and_of_background_the_surest_half_is_told():
    probability_b1hw = torch.linspace(0, 1, 101).view(1, 1, 1, 101)
    told = guesses(probability_b1hw, torch.tensor(0.2))
    assert (told == 1).sum() == 11  # the 10 % of the highest probability, both ends included
    assert (told == 0).sum() == 41
    assert (told[..., :41] == 0).all()
    assert (told[..., -11:] == 1).all()


def test_a_teacher_that_sees_too_many_animals_tells_no_more_of_them():
    told = guesses(torch.linspace(0.6, 1, 100).view(1, 1, 10, 10), torch.tensor(0.2))
    assert (told == 1).float().mean() <= 0.11
    assert not (told == 0).any()  # and none of them for background


def test_a_teacher_tells_nothing_before_it_has_learned():
    teacher = MeanTeacher(Photographs(), brightness, steps=100)
    teacher.step = 24
    assert (teacher(*batch())[1][4:] == -1).all()


def test_photographs_are_normalised_by_the_statistics_of_synthetic_samples_and_add_none():
    network = nn.Sequential(nn.Conv2d(3, 1, 1), nn.BatchNorm2d(1))
    alone, image_b3hw = copy.deepcopy(network), torch.rand(8, 3, 4, 4)
    found_b1hw = Apart(network)(image_b3hw)
    torch.testing.assert_close(found_b1hw[:4], alone(image_b3hw[:4]))
    torch.testing.assert_close(found_b1hw[4:], alone.eval()(image_b3hw[4:]))
    assert torch.equal(network[1].running_mean, alone[1].running_mean)
    assert network[1].training


def test_the_seed_decides_which_photographs_come():
    teacher = MeanTeacher(Photographs(), brightness, steps=4)
    given = batch()

    def drawn(seed):
        torch.manual_seed(seed)
        return torch.stack([teacher(*given)[0] for _ in range(5)])

    assert torch.equal(drawn(1), drawn(1))
    assert not torch.equal(drawn(1), drawn(2))


def test_unsure_pixels_teach_nothing_and_count_as_such():
    logits_b1hw = torch.randn(2, 1, 4, 4, requires_grad=True)
    guess_b1hw = torch.full((2, 1, 4, 4), -1.0)
    guess_b1hw[0, 0, 0] = 1.0
    loss = guessed(logits_b1hw, guess_b1hw)
    loss.backward()
    assert (logits_b1hw.grad != 0).sum() == 4
    known = bce(logits_b1hw[0, 0, 0].detach(), torch.ones(4))
    assert loss.item() == pytest.approx(known.item() * 4 / 32)


def test_an_adapted_loss_is_the_sum_of_both_halves():
    logits_b1hw, mask_b1hw = torch.randn(4, 1, 4, 4), torch.ones(4, 1, 4, 4)
    mask_b1hw[2:] = -1
    adapted = loss_of(TrialConfig(adapt="mean_teacher"))
    assert adapted(logits_b1hw, mask_b1hw) == pytest.approx(bce(logits_b1hw[:2], mask_b1hw[:2]).item())
    assert loss_of(TrialConfig())(logits_b1hw.abs(), mask_b1hw.abs()) > 0


def test_mean_weights_are_the_moving_average():
    network = nn.Sequential(nn.Linear(2, 1, bias=False), nn.BatchNorm1d(1))
    mean = MeanWeights(network, decay=0.5)
    expected = network[0].weight.detach().clone()
    for step in range(4):
        with torch.no_grad():
            network[0].weight += 1.0
            network[1].running_mean += 1.0
        mean.update(step)
        decay = min(0.5, (1 + step) / (10 + step))
        expected = decay * expected + (1 - decay) * network[0].weight.detach()
    torch.testing.assert_close(mean.network[0].weight, expected)
    assert torch.equal(mean.network[1].running_mean, network[1].running_mean)
    assert not any(one.requires_grad for one in mean.network.parameters())
