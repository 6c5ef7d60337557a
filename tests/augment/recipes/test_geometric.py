import pytest
import torch

from ablate.augment.recipes import geometric
from tests.augment.recipes import samples


def coordinates(count, side):
    """Images whose first channel is x and whose second one is y, of the pixels' centres, from 0 to 1."""
    along = (torch.arange(side) + 0.5) / side
    image_b3hw = torch.zeros(count, 3, side, side)
    image_b3hw[:, 0], image_b3hw[:, 1] = along, along[:, None]
    return image_b3hw, torch.zeros(count, 1, side, side)


def drawn(strength, count=500, side=32):
    """Scale along x and y, read from the slopes, and the shift of the centre in sides, were there no flip."""
    torch.manual_seed(0)
    image_b3hw, _ = geometric.build(strength, None)(*coordinates(count, side + 1))
    # Slopes at reflections are none; most are elsewhere.
    wide_b = 1 / (image_b3hw[:, 0].diff(dim=2).abs() * (side + 1)).flatten(1).median(1).values
    high_b = 1 / (image_b3hw[:, 1].diff(dim=1).abs() * (side + 1)).flatten(1).median(1).values
    shift_b2 = (image_b3hw[:, :2, side // 2, side // 2] - 0.5) * torch.stack([wide_b, high_b], dim=1)
    return wide_b, high_b, shift_b2.abs()


@pytest.mark.parametrize("strength", [0.1, 0.5, 1.0])
def test_scale_and_aspect_fill_their_ranges(strength):
    wide_b, high_b, _ = drawn(strength)
    for value_b, most in [((wide_b * high_b).sqrt(), 1 + 0.6 * strength), (wide_b / high_b, 1 + 0.25 * strength)]:
        inside_b = value_b.log() / torch.tensor(most).log()
        assert -1.01 <= inside_b.min() <= -0.97
        assert 0.97 <= inside_b.max() <= 1.01
        assert abs(inside_b.mean()) < 0.1


def test_the_shift_is_a_share_of_the_side():
    _, _, shift_b2 = drawn(0.5)
    assert 0.19 <= shift_b2.max() <= 0.201
    assert 0.09 <= shift_b2.mean() <= 0.11


def test_half_of_the_images_are_mirrored_left_to_right():
    image_b3hw, mask_b1hw = samples.batch(200)
    torch.manual_seed(0)
    moved_b3hw, moved_mask_b1hw = geometric.build(1e-6, None)(image_b3hw, mask_b1hw)
    mirrored_b = torch.isclose(moved_b3hw, image_b3hw.flip(-1), atol=1e-3).flatten(1).all(1)
    kept_b = torch.isclose(moved_b3hw, image_b3hw, atol=1e-3).flatten(1).all(1)
    assert (mirrored_b ^ kept_b).all()
    assert 70 <= mirrored_b.sum() <= 130
    assert torch.equal(moved_mask_b1hw[mirrored_b], mask_b1hw[mirrored_b].flip(-1))
    assert torch.equal(moved_mask_b1hw[kept_b], mask_b1hw[kept_b])


def test_the_mask_moves_with_the_image():
    _, mask_b1hw = samples.batch(50, 37, 53)
    torch.manual_seed(0)
    moved_b3hw, moved_mask_b1hw = geometric.build(1.0, None)(mask_b1hw.expand(-1, 3, -1, -1), mask_b1hw)
    # The nearest pixel and the mean of the nearest ones differ by half of one, at corners.
    assert ((moved_b3hw - moved_mask_b1hw).abs() <= 0.75).all()
    assert ((moved_b3hw[:, :1] > 0.5) == (moved_mask_b1hw > 0)).float().mean() > 0.995
    assert not torch.equal(moved_mask_b1hw, mask_b1hw)


def test_no_border_comes_into_view():
    image_b3hw, mask_b1hw = samples.batch(50)
    torch.manual_seed(0)
    moved_b3hw, moved_mask_b1hw = geometric.build(1.0, None)(0.5 + image_b3hw / 2, torch.ones_like(mask_b1hw))
    assert moved_b3hw.min() >= 0.5
    assert moved_mask_b1hw.min() == 1
