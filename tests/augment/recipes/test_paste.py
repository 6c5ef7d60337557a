import pytest
import torch

from ablate.augment.recipes import paste
from tests.augment.recipes import samples

PHOTOGRAPHS = samples.Photographs()


def is_among_photographs(image_3hw):
    return (PHOTOGRAPHS.image_n3hw == image_3hw).flatten(1).all(1).any()


def test_the_animal_stays_and_what_is_beyond_its_seam_is_a_photograph():
    image_b3hw, mask_b1hw = samples.batch()
    pasted_b3hw, mask_after_b1hw = paste.build(1.0, PHOTOGRAPHS)(image_b3hw, mask_b1hw)
    assert mask_after_b1hw is mask_b1hw
    y, x = slice(24 // 4, 24 // 2), slice(17 // 4, 17 // 2)
    assert torch.equal(pasted_b3hw[:, :, y, x][..., 1:-1, 1:-1], image_b3hw[:, :, y, x][..., 1:-1, 1:-1])
    beyond_hw = torch.ones(24, 17, dtype=torch.bool)
    beyond_hw[y.start - 1 : y.stop + 1, x.start - 1 : x.stop + 1] = False
    for pasted_3hw in pasted_b3hw:
        same_n = (PHOTOGRAPHS.image_n3hw == pasted_3hw)[:, :, beyond_hw].flatten(1).all(1)
        assert same_n.sum() == 1


def test_the_seam_goes_from_one_to_the_other_in_two_pixels():
    white_b3hw, mask_b1hw = torch.ones(1, 3, 9, 9), torch.zeros(1, 1, 9, 9)
    mask_b1hw[..., :5] = 1  # reaches the border, where it isn't faded
    black = samples.Photographs(1, 9, 9)
    black.image_n3hw.zero_()
    pasted_b3hw, _ = paste.build(1.0, black)(white_b3hw, mask_b1hw)
    expected_9 = torch.tensor([1, 1, 1, 1, 2 / 3, 1 / 3, 0, 0, 0])
    torch.testing.assert_close(pasted_b3hw, expected_9.expand(1, 3, 9, 9))


def test_an_image_without_an_animal_becomes_a_photograph():
    image_b3hw, mask_b1hw = samples.batch()
    pasted_b3hw, _ = paste.build(1.0, PHOTOGRAPHS)(image_b3hw, torch.zeros_like(mask_b1hw))
    assert all(is_among_photographs(pasted_3hw) for pasted_3hw in pasted_b3hw)


@pytest.mark.parametrize(("strength", "least", "most"), [(0.25, 30, 70), (1.0, 200, 200)])
def test_the_strength_is_the_share_of_images(strength, least, most):
    image_b3hw, mask_b1hw = samples.batch(200)
    torch.manual_seed(0)
    pasted_b3hw, _ = paste.build(strength, PHOTOGRAPHS)(image_b3hw, mask_b1hw)
    assert least <= (pasted_b3hw != image_b3hw).flatten(1).any(1).sum() <= most
