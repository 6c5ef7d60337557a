import pytest
import torch

from ablate.augment.recipes import photometric
from tests.augment.recipes import samples


def changed(image_b3hw, strength=1.0):
    torch.manual_seed(0)
    return photometric.build(strength, None)(image_b3hw, torch.zeros_like(image_b3hw[:, :1]))[0]


def grey(count, side):
    return torch.full((count, 3, side, side), 0.5)


def stripes(count, side, contrast, checked):
    """Pixels of two greys in turn, along rows or along both sides."""
    along = torch.arange(side) % 2 * 2.0 - 1
    return grey(count, side) + contrast * (along * along[:, None] if checked else along)


def contrast_left(image_b3hw, pattern_hw):
    """The pattern's contrast in each image, in the mean of its channels."""
    return (image_b3hw.mean(1) * pattern_hw).mean((-2, -1)).abs()


def test_the_mask_is_untouched():
    image_b3hw, mask_b1hw = samples.batch()
    assert photometric.build(1.0, None)(image_b3hw, mask_b1hw)[1] is mask_b1hw


def test_almost_no_strength_leaves_images_as_they_are_or_grey():
    flat_b3hw = torch.tensor([0.2, 0.5, 0.9])[:, None, None].expand(200, 3, 16, 16)
    distance_b = (changed(flat_b3hw, 1e-6) - flat_b3hw).abs().flatten(1).amax(1)
    grey_b = torch.isclose(distance_b, torch.tensor(0.9 - 0.456), atol=0.01)  # its luma is 0.299 R + 0.587 G + 0.114 B
    assert 10 <= grey_b.sum() <= 30
    assert distance_b[~grey_b].max() < 0.01


def test_most_images_change_in_brightness_by_the_strength():
    for strength in (0.5, 1.0):
        factor_b = (changed(grey(300, 8), strength) / 0.5).flatten(1).median(1).values
        assert 1 - 0.62 * strength <= factor_b.min() <= 1 - 0.35 * strength
        assert 1 + 0.35 * strength <= factor_b.max() <= 1 + 0.62 * strength  # the channels' shift is 0.2 of 0.5
        assert 0.08 < (abs(factor_b - 1) < 0.02 * strength).float().mean() < 0.25


def test_channels_are_shifted_apart_in_some_images():
    mean_b3 = changed(grey(500, 32)).mean((-2, -1))
    apart_b = mean_b3.amax(1) - mean_b3.amin(1)
    assert 0.15 < apart_b.max() < 0.22
    assert 0.2 < (apart_b > 0.02).float().mean() < 0.33


def test_some_images_are_noisy_up_to_the_strength():
    for strength in (0.5, 1.0):
        deviation_b = changed(grey(300, 32), strength).std((-2, -1)).mean(1)
        assert 0.04 * strength < deviation_b.max() < 0.053 * strength
        assert 0.2 < (deviation_b > 0.004 * strength).float().mean() < 0.4


@pytest.mark.parametrize(("side", "least", "most"), [(128, 0.12, 0.3), (16, 0, 0)])
def test_some_images_are_blurred_in_proportion_to_their_side(side, least, most):
    image_b3hw = stripes(100, side, 0.2, checked=False)
    left_b = contrast_left(changed(image_b3hw), (image_b3hw[0, 0] - 0.5) / 0.2) / 0.2
    assert least <= (left_b < 0.25).float().mean() <= most


def test_some_images_lose_what_jpeg_rounds_away():
    image_b3hw = stripes(300, 16, 0.01, checked=True)
    left_b = contrast_left(changed(image_b3hw), (image_b3hw[0, 0] - 0.5) / 0.01) / 0.01
    assert 0.12 < (left_b < 0.15).float().mean() < 0.35
