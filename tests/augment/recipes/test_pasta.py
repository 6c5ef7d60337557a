import pytest
import torch

from ablate.augment.recipes import pasta
from tests.augment.recipes import samples


def factors(height, width, alpha, count=400):
    """What each frequency of faint noise was multiplied by; faint, since clipping would change it."""
    image_b3hw, mask_b1hw = samples.batch(1, height, width)
    faint_b3hw = (0.3 + 1e-3 * image_b3hw).double().expand(count, -1, -1, -1)
    torch.manual_seed(0)
    changed_b3hw, mask_after_b1hw = pasta.build(alpha, None)(faint_b3hw, mask_b1hw)
    assert mask_after_b1hw is mask_b1hw
    return torch.fft.fft2(changed_b3hw) / torch.fft.fft2(faint_b3hw)


def formula(height, width, alpha):
    m_h1 = torch.fft.fftfreq(height, 1 / height)[:, None]
    n_w = torch.fft.fftfreq(width, 1 / width)
    return (2 * alpha * torch.sqrt((m_h1**2 + n_w**2) / (height**2 + width**2))) ** 2 + 0.25


def opposite(of_hw):
    return of_hw.flip(-2, -1).roll((1, 1), (-2, -1))


@pytest.mark.parametrize("size", [(8, 8), (9, 7), (12, 9)], ids=str)
def test_factors_are_real_and_those_of_the_paper_s_code(size):
    """There, the real part of an image with factors e is one with the means of e(m, n) and e(-m, -n)."""
    alpha = 3.0
    factor_b3hw = factors(*size, alpha)
    assert factor_b3hw.imag.abs().max() < 1e-6
    index_hw = torch.arange(size[0] * size[1]).view(size)
    own_hw = index_hw == opposite(index_hw)
    deviation_hw = formula(*size, alpha) * torch.where(own_hw, 1, 0.5**0.5)
    ratio_hw = factor_b3hw.real.std(dim=(0, 1)) / deviation_hw
    assert 0.9 < ratio_hw.min() < ratio_hw.max() < 1.1
    offset_hw = (factor_b3hw.real.mean(dim=(0, 1)) - 1) / deviation_hw
    assert offset_hw.abs().max() < 4 / (3 * 400) ** 0.5


def test_channels_have_factors_of_their_own():
    factor_b3hw = factors(9, 8, 1.0).real[:, :, 2, 3]
    assert torch.corrcoef(factor_b3hw.T).fill_diagonal_(0).abs().max() < 0.15


def test_the_mean_changes_by_a_quarter_and_the_highest_frequency_by_alpha_squared_more():
    factor_b3hw = factors(8, 8, 3.0).real
    assert factor_b3hw[:, :, 0, 0].std() == pytest.approx(0.25, rel=0.1)
    assert factor_b3hw[:, :, 4, 4].std() == pytest.approx(9.25, rel=0.1)
