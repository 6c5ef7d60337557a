import numpy as np
import pytest
import torch

from ablate.augment.recipes import fda
from datasets.translate.fda import swap
from tests.augment.recipes import samples


@pytest.mark.parametrize("size", [(24, 17), (37, 53), (48, 48)], ids=str)
@pytest.mark.parametrize("beta", [0.001, 0.1, 0.29, 0.49])
def test_it_is_what_the_data_set_of_that_name_is_made_by(size, beta):
    photographs = samples.Photographs(1, *size)
    image_b3hw, mask_b1hw = samples.batch(1, *size)
    changed_b3hw, mask_after_b1hw = fda.build(beta, photographs)(image_b3hw, mask_b1hw)
    image_hw3, style_hw3 = (
        np.moveaxis(each[0].double().numpy(), 0, 2) for each in (image_b3hw, photographs.image_n3hw)
    )
    expected_hw3 = np.clip(swap(image_hw3, style_hw3, beta), 0, 1)
    np.testing.assert_allclose(np.moveaxis(changed_b3hw[0].numpy(), 0, 2), expected_hw3, rtol=0, atol=1e-5)
    assert mask_after_b1hw is mask_b1hw


def test_all_photographs_are_drawn():
    photographs = samples.Photographs(3)
    for index, level in enumerate((0.3, 0.5, 0.7)):
        photographs.image_n3hw[index] = level
    torch.manual_seed(0)
    changed_b3hw, _ = fda.build(1e-3, photographs)(torch.full((300, 3, 24, 17), 0.4), torch.zeros(300, 1, 24, 17))
    # Only the mean is swapped, so that it tells whose it is.
    levels, counts = changed_b3hw.mean((1, 2, 3)).mul(10).round().unique(return_counts=True)
    assert levels.tolist() == [3, 5, 7]
    assert counts.min() > 70
